// The ports of a container as `podo ps` shows them: "0.0.0.0:8080->80/tcp, 9000-9002/udp".
#pragma once

#include <string>

#include "base/format/json.h"

namespace podo::cli {

// `ports` are {"IP", "PrivatePort", "PublicPort", "Type"}. What is published at its own number is put
// together to ranges, as are ports that are only exposed.
std::string port_list(json::Value ports);

}  // namespace podo::cli
