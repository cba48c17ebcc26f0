#include "traffic/policy/policy_plan.h"

#include <netinet/in.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>

namespace podo::policy {
namespace {

enum class Direction : std::uint8_t { ingress, egress };

constexpr std::uint16_t dns_port = 53;
constexpr std::string_view dns_peers = "dns";

std::string_view name_of_protocol(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "sctp";
}

// What the peers of one set may: ports, or everything.
struct Ports {
  bool all = false;
  std::vector<PortRange> ranges;
};

std::vector<PortRange> merged(std::vector<PortRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<PortRange> out;
  for (const PortRange& range : ranges) {
    if (!out.empty() && out.back().protocol == range.protocol && range.first <= out.back().last + 1)
      out.back().last = std::max(out.back().last, range.last);
    else out.push_back(range);
  }
  return out;
}

bool has(const Ports& ports, std::uint8_t protocol, std::uint16_t port) {
  return ports.all || std::ranges::any_of(ports.ranges, [&](const PortRange& range) {
           return range.protocol == protocol && range.first <= port && port <= range.last;
         });
}

std::vector<Allow> allows_of(const std::map<std::string, Ports>& ports_of) {
  if (const auto whoever = ports_of.find(""); whoever != ports_of.end() && whoever->second.all)
    return {Allow{}};
  std::vector<Allow> allows;
  for (const auto& [peers, ports] : ports_of)
    allows.push_back({peers, ports.all ? std::vector<PortRange>() : merged(ports.ranges)});
  return allows;
}

std::string name_of_selector(const std::optional<kube::LabelSelector>& selector) {
  return !selector || selector->empty() ? "*" : selector->text();
}

std::string name_of_peer(const PolicyPeer& peer, const Policy& policy) {
  if (!peer.block)
    return text("pods {} of {}", name_of_selector(peer.pods),
                peer.name_spaces ? text("namespaces {}", name_of_selector(peer.name_spaces))
                                 : text("namespace {}", policy.name_space));
  std::string name = text("block {}", peer.block.network().to_text());
  for (const IpPrefix& part : peer.except) name += text(" without {}", part.network().to_text());
  return name;
}

// Pods of a namespace. Whom a selector means is looked for among those that have one of its labels: what a
// plan costs grows with what is selected, not with policies times pods.
class PodIndex {
 public:
  void add(const PolicyPod& pod) { all_.push_back(&pod); }
  const std::vector<const PolicyPod*>& all() const { return all_; }

  template <class Each>
  void each(const kube::LabelSelector& selector, const Each& each) {
    for (const PolicyPod* pod : candidates(selector))
      if (selector.matches(pod->labels)) each(*pod);
  }

 private:
  using Pods = std::vector<const PolicyPod*>;

  const Pods& candidates(const kube::LabelSelector& selector) {
    static constexpr auto is_exact = [](const kube::Requirement& one) {
      return (one.op == kube::Operator::equals || one.op == kube::Operator::in) && one.values.size() == 1;
    };
    const Pods* fewest = &all_;
    for (const kube::Requirement& one : selector.requirements()) {
      if (!is_exact(one)) continue;
      const Pods& having = with(one.key)[one.values.front()];
      if (having.size() < fewest->size()) fewest = &having;
    }
    return *fewest;
  }

  std::unordered_map<std::string_view, Pods>& with(std::string_view key) {
    const auto [known, is_new] = by_label_.try_emplace(key);
    if (is_new)
      for (const PolicyPod* pod : all_)
        if (const std::string* value = kube::find_label(pod->labels, key))
          known->second[*value].push_back(pod);
    return known->second;
  }

  Pods all_;
  std::map<std::string_view, std::unordered_map<std::string_view, Pods>> by_label_;  // of keys asked for
};

class Planner {
 public:
  Planner(const PolicyWorld& world, const std::vector<IpAddress>& dns) : world_(world) {
    for (const auto& [_, policy] : world.policies) policies_[policy.name_space].push_back(&policy);
    for (const auto& [_, pod] : world.pods)
      if (!pod.ended && !pod.addresses.empty()) pods_[pod.name_space].add(pod);
    dns_ = {.name_space = "kube-system",
            .name = "kube-dns",
            .labels = {{"k8s-app", "kube-dns"}},
            .ports = {{"dns", IPPROTO_UDP, dns_port}, {"dns-tcp", IPPROTO_TCP, dns_port}},
            .addresses = dns};
  }

