// A published port as records of the engine keep it: of a container, of a sandbox.
//
//   port := {"protocol", "port", "ip", "first", "last", "host_port"}
#pragma once

#include "base/format/json.h"
#include "container/network/networks.h"

namespace podo::engine {

void encode_port(json::Writer& out, const network::PublishedPort& port);
Result<network::PublishedPort> decode_port(json::Field field);

}  // namespace podo::engine
