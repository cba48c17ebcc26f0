// The controllers of EndpointSlices and Endpoints: where the pods of a Service are reached.
#pragma once

#include "cluster/control/controller.h"

namespace podo::controllers {

std::unique_ptr<Controller> make_endpoint_slice_controller(World& world);
std::unique_ptr<Controller> make_endpoints_controller(World& world);
std::unique_ptr<Controller> make_endpoint_slice_mirroring_controller(World& world);

}  // namespace podo::controllers
