// The network of this node's pods: a routed bridge network of the engine's, made when it is missing. Both
// families where the kernel has IPv6, IPv4 alone where it has not.
#pragma once

#include <string>
#include <vector>

#include "base/core/ip_address.h"
#include "base/io/blocking_pool.h"
#include "container/network/networks.h"

namespace podo::node {

using io::Task;

inline constexpr std::string_view pod_network_name = network::pods_network;

struct PodNetworkWish {
  // Of a new one; when this machine has that already (another daemon), the next one of the same size behind
  // it that is free.
  std::string cidr = "10.244.0.0/24";
  // Of Services: what this machine itself sends there takes the bridge's address, and needs no default route.
  std::vector<IpPrefix> service_ranges = {};
};

struct PodNetwork {
  std::string bridge;
  std::vector<IpPrefix> cidrs;       // IPv4 first
  std::vector<IpAddress> addresses;  // of the bridge, in each of them: pods' way out
};

Task<PodNetwork> make_pod_network(network::Networks& networks, io::BlockingPool& pool, PodNetworkWish wish);

}  // namespace podo::node
