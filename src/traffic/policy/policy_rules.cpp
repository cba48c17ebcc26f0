#include "traffic/policy/policy_rules.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace podo::policy {
namespace {

using linux::NftBatch;
using linux::NftElement;
using linux::NftRule;
using linux::NftType;

struct Family {
  std::uint8_t number;
  char suffix;
  NftType type;
  std::uint32_t bytes;
  bool has(const IpAddress& address) const { return address.bytes().size() == bytes; }
};
constexpr std::array families = {Family{NFPROTO_IPV4, '4', NftType::ipv4, 4},
                                 Family{NFPROTO_IPV6, '6', NftType::ipv6, 16}};

std::string named(std::string_view what, const Family& family) { return text("{}{}", what, family.suffix); }

using GroupOf = std::map<IpAddress, std::string>;

class Change {
 public:
  Change(const std::string& table, const InstalledRules& before, const PolicyRules& now)
      : batch_(NFPROTO_INET, table),
        now_(now),
        before_(before.rules),
        numbers_(before.numbers),
        last_number_(before.last_number) {}

  void make_table() {
    batch_.add_table();
    batch_.remove_table();
    batch_.add_table();
    batch_.add_chain({.name = "forward", .type = "filter", .hook = NF_INET_FORWARD});
    batch_.add_chain({.name = "input", .type = "filter", .hook = NF_INET_LOCAL_IN});
    // Also what is of no connection: the messages by which IPv6 finds its neighbours.
    const std::uint32_t answers = linux::nft_established_or_related;
    batch_.add_rule("forward", NftRule().connection_state(answers).verdict(NF_ACCEPT));
    batch_.add_rule("input", NftRule().connection_state(answers | linux::nft_untracked).verdict(NF_ACCEPT));
    for (const Family& family : families) make_maps(family);
  }

  // What is led to comes before what leads there, and goes after it. The rules are put to the rest by who has
  // them.
  PolicyChange make() && {
    for (const auto& [name, peers] : now_.peers) change_peers(name, peers);
    for (const auto& [name, allows] : now_.groups) change_group(name, allows);
    change_pods("egress", before_.egress, now_.egress);
    change_pods("ingress", before_.ingress, now_.ingress);
    change_itself();
    for (const auto& [name, _] : before_.groups)
      if (!now_.groups.contains(name)) batch_.remove_chain(chain_of(name));
    for (const auto& [name, peers] : before_.peers)
      if (!now_.peers.contains(name)) remove_peers(name, peers);
    std::erase_if(numbers_, [&](const auto& named) {
      return !now_.groups.contains(named.first) && !now_.peers.contains(named.first);
    });
    return {std::move(batch_), {.numbers = std::move(numbers_), .last_number = last_number_}};
  }

 private:
  void make_maps(const Family& family) {
    const std::string itself = named("itself", family), egress = named("egress", family);
    const std::string ingress = named("ingress", family);
    batch_.add_set({.name = itself,
                    .key_type = linux::concatenated(family.type, family.type),
                    .key_bytes = 2 * family.bytes});
    for (const std::string& map : {egress, ingress})
      batch_.add_set({.name = map,
                      .key_type = number_of(family.type),
                      .key_bytes = family.bytes,
                      .data_type = number_of(NftType::verdict)});
    batch_.add_rule("forward", NftRule()
                                   .family(family.number)
                                   .load_source(family.number, 0)
                                   .load_destination(family.number, family.bytes / 4)
                                   .in_set(itself, 0)
                                   .verdict(NF_ACCEPT));
    for (const char* hook : {"forward", "input"})
      batch_.add_rule(
          hook, NftRule().family(family.number).load_source(family.number, 0).look_up_verdict(egress, 0));
    batch_.add_rule(
        "forward",
        NftRule().family(family.number).load_destination(family.number, 0).look_up_verdict(ingress, 0));
  }

  unsigned number_of_name(const std::string& name) {
    const auto [place, is_new] = numbers_.try_emplace(name, last_number_ + 1);
    if (is_new) ++last_number_;
    return place->second;
  }
  std::string chain_of(const std::string& group) { return text("group{}", number_of_name(group)); }
  std::string set_of(const std::string& peers, const Family& family) {
    return text("peers{}_{}", number_of_name(peers), family.suffix);
  }

  // Pods may have addresses of both families, also those that are still to come.
  static bool concerns(const Peers& peers, const Family& family) {
    return peers.ranges.empty() || family.has(peers.ranges.front().first);
  }

  void change_peers(const std::string& name, const Peers& peers) {
    const auto before = before_.peers.find(name);
    const bool is_new = before == before_.peers.end();
    if (!is_new && before->second == peers) return;
    for (const Family& family : families) {
      if (!concerns(peers, family)) continue;
      const std::string set = set_of(name, family);
      if (is_new)
        batch_.add_set({.name = set,
                        .key_type = number_of(family.type),
                        .key_bytes = family.bytes,
                        .flags = peers.ranges.empty() ? 0 : std::uint32_t{NFT_SET_INTERVAL}});
      change_addresses(set, family, is_new ? std::vector<IpAddress>() : before->second.addresses,
                       peers.addresses);
      for (const AddressRange& range : peers.ranges)  // of a new set: a block stays what its name says
        batch_.add_elements(
            set, linux::nft_interval(std::string(range.first.bytes()), std::string(range.last.bytes())));
    }
  }