  PolicyRules plan() && {
    for (const auto& [name_space, policies] : policies_)
      for (const Direction direction : {Direction::ingress, Direction::egress})
        place(pods_[name_space], policies, direction);
    return std::move(rules_);
  }

 private:
  using Policies = std::vector<const Policy*>;

  void place(PodIndex& pods, const Policies& policies, Direction direction) {
    std::unordered_map<const PolicyPod*, Policies> about;
    for (const Policy* policy : policies)
      if (rules_of(*policy, direction))
        pods.each(policy->pods, [&](const PolicyPod& pod) {
          if (pod.here) about[&pod].push_back(policy);
        });
    std::map<Policies, Selected> by_policies;
    for (const auto& [pod, selecting] : about) {
      const auto [known, is_new] = by_policies.try_emplace(selecting);
      if (is_new) known->second = selected_by(pod->name_space, selecting, direction);
      const std::string name = known->second.name + named_ports(*pod, known->second.ports);
      if (!rules_.groups.contains(name)) rules_.groups[name] = allows(*pod, selecting, direction);
      for (const IpAddress& address : pod->addresses)
        (direction == Direction::ingress ? rules_.ingress : rules_.egress)[address] = name;
    }
  }

  static const std::optional<std::vector<PolicyRule>>& rules_of(const Policy& policy, Direction direction) {
    return direction == Direction::ingress ? policy.ingress : policy.egress;
  }

  // Pods that the same policies select. Those whose ports have the same numbers by name are one group.
  struct Selected {
    std::string name;
    std::set<std::pair<std::string_view, std::uint8_t>> ports;  // that are named
  };
  static Selected selected_by(std::string_view name_space, const Policies& policies, Direction direction) {
    Selected selected{text("{} {}:", direction == Direction::ingress ? "ingress" : "egress", name_space), {}};
    for (const Policy* policy : policies) {
      selected.name += text(" {}", policy->name);
      if (direction == Direction::egress) continue;
      for (const PolicyRule& rule : *policy->ingress)
        for (const PolicyPort& port : rule.ports)
          if (!port.name.empty()) selected.ports.emplace(port.name, port.protocol);
    }
    return selected;
  }

  static std::string named_ports(const PolicyPod& pod,
                                 const std::set<std::pair<std::string_view, std::uint8_t>>& ports) {
    std::string name;
    for (const auto& [port, protocol] : ports)
      if (const NamedPort* named = pod.find_port(port, protocol))
        name += text(" {}/{}={}", named->name, name_of_protocol(named->protocol), named->number);
    return name;
  }

  static const NamedPort* find_named(const PolicyPod& pod, const PolicyPort& port) {
    return port.name.empty() ? nullptr : pod.find_port(port.name, port.protocol);
  }

  std::vector<Allow> allows(const PolicyPod& pod, const Policies& policies, Direction direction) {
    std::map<std::string, Ports> ports_of;
    for (const Policy* policy : policies)
      for (const PolicyRule& rule : *rules_of(*policy, direction)) {
        if (rule.peers.empty()) add(ports_of, nullptr, rule, *policy, direction, pod);
        for (const PolicyPeer& peer : rule.peers) add(ports_of, &peer, rule, *policy, direction, pod);
      }
    return allows_of(ports_of);
  }

  // `peer` null: whoever it is.
  void add(std::map<std::string, Ports>& ports_of, const PolicyPeer* peer, const PolicyRule& rule,
           const Policy& policy, Direction direction, const PolicyPod& pod) {
    Ports ports{.all = rule.ports.empty(), .ranges = {}};
    for (const PolicyPort& port : rule.ports) {
      if (port.name.empty()) ports.ranges.push_back({port.protocol, port.first, port.last});
      else if (direction == Direction::egress) add_named(ports_of, peer, port, policy);
      else if (const NamedPort* named = find_named(pod, port))
        ports.ranges.push_back({named->protocol, named->number, named->number});
    }
    if (!ports.all && ports.ranges.empty()) return;
    put(ports_of, peer != nullptr ? set_of(*peer, policy) : "", ports);
    if (direction == Direction::egress && peer != nullptr && !peer->block)
      add_dns(ports_of, *peer, ports, policy);
  }

  static void put(std::map<std::string, Ports>& ports_of, const std::string& peers, const Ports& more) {
    Ports& ports = ports_of[peers];
    ports.all |= more.all;
    ports.ranges.insert(ports.ranges.end(), more.ranges.begin(), more.ranges.end());
  }

