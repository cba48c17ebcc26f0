// Scenes for tests: policies, pods and namespaces as objects of the API, and an oracle that decides from
// those objects alone, connection by connection, straight from what the API says. It shares nothing with the
// plan: neither selectors nor ranges.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/core/random.h"
#include "base/format/json_tree.h"
#include "traffic/policy/policy_plan.h"

namespace podo::policy {

struct Connection {
  IpAddress from, to;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;
  std::string to_text() const;
};

struct Scene {
  std::vector<json::Tree> policies, pods, name_spaces;
  std::vector<IpAddress> dns;
  json::Tree kube_dns;  // the pod that the DNS server is to policies
  std::string node = "here";

  // YAML, one document an object, of any of the three kinds.
  static Scene of(std::string_view yaml);
  PolicyWorld world() const;
  std::string to_text() const;
  bool allows(const Connection& connection) const;  // the oracle

 private:
  const json::Item* pod_at(const IpAddress& address) const;
  bool direction_allows(const json::Item& subject, bool egress, const Connection& connection) const;
  bool rule_allows(const json::Item& rule, const json::Item& policy, bool egress,
                   const Connection& connection) const;
  bool peer_is(const json::Item& peer, const json::Item& policy, bool egress,
               const Connection& connection) const;
  bool is_dns(const Connection& connection) const;
  const json::Item* labels_of_name_space(std::string_view name) const;
};

// What the rules, as a value, make of a connection.
bool lets_through(const PolicyRules& rules, const Connection& connection);

// Pods: 10.9.0.N and fd00:9::N here, 10.9.1.N and fd00:9:1::N elsewhere.
struct SceneWish {
  int policies = 4, pods = 6, pods_elsewhere = 2;
  bool odd_pods = true;  // also of the host's network, and ended ones
};
Scene random_scene(Random& random, const SceneWish& wish);
inline const std::vector<std::uint16_t> scene_ports = {53, 80, 81, 8080};
inline IpAddress address_of(std::string_view words) { return *IpAddress::parse(words); }

}  // namespace podo::policy
