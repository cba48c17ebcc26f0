// Which addresses Services of type LoadBalancer have when the nodes themselves are the balancer: those of the
// nodes, as small clusters without a cloud do it. Pure.
//
// A port of the nodes has one Service: the older one gets it, the other waits. Policy Local: only nodes that
// have a ready endpoint, as long as there is one.
#pragma once

#include <functional>
#include <set>

#include "traffic/services/build_table.h"

namespace podo::services {

struct BalancedPort {
  bool v6 = false;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;
  auto operator<=>(const BalancedPort&) const = default;
};

struct BalancedService {
  Rank rank;
  std::string uid;
  bool wanted = false;  // a LoadBalancer of no class; else one that has been, and has addresses still
  bool outside_local = false;
  std::vector<bool> families;  // v6?
  std::vector<BalancedPort> ports;
  std::vector<std::string> ingress;  // what its status says: addresses or names
  bool operator==(const BalancedService&) const = default;
};
// Absent: nothing is to be done about it, or somebody else does it (loadBalancerClass).
std::optional<BalancedService> balanced_of(const json::Item& service);

struct BalancerNode {
  std::string name;
  std::vector<IpAddress> addresses;  // its InternalIPs
  bool ready = false;
  bool operator==(const BalancerNode&) const = default;
};
// Absent: it does not want to balance, or is about to go.
std::optional<BalancerNode> balancer_node_of(const json::Item& node);

struct BalancerInput {
  const std::map<std::string, BalancedService>& services;
  const std::map<std::string, BalancerNode>& nodes;
  const std::set<std::uint16_t>& reserved;  // TCP ports of the nodes that are no Service's: the API server's
  std::function<std::set<std::string>(const std::string& service)> nodes_with_ready;
};
struct BalancerWish {
  std::string service;
  std::vector<std::string> ingress;
  std::string problem = {};  // why it has none, for an Event: "port 80/TCP is taken by default/web"
};
std::vector<BalancerWish> plan_balancer(const BalancerInput& in);  // of every one of in.services

}  // namespace podo::services