  void add_dns(std::map<std::string, Ports>& ports_of, const PolicyPeer& peer, const Ports& ports,
               const Policy& policy) {
    if (dns_.addresses.empty() || !means(peer, policy, dns_)) return;
    Ports open;
    for (const NamedPort& port : dns_.ports)
      if (has(ports, port.protocol, port.number))
        open.ranges.push_back({port.protocol, port.number, port.number});
    if (open.ranges.empty()) return;
    keep(std::string(dns_peers), {.addresses = dns_.addresses});
    put(ports_of, std::string(dns_peers), open);
  }

  // A port by name is another number with every pod: a set for those that have the same.
  void add_named(std::map<std::string, Ports>& ports_of, const PolicyPeer* peer, const PolicyPort& port,
                 const Policy& policy) {
    std::map<std::uint16_t, std::vector<IpAddress>> by_number;
    const auto look_at = [&](const PolicyPod& pod) {
      const NamedPort* named = find_named(pod, port);
      if (named == nullptr) return;
      for (const IpAddress& address : pod.addresses)
        if (peer == nullptr || (peer->block ? in_block(*peer, address) : means(*peer, policy, pod)))
          by_number[named->number].push_back(address);
    };
    for (const auto& [_, pods] : pods_)
      for (const PolicyPod* pod : pods.all()) look_at(*pod);
    look_at(dns_);
    for (auto& [number, addresses] : by_number) {
      const std::string name = text("{} with {}/{}={}", peer ? name_of_peer(*peer, policy) : "whoever",
                                    port.name, name_of_protocol(port.protocol), number);
      keep(name, {.addresses = std::move(addresses)});
      put(ports_of, name, {.all = false, .ranges = {{port.protocol, number, number}}});
    }
  }

  static bool in_block(const PolicyPeer& peer, const IpAddress& address) {
    return peer.block.contains(address) &&
           std::ranges::none_of(peer.except, [&](const IpPrefix& part) { return part.contains(address); });
  }

  bool means(const PolicyPeer& peer, const Policy& policy, const PolicyPod& pod) const {
    return means_name_space(peer, policy, pod.name_space) && (!peer.pods || peer.pods->matches(pod.labels));
  }

  // A namespace that is not known yet has no labels that could be right.
  bool means_name_space(const PolicyPeer& peer, const Policy& policy, std::string_view name) const {
    if (!peer.name_spaces) return name == policy.name_space;
    const auto known = world_.name_spaces.find(name);
    return known != world_.name_spaces.end() && peer.name_spaces->matches(known->second);
  }

  const std::string& set_of(const PolicyPeer& peer, const Policy& policy) {
    const auto [known, is_new] = names_.try_emplace(&peer);
    std::string& name = known->second;
    if (!is_new) return name;
    name = name_of_peer(peer, policy);
    if (rules_.peers.contains(name)) return name;
    Peers peers;
    if (peer.block) peers.ranges = ranges_of(peer.block, peer.except);
    else
      for (auto& [name_space, pods] : pods_) {
        if (!means_name_space(peer, policy, name_space)) continue;
        const auto put = [&](const PolicyPod& pod) {
          peers.addresses.insert(peers.addresses.end(), pod.addresses.begin(), pod.addresses.end());
        };
        if (peer.pods) pods.each(*peer.pods, put);
        else std::ranges::for_each(pods.all(), [&](const PolicyPod* pod) { put(*pod); });
      }
    keep(name, std::move(peers));
    return name;
  }

  void keep(const std::string& name, Peers peers) {
    std::ranges::sort(peers.addresses);
    const auto [first, last] = std::ranges::unique(peers.addresses);
    peers.addresses.erase(first, last);
    rules_.peers.insert_or_assign(name, std::move(peers));
  }

  const PolicyWorld& world_;
  std::map<std::string_view, Policies> policies_;  // by namespace
  std::map<std::string_view, PodIndex> pods_;      // those that have addresses now
  std::unordered_map<const PolicyPeer*, std::string> names_;
  PolicyPod dns_;
  PolicyRules rules_;
};

}  // namespace

PolicyRules plan_policies(const PolicyWorld& world, const std::vector<IpAddress>& dns) {
  return Planner(world, dns).plan();
}

}  // namespace podo::policy
