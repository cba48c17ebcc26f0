// Services: what was allocated stays with them as long as their type needs it.
#include <algorithm>
#include <vector>

#include "model/strategy/parts.h"

namespace podo::strategy {
namespace {

using kube::number_at;
using kube::text_at;

std::string_view type_of(const Item& service) { return text_at(service, "spec.type"); }

bool has_cluster_ip(const Item& service) { return type_of(service) != "ExternalName"; }

bool has_node_ports(const Item& service) {
  const std::string_view type = type_of(service);
  if (type == "NodePort") return true;
  const Item* allocate = service.find("spec", "allocateLoadBalancerNodePorts");
  return type == "LoadBalancer" && (allocate == nullptr || allocate->boolean());
}

bool has_health_port(const Item& service) {
  return type_of(service) == "LoadBalancer" && text_at(service, "spec.externalTrafficPolicy") == "Local";
}

bool is_balanced(const Item& service) { return type_of(service) == "LoadBalancer"; }

bool has_external_policy(const Item& service) {
  const std::string_view type = type_of(service);
  return type == "NodePort" || type == "LoadBalancer" ||
         (type == "ClusterIP" && kube::size_at(service, "spec.externalIPs") != 0);
}

bool same_spec(const Item& a, const Item& b, std::string_view key) {
  return same_part(a.find("spec", key), b.find("spec", key));
}

void keep_if_unset(Item& spec, const Item& old_spec, std::string_view key) {
  const Item* now = spec.find(key);
  const bool unset = now == nullptr || (now->is(json::Kind::array) && now->size() == 0) ||
                     now->is(json::Kind::null) || (now->is(json::Kind::string) && now->string().empty());
  if (unset && old_spec.find(key) != nullptr) take_over(spec, old_spec, key);
}

// A port without a node port gets the one that the same port and protocol had, unless it is used again.
void keep_node_ports(Item& spec, const Item& old) {
  Item* ports = spec.find("ports");
  if (ports == nullptr) return;
  std::vector<std::int64_t> used;
  for (const Item& port : kube::children(ports)) used.push_back(number_at(port, "nodePort"));
  for (Item* port = ports->first(); port != nullptr; port = port->next()) {
    if (number_at(*port, "nodePort") != 0) continue;
    for (const Item& before : kube::children_at(old, "spec.ports")) {
      const std::int64_t had = number_at(before, "nodePort");
      const bool same = number_at(before, "port") == number_at(*port, "port") &&
                        text_at(before, "protocol") == text_at(*port, "protocol");
      if (!same || had == 0 || std::ranges::find(used, had) != used.end()) continue;
      port->member("nodePort").set_number(had);
      used.push_back(had);
      break;
    }
  }
}

void keep_allocated(Item& service, const Item& old) {
  Item& spec = service.member("spec");
  const Item& old_spec = kube::part_at(old, "spec");
  if (has_cluster_ip(old) && has_cluster_ip(service)) {
    keep_if_unset(spec, old_spec, "clusterIP");
    if (text_at(spec, "clusterIP") == text_at(old_spec, "clusterIP"))
      keep_if_unset(spec, old_spec, "clusterIPs");
    keep_if_unset(spec, old_spec, "ipFamilyPolicy");
    keep_if_unset(spec, old_spec, "ipFamilies");
  }
  if (has_node_ports(old) && has_node_ports(service)) keep_node_ports(spec, old);
  if (has_health_port(old) && has_health_port(service)) keep_if_unset(spec, old_spec, "healthCheckNodePort");
}

// clusterIP and the first of clusterIPs are one value: who set one of them meant both.
void agree_on_cluster_ips(Item& service, const Item* old) {
  const std::string_view ip = text_at(service, "spec.clusterIP");
  const bool same_list = old != nullptr && same_spec(service, *old, "clusterIPs");
  const std::string_view before = old == nullptr ? std::string_view() : text_at(*old, "spec.clusterIP");
  Item& spec = service.member("spec");
  if (ip.empty()) {
    if (!before.empty() && same_list) spec.remove("clusterIPs");
  } else if (kube::size_at(service, "spec.clusterIPs") == 0 || (same_list && ip != before)) {
    const std::string kept(ip);
    Item& list = spec.member("clusterIPs");
    list.set_array();
    list.append().set_string(kept);
  }
}

bool same_node_ports(const Item& service, const Item& old) {
  const Item* a = kube::part_at(service, "spec.ports").first();
  const Item* b = kube::part_at(old, "spec.ports").first();
  for (; a != nullptr && b != nullptr; a = a->next(), b = b->next()) {
    if (number_at(*a, "nodePort") != number_at(*b, "nodePort")) return false;
  }
  return a == b;
}

// What the new type has no place for goes, if it is only there because it was there before.
void drop_what_type_lacks(Item& service, const Item& old) {
  using Has = bool (*)(const Item&);
  struct Dependent {
    Has has;
    std::string_view key;
  };
  constexpr Dependent dependent[] = {
      {has_cluster_ip, "clusterIP"},
      {has_cluster_ip, "clusterIPs"},
      {has_cluster_ip, "ipFamilies"},
      {has_cluster_ip, "ipFamilyPolicy"},
      {is_balanced, "loadBalancerClass"},
      {is_balanced, "allocateLoadBalancerNodePorts"},
      {has_health_port, "healthCheckNodePort"},
      {has_external_policy, "externalTrafficPolicy"},
  };
  Item& spec = service.member("spec");
  const bool node_ports_go = has_node_ports(old) && !has_node_ports(service) && same_node_ports(service, old);
  for (const auto& [has, key] : dependent) {
    if (has(old) && !has(service) && same_spec(service, old, key)) spec.remove(key);
  }
  Item* ports = node_ports_go ? spec.find("ports") : nullptr;
  for (Item* port = ports ? ports->first() : nullptr; port != nullptr; port = port->next())
    port->remove("nodePort");
}

}  // namespace

void create_service(Item& service) { agree_on_cluster_ips(service, nullptr); }

void update_service(Item& service, const Item& old) {
  keep_allocated(service, old);
  agree_on_cluster_ips(service, &old);
  drop_what_type_lacks(service, old);
}

}  // namespace podo::strategy
