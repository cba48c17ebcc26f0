// The scenes of policy_testing.h.
#include <netinet/in.h>

#include <algorithm>

#include "base/format/yaml.h"
#include "model/kube/path.h"
#include "traffic/policy/policy_testing.h"

namespace podo::policy {
namespace {

using json::Item;
using kube::children;
using kube::children_at;
using kube::find_at;
using kube::number_at;
using kube::text_at;

// Selectors as the API describes them: every label, and every expression.
bool selects(const Item& selector, const Item* labels) {
  const auto value_of = [&](std::string_view key) { return labels ? labels->find(key) : nullptr; };
  for (const Item& label : children_at(selector, "matchLabels")) {
    const Item* value = value_of(label.key());
    if (value == nullptr || value->string_or("") != label.string_or("")) return false;
  }
  for (const Item& expression : children_at(selector, "matchExpressions")) {
    const Item* value = value_of(text_at(expression, "key"));
    const std::string_view op = text_at(expression, "operator");
    bool among = false;
    for (const Item& one : children_at(expression, "values"))
      among = among || (value != nullptr && one.string_or("") == value->string_or(""));
    if (op == "In" && !among) return false;
    if (op == "NotIn" && among) return false;
    if (op == "Exists" && value == nullptr) return false;
    if (op == "DoesNotExist" && value != nullptr) return false;
  }
  return true;
}

std::string_view protocol_name(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP    ? "TCP"
         : protocol == IPPROTO_UDP  ? "UDP"
         : protocol == IPPROTO_SCTP ? "SCTP"
                                    : "";
}

std::string_view protocol_at(const Item& port) {
  const std::string_view name = text_at(port, "protocol");
  return name.empty() ? "TCP" : name;
}

bool has_named_port(const Item& pod, std::string_view name, const Connection& connection) {
  for (const Item& container : children_at(pod, "spec.containers"))
    for (const Item& port : children_at(container, "ports"))
      if (text_at(port, "name") == name && protocol_at(port) == protocol_name(connection.protocol))
        return number_at(port, "containerPort") == connection.port;
  return false;
}

bool in_prefix(std::string_view prefix, const IpAddress& address) {
  return IpPrefix::parse(prefix)->contains(address);
}

bool takes_part(const Item& pod) {
  const std::string_view phase = text_at(pod, "status.phase");
  return !kube::is_true_at(pod, "spec.hostNetwork") && phase != "Succeeded" && phase != "Failed";
}

bool has_type(const Item& policy, std::string_view type) {
  for (const Item& each : children_at(policy, "spec.policyTypes"))
    if (each.string_or("") == type) return true;
  if (kube::size_at(policy, "spec.policyTypes") > 0) return false;
  return type == "Ingress" || kube::size_at(policy, "spec.egress") > 0;
}

}  // namespace

std::string Connection::to_text() const {
  return text("{} -> {} {} {}", from.to_text(), to.to_text(), protocol_name(protocol), port);
}

Scene Scene::of(std::string_view yaml) {
  Scene scene;
  json::Item& metadata = scene.kube_dns.root().member("metadata");
  metadata.member("namespace").set_string("kube-system");
  metadata.member("labels").member("k8s-app").set_string("kube-dns");
  const auto documents = yaml::to_json(yaml);
  REQUIRE_MESSAGE(documents.has_value(), (documents ? "" : documents.error().message()));
  for (const std::string& document : *documents) {
    json::Tree tree = *json::Tree::parse(document);
    const std::string_view kind = text_at(tree.root(), "kind");
    if (kind == "Namespace") scene.name_spaces.push_back(std::move(tree));
    else if (kind == "Pod") scene.pods.push_back(std::move(tree));
    else scene.policies.push_back(std::move(tree));
  }
  return scene;
}

PolicyWorld Scene::world() const {
  PolicyWorld world;
  for (const json::Tree& tree : policies) {
    auto policy = read_policy(tree.root());
    REQUIRE_MESSAGE(policy.has_value(), (policy ? "" : policy.error().message()));
    std::string name = text("{}/{}", policy->name_space, policy->name);
    world.policies.emplace(std::move(name), *std::move(policy));
  }
  for (const json::Tree& tree : pods)
    if (auto pod = read_pod(tree.root())) {
      pod->uid = text("{}/{}", pod->name_space, pod->name);
      pod->here = pod->node == node;
      std::string uid = pod->uid;
      world.pods.emplace(std::move(uid), *std::move(pod));
    }
  for (const json::Tree& tree : name_spaces)
    world.name_spaces.emplace(text_at(tree.root(), "metadata.name"),
                              kube::labels_of(find_at(tree.root(), "metadata.labels")));
  return world;
}

std::string Scene::to_text() const {
  std::string out;
  for (const auto* trees : {&name_spaces, &pods, &policies})
    for (const json::Tree& tree : *trees) out += tree.to_text() + "\n";
  return out;
}

const Item* Scene::pod_at(const IpAddress& address) const {
  for (const json::Tree& pod : pods)
    for (const Item& ip : children_at(pod.root(), "status.podIPs"))
      if (takes_part(pod.root()) && *IpAddress::parse(text_at(ip, "ip")) == address) return &pod.root();
  return nullptr;
}

bool Scene::allows(const Connection& connection) const {
  const Item* source = pod_at(connection.from);
  const Item* target = pod_at(connection.to);
  if (source != nullptr && source == target) return true;
  const auto is_here = [&](const Item* pod) {
    return pod != nullptr && text_at(*pod, "spec.nodeName") == node;
  };
  return (!is_here(source) || direction_allows(*source, true, connection)) &&
         (!is_here(target) || direction_allows(*target, false, connection));
}

bool Scene::direction_allows(const Item& subject, bool egress, const Connection& connection) const {
  bool selected = false;
  for (const json::Tree& tree : policies) {
    const Item& policy = tree.root();
    if (text_at(policy, "metadata.namespace") != text_at(subject, "metadata.namespace")) continue;
    if (!has_type(policy, egress ? "Egress" : "Ingress")) continue;
    if (!selects(kube::part_at(policy, "spec.podSelector"), find_at(subject, "metadata.labels"))) continue;
    selected = true;
    for (const Item& rule : children_at(policy, egress ? "spec.egress" : "spec.ingress"))
      if (rule_allows(rule, policy, egress, connection)) return true;
  }
  return !selected;
}

bool Scene::is_dns(const Connection& connection) const {
  return std::ranges::contains(dns, connection.to) && connection.port == 53 &&
         (connection.protocol == IPPROTO_TCP || connection.protocol == IPPROTO_UDP);
}

bool Scene::rule_allows(const Item& rule, const Item& policy, bool egress,
                        const Connection& connection) const {
  bool peer = kube::size_at(rule, egress ? "to" : "from") == 0;
  for (const Item& each : children_at(rule, egress ? "to" : "from"))
    peer = peer || peer_is(each, policy, egress, connection);
  bool port = kube::size_at(rule, "ports") == 0;
  for (const Item& each : children_at(rule, "ports")) {
    const Item* number = find_at(each, "port");
    if (number != nullptr && number->is(json::Kind::string)) {
      const Item* pod = pod_at(connection.to);
      port = port || (pod != nullptr && has_named_port(*pod, number->string(), connection)) ||
             (is_dns(connection) &&
              number->string() == (connection.protocol == IPPROTO_UDP ? "dns" : "dns-tcp") &&
              protocol_at(each) == protocol_name(connection.protocol));
      continue;
    }
    if (protocol_at(each) != protocol_name(connection.protocol)) continue;
    const std::int64_t first = number_at(each, "port"), last = std::max(first, number_at(each, "endPort"));
    port = port || number == nullptr || (first <= connection.port && connection.port <= last);
  }
  return peer && port;
}

const Item* Scene::labels_of_name_space(std::string_view name) const {
  for (const json::Tree& each : name_spaces)
    if (text_at(each.root(), "metadata.name") == name) return find_at(each.root(), "metadata.labels");
  return nullptr;
}

bool Scene::peer_is(const Item& peer, const Item& policy, bool egress, const Connection& connection) const {
  const IpAddress& address = egress ? connection.to : connection.from;
  if (const Item* block = find_at(peer, "ipBlock")) {
    bool in = in_prefix(text_at(*block, "cidr"), address);
    for (const Item& part : children_at(*block, "except")) in = in && !in_prefix(part.string_or(""), address);
    return in;
  }
  const Item* pod = egress && is_dns(connection) ? &kube_dns.root() : pod_at(address);
  if (pod == nullptr) return false;
  const std::string_view name_space = text_at(*pod, "metadata.namespace");
  const Item *by_name_space = find_at(peer, "namespaceSelector"), *by_pod = find_at(peer, "podSelector");
  if (by_name_space == nullptr && name_space != text_at(policy, "metadata.namespace")) return false;
  if (by_name_space != nullptr && !selects(*by_name_space, labels_of_name_space(name_space))) return false;
  return by_pod == nullptr || selects(*by_pod, find_at(*pod, "metadata.labels"));
}

bool lets_through(const PolicyRules& rules, const Connection& connection) {
  if (connection.from == connection.to) return true;
  const auto group_allows = [&](const std::string& group, const IpAddress& peer) {
    return std::ranges::any_of(rules.groups.at(group), [&](const Allow& allow) {
      const bool port = allow.ports.empty() || std::ranges::any_of(allow.ports, [&](const PortRange& range) {
                          return range.protocol == connection.protocol && range.first <= connection.port &&
                                 connection.port <= range.last;
                        });
      if (!port || allow.peers.empty()) return port;
      const Peers& peers = rules.peers.at(allow.peers);
      return std::ranges::binary_search(peers.addresses, peer) ||
             std::ranges::any_of(peers.ranges,
                                 [&](const AddressRange& range) { return range.contains(peer); });
    });
  };
  const auto egress = rules.egress.find(connection.from), ingress = rules.ingress.find(connection.to);
  return (egress == rules.egress.end() || group_allows(egress->second, connection.to)) &&
         (ingress == rules.ingress.end() || group_allows(ingress->second, connection.from));
}

}  // namespace podo::policy
