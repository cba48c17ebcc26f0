#include "traffic/services/balancer_plan.h"

#include <netinet/in.h>

#include <algorithm>

#include "model/kube/path.h"

namespace podo::services {
namespace {

using kube::children_at;
using kube::text_at;

constexpr std::string_view exclude_label = "node.kubernetes.io/exclude-from-external-load-balancers";

// What each port of the nodes is for.
using Taken = std::map<BalancedPort, std::string>;

std::string problem_of(const BalancedService& service, const Taken& taken) {
  for (const BalancedPort& port : service.ports)
    if (const auto by = taken.find(port); by != taken.end())
      return text("port {}/{} is taken by {}", port.port, name_of_protocol(port.protocol), by->second);
  return {};
}

std::vector<const BalancerNode*> nodes_for(const std::string& key, const BalancedService& service,
                                           const BalancerInput& in) {
  std::vector<const BalancerNode*> nodes;
  for (const auto& [name, node] : in.nodes) nodes.push_back(&node);
  const auto prefer = [&](auto fits) {  // none fits: all
    if (std::ranges::any_of(nodes, fits))
      std::erase_if(nodes, [&](const BalancerNode* n) { return !fits(n); });
  };
  prefer([](const BalancerNode* node) { return node->ready; });
  if (service.outside_local)
    prefer([with = in.nodes_with_ready(key)](const BalancerNode* node) { return with.contains(node->name); });
  return nodes;
}

std::vector<std::string> addresses_for(const std::string& key, const BalancedService& service,
                                       const BalancerInput& in) {
  std::vector<std::string> addresses;
  for (const bool v6 : service.families)
    for (const BalancerNode* node : nodes_for(key, service, in))
      for (const IpAddress& address : node->addresses)
        if (address.is_v6() == v6) addresses.push_back(address.to_text());
  return addresses;
}

}  // namespace

std::optional<BalancedService> balanced_of(const json::Item& object) {
  BalancedService service;
  service.rank = {std::string(text_at(object, "metadata.creationTimestamp")),
                  text("{}/{}", text_at(object, "metadata.namespace"), text_at(object, "metadata.name"))};
  service.uid = text_at(object, "metadata.uid");
  service.wanted = text_at(object, "spec.type") == "LoadBalancer";
  if (!text_at(object, "spec.loadBalancerClass").empty()) return std::nullopt;
  for (const json::Item& ingress : children_at(object, "status.loadBalancer.ingress")) {
    const std::string_view ip = text_at(ingress, "ip");
    service.ingress.emplace_back(!ip.empty() ? ip : text_at(ingress, "hostname"));
  }
  if (!service.wanted) return service.ingress.empty() ? std::nullopt : std::optional(std::move(service));
  service.outside_local = text_at(object, "spec.externalTrafficPolicy") == "Local";
  for (const json::Item& family : children_at(object, "spec.ipFamilies"))
    service.families.push_back(family.string_or("") == "IPv6");
  if (service.families.empty()) service.families.push_back(text_at(object, "spec.clusterIP").contains(':'));
  for (const json::Item& port : children_at(object, "spec.ports"))
    for (const bool v6 : service.families)
      service.ports.push_back({v6, protocol_named(text_at(port, "protocol")),
                               static_cast<std::uint16_t>(kube::number_at(port, "port"))});
  return service;
}

std::optional<BalancerNode> balancer_node_of(const json::Item& object) {
  if (kube::part_at(object, "metadata.labels").find(exclude_label) != nullptr ||
      kube::find_at(object, "metadata.deletionTimestamp") != nullptr)
    return std::nullopt;
  BalancerNode node{.name = std::string(text_at(object, "metadata.name")), .addresses = {}};
  for (const json::Item& address : children_at(object, "status.addresses"))
    if (text_at(address, "type") == "InternalIP")
      if (const auto ip = IpAddress::parse(text_at(address, "address"))) node.addresses.push_back(*ip);
  for (const json::Item& condition : children_at(object, "status.conditions"))
    if (text_at(condition, "type") == "Ready") node.ready = text_at(condition, "status") == "True";
  return node;
}

std::vector<BalancerWish> plan_balancer(const BalancerInput& in) {
  std::vector<std::pair<Rank, std::string>> by_age;
  for (const auto& [key, service] : in.services) by_age.emplace_back(service.rank, key);
  std::ranges::sort(by_age);
  Taken taken;
  for (const std::uint16_t port : in.reserved)
    for (const bool v6 : {false, true}) taken[{v6, IPPROTO_TCP, port}] = "the API server";
  std::vector<BalancerWish> wishes;
  for (const auto& [rank, key] : by_age) {
    const BalancedService& service = in.services.at(key);
    BalancerWish& wish = wishes.emplace_back(BalancerWish{key, {}});
    if (!service.wanted) continue;
    wish.problem = problem_of(service, taken);
    if (!wish.problem.empty()) continue;
    for (const BalancedPort& port : service.ports) taken[port] = key;
    wish.ingress = addresses_for(key, service, in);
  }
  return wishes;
}

}  // namespace podo::services
