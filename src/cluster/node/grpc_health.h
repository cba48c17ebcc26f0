// The gRPC health check (grpc.health.v1.Health/Check) of a server in a container: one call over HTTP/2 in
// the clear, on a connection of its own.
//
//   call    := HEADERS(POST /grpc.health.v1.Health/Check, content-type application/grpc) DATA(message)
//   message := compressed:u8(0) size:u32be protobuf      request { service: string = 1 }
//   answer  := HEADERS DATA(message) HEADERS(grpc-status)  response { status: enum = 1 }, SERVING = 1
#pragma once

#include "cluster/node/actions.h"

namespace podo::node {

Task<Outcome> ask_health(ActionGround ground, std::string host, std::uint16_t port, std::string service,
                         Duration within);

}  // namespace podo::node