  void change_addresses(const std::string& set, const Family& family, const std::vector<IpAddress>& before,
                        const std::vector<IpAddress>& now) {
    const auto elements = [&](const auto& with, const auto& without) {
      std::vector<NftElement> made;
      for (const IpAddress& address : with)
        if (family.has(address) && !std::ranges::binary_search(without, address))
          made.push_back({.key = std::string(address.bytes())});
      return made;
    };
    batch_.remove_elements(set, elements(before, now));
    batch_.add_elements(set, elements(now, before));
  }

  void remove_peers(const std::string& name, const Peers& peers) {
    for (const Family& family : families)
      if (concerns(peers, family)) batch_.remove_set(set_of(name, family));
  }

  void change_group(const std::string& name, const std::vector<Allow>& allows) {
    const auto before = before_.groups.find(name);
    if (before != before_.groups.end() && before->second == allows) return;
    const std::string chain = chain_of(name);
    if (before == before_.groups.end()) batch_.add_chain({.name = chain});
    else batch_.flush_chain(chain);
    const bool egress = name.starts_with("egress ");
    for (const Allow& allow : allows) add_rules(chain, egress, allow);
    batch_.add_rule(chain, NftRule().count().verdict(NF_DROP));
  }

  void add_rules(const std::string& chain, bool egress, const Allow& allow) {
    if (allow.peers.empty()) return add_ports(chain, NftRule(), allow.ports);
    for (const Family& family : families) {
      if (!concerns(now_.peers.at(allow.peers), family)) continue;
      NftRule rule;
      rule.family(family.number);
      if (egress) rule.load_destination(family.number, 0);
      else rule.load_source(family.number, 0);
      add_ports(chain, rule.in_set(set_of(allow.peers, family), 0), allow.ports);
    }
  }

  void add_ports(const std::string& chain, const NftRule& peers, const std::vector<PortRange>& ports) {
    if (ports.empty()) batch_.add_rule(chain, NftRule(peers).verdict(NFT_RETURN));
    for (const PortRange& range : ports) {
      NftRule rule(peers);
      rule.protocol(range.protocol);
      if (range.first != 0 || range.last != 65535) rule.destination_ports(range.first, range.last);
      batch_.add_rule(chain, rule.verdict(NFT_RETURN));
    }
  }

  void change_pods(std::string_view map, const GroupOf& before, const GroupOf& now) {
    for (const Family& family : families) {
      batch_.remove_elements(named(map, family), leads(family, before, now, false));
      batch_.add_elements(named(map, family), leads(family, now, before, true));
    }
  }

  // What only `those` have.
  std::vector<NftElement> leads(const Family& family, const GroupOf& those, const GroupOf& others,
                                bool with_verdict) {
    std::vector<NftElement> made;
    for (const auto& [address, group] : those) {
      const auto other = others.find(address);
      if (!family.has(address) || (other != others.end() && other->second == group)) continue;
      NftElement& element = made.emplace_back(NftElement{.key = std::string(address.bytes())});
      if (with_verdict) element.verdict = {.code = NFT_JUMP, .chain = chain_of(group)};
    }
    return made;
  }

  static std::vector<IpAddress> pods_of(const PolicyRules& rules) {
    std::vector<IpAddress> egress, ingress, pods;
    for (const auto& [address, _] : rules.egress) egress.push_back(address);
    for (const auto& [address, _] : rules.ingress) ingress.push_back(address);
    std::ranges::set_union(egress, ingress, std::back_inserter(pods));
    return pods;
  }

  void change_itself() {
    const std::vector<IpAddress> before = pods_of(before_), now = pods_of(now_);
    for (const Family& family : families) {
      const auto pairs = [&](const auto& with, const auto& without) {
        std::vector<NftElement> made;
        for (const IpAddress& address : with)
          if (family.has(address) && !std::ranges::binary_search(without, address))
            made.push_back({.key = text("{}{}", address.bytes(), address.bytes())});
        return made;
      };
      batch_.remove_elements(named("itself", family), pairs(before, now));
      batch_.add_elements(named("itself", family), pairs(now, before));
    }
  }

  NftBatch batch_;
  const PolicyRules& now_;
  const PolicyRules& before_;
  std::map<std::string, unsigned> numbers_;
  unsigned last_number_ = 0;
};

}  // namespace

PolicyChange change_rules(const std::string& table, const InstalledRules* before, PolicyRules rules) {
  const InstalledRules nothing;
  Change change(table, before != nullptr ? *before : nothing, rules);
  if (before == nullptr) change.make_table();
  PolicyChange made = std::move(change).make();
  made.after.rules = std::move(rules);
  return made;
}

NftBatch removal_of(const std::string& table) {
  NftBatch batch(NFPROTO_INET, table);
  batch.add_table();
  batch.remove_table();
  return batch;
}

}  // namespace podo::policy
