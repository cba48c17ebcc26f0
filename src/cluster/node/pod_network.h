// The network of this node's pods: a bridge of the engine's networks, made when it is missing.
#pragma once

#include <string>

#include "container/network/networks.h"

namespace podo::node {

using io::Task;

inline constexpr std::string_view pod_network_name = "podo-pods";

// Its subnet. A new one is `cidr`, or, when this machine has that already (another daemon), the next one of
// the same size behind it that is free.
Task<std::string> make_pod_network(network::Networks& networks, std::string cidr);

}  // namespace podo::node
