// Endpoints (core/v1): all addresses of a Service in one object, as older clients want it. Those that have
// the same ports stand in one subset. Up to 1000 addresses; then it says that it is truncated.
#pragma once

#include "cluster/endpoints/service_backends.h"

namespace podo::controllers {

inline constexpr std::string_view endpoints_managed_by = "endpoints.kubernetes.io/managed-by",
                                  endpoints_controller = "endpoint-controller";

// `there`: null when there is none. Absent: nothing to write.
std::optional<Write> plan_endpoints(const ServiceInput& in, const json::Item* there);

}  // namespace podo::controllers
