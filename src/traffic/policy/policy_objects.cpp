#include "traffic/policy/policy_objects.h"

#include <netinet/in.h>

#include <algorithm>

#include "model/kube/path.h"

namespace podo::policy {
namespace {

using json::Item;
using kube::children_at;
using kube::number_at;
using kube::text_at;

std::uint8_t protocol_of(std::string_view name) {
  return name == "UDP" ? IPPROTO_UDP : name == "SCTP" ? IPPROTO_SCTP : IPPROTO_TCP;
}

Result<std::optional<kube::LabelSelector>> selector_at(const Item& peer, std::string_view field) {
  const Item* selector = kube::find_at(peer, field);
  if (selector == nullptr) return std::nullopt;
  return TRY(kube::LabelSelector::of(selector));
}

Result<PolicyPeer> read_peer(const Item& peer) {
  PolicyPeer read{.pods = TRY(selector_at(peer, "podSelector")),
                  .name_spaces = TRY(selector_at(peer, "namespaceSelector"))};
  if (kube::find_at(peer, "ipBlock") == nullptr) {
    if (!read.pods && !read.name_spaces) return invalid("a peer that says nothing");
    return read;
  }
  read.block = TRY(IpPrefix::parse(text_at(peer, "ipBlock.cidr")));
  for (const Item& part : children_at(peer, "ipBlock.except"))
    read.except.push_back(TRY(IpPrefix::parse(part.string_or(""))));
  return read;
}

PolicyPort read_port(const Item& port) {
  PolicyPort read{.protocol = protocol_of(text_at(port, "protocol"))};
  const Item* number = kube::find_at(port, "port");
  if (number == nullptr) return read;
  read.name = number->string_or("");
  if (!read.name.empty()) return read;
  const std::int64_t first = number_at(port, "port"), last = number_at(port, "endPort");
  read.first = static_cast<std::uint16_t>(first);
  read.last = static_cast<std::uint16_t>(std::max(first, last));
  return read;
}

Result<std::vector<PolicyRule>> read_rules(const Item& spec, std::string_view direction,
                                           std::string_view peers) {
  std::vector<PolicyRule> rules;
  for (const Item& rule : children_at(spec, direction)) {
    PolicyRule& read = rules.emplace_back();
    for (const Item& peer : children_at(rule, peers)) read.peers.push_back(TRY(read_peer(peer)));
    for (const Item& port : children_at(rule, "ports")) read.ports.push_back(read_port(port));
  }
  return rules;
}

// Of containers that go on: the pod's own, and those first ones that stay beside them.
void read_ports(const Item& pod, std::string_view containers, std::vector<NamedPort>& ports) {
  for (const Item& container : children_at(pod, containers)) {
    if (containers == "spec.initContainers" && text_at(container, "restartPolicy") != "Always") continue;
    for (const Item& port : children_at(container, "ports"))
      if (const std::string_view name = text_at(port, "name"); !name.empty())
        ports.push_back({std::string(name), protocol_of(text_at(port, "protocol")),
                         static_cast<std::uint16_t>(number_at(port, "containerPort"))});
  }
}

std::vector<IpAddress> read_addresses(const Item& pod) {
  std::vector<IpAddress> addresses;
  const auto add = [&](std::string_view words) {
    if (const auto address = IpAddress::parse(words); address && !std::ranges::contains(addresses, *address))
      addresses.push_back(*address);
  };
  for (const Item& address : children_at(pod, "status.podIPs")) add(text_at(address, "ip"));
  add(text_at(pod, "status.podIP"));
  return addresses;
}

std::string_view uid_of(const Item& pod) {
  const Item* annotations = kube::find_at(pod, "metadata.annotations");  // keys with dots: no path
  const Item* shown = annotations != nullptr ? annotations->find("kubernetes.io/config.mirror") : nullptr;
  return shown != nullptr ? shown->string_or("") : text_at(pod, "metadata.uid");
}

}  // namespace

const NamedPort* PolicyPod::find_port(std::string_view port, std::uint8_t protocol) const {
  const auto found = std::ranges::find_if(
      ports, [&](const NamedPort& named) { return named.name == port && named.protocol == protocol; });
  return found != ports.end() ? &*found : nullptr;
}

Result<Policy> read_policy(const Item& object) {
  Policy policy{.name_space = std::string(text_at(object, "metadata.namespace")),
                .name = std::string(text_at(object, "metadata.name"))};
  const Item& spec = kube::part_at(object, "spec");
  if (auto pods = TRY(selector_at(spec, "podSelector"))) policy.pods = *std::move(pods);
  bool ingress = false, egress = false;
  for (const Item& type : children_at(spec, "policyTypes"))
    (type.string_or("") == "Egress" ? egress : ingress) = true;
  if (!ingress && !egress) {  // the API server says it; who does not is taken as it would be
    ingress = true;
    egress = kube::size_at(spec, "egress") > 0;
  }
  if (ingress) policy.ingress = TRY(read_rules(spec, "ingress", "from"));
  if (egress) policy.egress = TRY(read_rules(spec, "egress", "to"));
  return policy;
}

std::optional<PolicyPod> read_pod(const Item& object) {
  if (kube::is_true_at(object, "spec.hostNetwork")) return std::nullopt;
  const std::string_view phase = text_at(object, "status.phase");
  PolicyPod pod{.uid = std::string(uid_of(object)),
                .name_space = std::string(text_at(object, "metadata.namespace")),
                .name = std::string(text_at(object, "metadata.name")),
                .node = std::string(text_at(object, "spec.nodeName")),
                .labels = kube::labels_of(kube::find_at(object, "metadata.labels")),
                .addresses = read_addresses(object),
                .ended = phase == "Succeeded" || phase == "Failed"};
  read_ports(object, "spec.containers", pod.ports);
  read_ports(object, "spec.initContainers", pod.ports);
  return pod;
}

}  // namespace podo::policy
