#include "container/network/firewall.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_ipv4.h>

#include <map>
#include <set>

namespace podo::network {
namespace {

using linux::concatenated;
using linux::NftBatch;
using linux::NftElement;
using linux::NftRule;
using linux::NftType;

constexpr auto bridges = "bridges", internal = "internal", within = "within";
constexpr NftRule::Register key = 0, data = 8;

constexpr std::uint32_t type_of(NftType type) { return static_cast<std::uint32_t>(type); }
constexpr std::uint32_t service_type = concatenated(type_of(NftType::protocol), NftType::port);

IpPrefix loopback4() { return {IpAddress::from_bytes(std::string_view("\x7f\0\0\0", 4)), 8}; }
IpPrefix loopback6() { return {IpAddress::from_bytes(std::string(15, '\0') + '\1'), 128}; }

// How one family's maps and keys look.
struct Family {
  std::uint8_t nfproto;
  NftType address;
  std::uint32_t address_bytes;
  const char* published;      // by address
  const char* published_any;  // at every address
  const char* selves;         // (address . the same address) of those that ports lead to
};
constexpr Family families[] = {{NFPROTO_IPV4, NftType::ipv4, 4, "published4", "published_any4", "selves4"},
                               {NFPROTO_IPV6, NftType::ipv6, 16, "published6", "published_any6", "selves6"}};

void add_sets(NftBatch& batch) {
  const std::uint32_t name = type_of(NftType::interface_name);
  batch.add_set({.name = bridges, .key_type = name, .key_bytes = 16});
  batch.add_set({.name = internal, .key_type = name, .key_bytes = 16});
  batch.add_set({.name = within, .key_type = concatenated(name, NftType::interface_name), .key_bytes = 32});
  for (const Family& family : families) {
    const std::uint32_t target = concatenated(type_of(family.address), NftType::port);
    const std::uint32_t by_address =
        concatenated(concatenated(type_of(family.address), NftType::protocol), NftType::port);
    const std::uint32_t twice = concatenated(type_of(family.address), family.address);
    batch.add_set({.name = family.selves, .key_type = twice, .key_bytes = family.address_bytes * 2});
    batch.add_set({family.published, by_address, family.address_bytes + 8, target, family.address_bytes + 4});
    batch.add_set({family.published_any, service_type, 8, target, family.address_bytes + 4});
  }
}

void add_base_chains(NftBatch& batch) {
  batch.add_chain({"early", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW});
  batch.add_chain({"forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER});
  batch.add_chain({"prerouting", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST});
  batch.add_chain({"output", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST});
  batch.add_chain({"postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC});
  batch.add_chain({.name = "published"});
}

void add_filter_rules(NftBatch& batch) {
  const auto from_bridge = [] { return NftRule().load_meta(NFT_META_IIFNAME, key).in_set(bridges, key); };
  for (const bool as_source : {false, true}) {
    NftRule rule = from_bridge().family(NFPROTO_IPV4);
    batch.add_rule(
        "early",
        (as_source ? rule.source(loopback4()) : rule.destination(loopback4())).count().verdict(NF_DROP));
  }
  const auto forward = [&](const NftRule& rule) { batch.add_rule("forward", rule); };
  forward(NftRule()
              .load_meta(NFT_META_IIFNAME, key)
              .load_meta(NFT_META_OIFNAME, key + 4)
              .in_set(within, key)
              .verdict(NF_ACCEPT));
  for (const auto side : {NFT_META_IIFNAME, NFT_META_OIFNAME})
    forward(NftRule().load_meta(side, key).in_set(internal, key).count().verdict(NF_DROP));
  forward(NftRule().connection_state(linux::nft_established_or_related).verdict(NF_ACCEPT));
  forward(NftRule().connection_status(IPS_DST_NAT).verdict(NF_ACCEPT));
  forward(NftRule().load_meta(NFT_META_OIFNAME, key).in_set(bridges, key).count().verdict(NF_DROP));
}

void add_translation_rules(NftBatch& batch) {
  // A neighbour on the wire may write 127.0.0.1 on its packets: those are no business of ours.
  batch.add_rule(
      "prerouting",
      NftRule().interface_in("lo", false).family(NFPROTO_IPV4).destination(loopback4()).verdict(NFT_RETURN));
  // There is no route_localnet for IPv6: [::1] is served by the relay.
  batch.add_rule("output", NftRule().family(NFPROTO_IPV6).destination(loopback6()).verdict(NFT_RETURN));
  for (const char* chain : {"prerouting", "output"})
    batch.add_rule(chain, NftRule().destination_is_local().verdict(NFT_JUMP, "published"));
  for (const Family& family : families) {
    const NftRule::Register behind_address = family.address_bytes / 4;
    batch.add_rule("published", NftRule()
                                    .family(family.nfproto)
                                    .load_destination(family.nfproto, key)
                                    .load_meta(NFT_META_L4PROTO, key + behind_address)
                                    .load_destination_port(key + behind_address + 1)
                                    .look_up(family.published, key, data)
                                    .destination_nat(family.nfproto, data, data + behind_address));
    batch.add_rule("published", NftRule()
                                    .family(family.nfproto)
                                    .load_meta(NFT_META_L4PROTO, key)
                                    .load_destination_port(key + 1)
                                    .look_up(family.published_any, key, data)
                                    .destination_nat(family.nfproto, data, data + behind_address));
  }
}

void add_source_rules(NftBatch& batch, const FirewallNetwork& network, const IpPrefix& subnet,
                      const IpAddress& speaks_as) {
  if (!subnet) return;
  const auto from_subnet = [&] {
    return NftRule().family(subnet.address.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6).source(subnet);
  };
  if (!network.through_host)
    batch.add_rule("postrouting",
                   from_subnet().interface_out(network.bridge).connection_status(IPS_DST_NAT).masquerade());
  if (!network.masquerade || network.internal) return;
  NftRule to_world = from_subnet().interface_out(network.bridge, false);
  batch.add_rule("postrouting", speaks_as ? to_world.source_nat(speaks_as) : to_world.masquerade());
}

void add_networks(NftBatch& batch, const std::vector<FirewallNetwork>& networks) {
  std::vector<NftElement> guarded, closed, same;
  for (const FirewallNetwork& network : networks) {
    const std::string name = linux::nft_interface_key(network.bridge);
    if (network.talks_within) same.push_back({name + name});
    if (!network.routed) guarded.push_back({name});
    if (network.internal) closed.push_back({name});
  }
  batch.add_elements(bridges, guarded);
  batch.add_elements(internal, closed);
  batch.add_elements(within, same);
  batch.add_rule("postrouting", NftRule()
                                    .family(NFPROTO_IPV4)
                                    .source(loopback4())
                                    .load_meta(NFT_META_OIFNAME, key)
                                    .in_set(bridges, key)
                                    .masquerade());
  for (const Family& family : families)
    batch.add_rule("postrouting", NftRule()
                                      .family(family.nfproto)
                                      .load_source(family.nfproto, key)
                                      .load_destination(family.nfproto, key + family.address_bytes / 4)
                                      .in_set(family.selves, key)
                                      .masquerade());
  for (const FirewallNetwork& network : networks) {
    add_source_rules(batch, network, network.subnet4, network.speaks_as4);
    add_source_rules(batch, network, network.subnet6, network.speaks_as6);
  }
}

std::map<std::string, std::vector<NftElement>> elements_of(const std::vector<Translation>& translations) {
  std::map<std::string, std::vector<NftElement>> by_map;
  std::set<std::string> selves;
  for (const Translation& translation : translations) {
    const Family& family = families[translation.target.is_v4() ? 0 : 1];
    const bool any = translation.host.is_unspecified();
    std::string from(any ? std::string_view() : translation.host.bytes());
    from += linux::nft_protocol_key(translation.protocol) + linux::nft_port_key(translation.host_port);
    std::string to(translation.target.bytes());
    to += linux::nft_port_key(translation.target_port);
    by_map[any ? family.published_any : family.published].push_back({std::move(from), std::move(to)});
    std::string self = std::string(translation.target.bytes()) + std::string(translation.target.bytes());
    if (selves.insert(self).second) by_map[family.selves].push_back({std::move(self)});
  }
  return by_map;
}

void add_translations(NftBatch& batch, const std::vector<Translation>& translations) {
  for (const auto& [map, elements] : elements_of(translations)) batch.add_elements(map, elements);
}

}  // namespace

NftBatch firewall_table(const std::string& table, const std::vector<FirewallNetwork>& networks,
                        const std::vector<Translation>& translations) {
  NftBatch batch = firewall_removed(table);
  batch.add_table();
  add_sets(batch);
  add_base_chains(batch);
  add_filter_rules(batch);
  add_translation_rules(batch);
  add_networks(batch, networks);
  add_translations(batch, translations);
  return batch;
}

NftBatch firewall_networks(const std::string& table, const std::vector<FirewallNetwork>& networks) {
  NftBatch batch(NFPROTO_INET, table);
  batch.flush_chain("postrouting");
  for (const char* set : {bridges, internal, within}) batch.flush_set(set);
  add_networks(batch, networks);
  return batch;
}

NftBatch firewall_translations(const std::string& table, const std::vector<Translation>& removed,
                               const std::vector<Translation>& added) {
  NftBatch batch(NFPROTO_INET, table);
  for (auto& [map, elements] : elements_of(removed)) {
    std::vector<NftElement> keys = elements;
    for (NftElement& element : keys) element.data.clear();
    batch.remove_elements(map, keys);
  }
  add_translations(batch, added);
  return batch;
}

NftBatch firewall_removed(const std::string& table) {
  NftBatch batch(NFPROTO_INET, table);
  batch.add_table();  // so that there is one to remove
  batch.remove_table();
  return batch;
}

}  // namespace podo::network
