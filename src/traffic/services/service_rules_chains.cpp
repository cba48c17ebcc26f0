#include <netinet/in.h>  // before the kernel's headers, which then leave out what it has
//
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_ipv4.h>

#include "traffic/services/service_rules_layout.h"

namespace podo::services {
namespace {

using linux::concatenated;
using linux::NftBatch;
using linux::NftRule;
using linux::NftType;
using linux::number_of;

constexpr std::uint32_t stays_max = 65536;  // of a family; who finds no room is chosen for each time

// One family's types and registers. Registers lie so that each key of a look-up is in one piece:
//
//   front: address protocol port | number, source, or backend: address port
//   front: protocol port | ...                                                  of node ports
//
// or, for affinity: client, front: address port, backend: address port. (A type is made of five at most.)
struct Family {
  explicit Family(bool is_v6, bool is_node_port = false)
      : v6(is_v6),
        node_port(is_node_port),
        nfproto(is_v6 ? NFPROTO_IPV6 : NFPROTO_IPV4),
        address(is_v6 ? NftType::ipv6 : NftType::ipv4),
        bytes(is_v6 ? 16 : 4),
        words(bytes / 4) {}

  bool v6, node_port;
  std::uint8_t nfproto;
  NftType address;
  std::uint32_t bytes;
  NftRule::Register words;  // of an address
  NftRule::Register front = 0;
  NftRule::Register behind() const { return front + (node_port ? 2 : words + 2); }

  std::string set(SetKind kind) const { return text_of(SetName{kind, v6, node_port}); }
  std::uint32_t front_type() const {
    if (node_port) return concatenated(NftType::protocol, NftType::port);
    return concatenated(concatenated(address, NftType::protocol), NftType::port);
  }
  std::uint32_t front_bytes() const { return static_cast<std::uint32_t>(front_key_bytes(v6, node_port)); }
  std::uint32_t endpoint_type() const { return concatenated(address, NftType::port); }
  std::uint32_t endpoint_bytes() const { return bytes + 4; }
};

// The front a packet is for.
NftRule load_front(const Family& family, NftRule rule = {}) {
  rule.family(family.nfproto);
  NftRule::Register at = family.front;
  if (!family.node_port) {
    rule.load_destination(family.nfproto, at);
    at += family.words;
  }
  return rule.load_meta(NFT_META_L4PROTO, at).load_destination_port(at + 1);
}

void add_sets(NftBatch& batch, const Family& family) {
  const std::uint32_t front = family.front_type(), bytes = family.front_bytes();
  for (const SetKind kind : {SetKind::inside, SetKind::outside})
    batch.add_set({.name = family.set(kind),
                   .key_type = front,
                   .key_bytes = bytes,
                   .data_type = number_of(NftType::verdict)});
  batch.add_set({family.set(SetKind::backend), concatenated(front, NftType::mark), bytes + 4,
                 family.endpoint_type(), family.endpoint_bytes()});
  std::vector<std::uint32_t> fields = {1, 2, family.bytes};
  if (!family.node_port) fields.insert(fields.begin(), family.bytes);
  batch.add_set({.name = family.set(SetKind::source),
                 .key_type = concatenated(front, family.address),
                 .key_bytes = bytes + family.bytes,
                 .ranges_of = std::move(fields)});
}

void add_address_sets(NftBatch& batch, const Family& family) {
  batch.add_set({.name = family.set(SetKind::here),
                 .key_type = concatenated(family.address, family.address),
                 .key_bytes = 2 * family.bytes});
  batch.add_set({.name = family.set(SetKind::elsewhere),
                 .key_type = number_of(family.address),
                 .key_bytes = family.bytes});
}

void add_search(NftBatch& batch, const Family& family, const char* chain, SetKind fronts) {
  NftRule rule;
  if (family.node_port) rule.destination_is_local();
  batch.add_rule(chain, load_front(family, rule).look_up_verdict(family.set(fronts), family.front));
}

void add_refusal(NftBatch& batch) {
  batch.add_chain({.name = refusing_chain});
  batch.add_rule(refusing_chain, NftRule().protocol(IPPROTO_TCP).reset_connection());
  batch.add_rule(refusing_chain, NftRule().refuse(NFT_REJECT_ICMPX_PORT_UNREACH));
}

void refuse_what_no_front_has(NftBatch& batch, const RulesOptions& options, const char* chain,
                              const NftRule& from) {
  for (const IpPrefix& prefix : options.cluster_ips)
    batch.add_rule(chain, NftRule(from)
                              .family(prefix.address.is_v6() ? NFPROTO_IPV6 : NFPROTO_IPV4)
                              .destination(prefix)
                              .verdict(NFT_GOTO, refusing_chain));
}

// Another daemon's cluster may have the same range: what this host sends is refused when no table has led it
// anywhere, so behind all translation.
void add_base_chains(NftBatch& batch, const RulesOptions& options) {
  batch.add_chain({"prerouting", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST});
  batch.add_chain({"output", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST});
  batch.add_chain({"postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC});
  batch.add_chain({untranslated_chain, "filter", NF_INET_LOCAL_OUT, NF_IP_PRI_FILTER});
  const IpPrefix loopback4 = *IpPrefix::parse("127.0.0.0/8"), loopback6 = *IpPrefix::parse("::1/128");
  // A neighbour on the wire may write 127.0.0.1 on its packets: those are no business of ours.
  batch.add_rule(
      "prerouting",
      NftRule().interface_in("lo", false).family(NFPROTO_IPV4).destination(loopback4).verdict(NFT_RETURN));
  const NftRule from_pods = NftRule().load_meta(NFT_META_IIFNAME, 0).in_set("bridges", 0);
  batch.add_rule("prerouting", NftRule(from_pods).verdict(NFT_JUMP, "inside"));
  refuse_what_no_front_has(batch, options, "prerouting", from_pods);
  batch.add_rule("prerouting", NftRule(from_pods).verdict(NFT_RETURN));
  batch.add_rule("prerouting", NftRule().verdict(NFT_GOTO, "outside"));
  // There is no route_localnet for IPv6.
  batch.add_rule("output", NftRule().family(NFPROTO_IPV6).destination(loopback6).verdict(NFT_RETURN));
  batch.add_rule("output", NftRule().verdict(NFT_GOTO, "inside"));
  refuse_what_no_front_has(batch, options, untranslated_chain, NftRule());
}

// Answers have to pass here again: of a pod that reaches itself, to the host's loopback, and from other
// nodes. To those a pod of this node speaks as itself.
void add_masquerade(NftBatch& batch, const Family& family) {
  const auto to_pods = [&] {
    return NftRule()
        .connection_status(IPS_DST_NAT)
        .load_meta(NFT_META_OIFNAME, 0)
        .in_set("bridges", 0)
        .family(family.nfproto);
  };
  batch.add_rule("postrouting", to_pods()
                                    .load_source(family.nfproto, 0)
                                    .load_destination(family.nfproto, family.words)
                                    .in_set(family.set(SetKind::here), 0)
                                    .masquerade());
  if (!family.v6)
    batch.add_rule("postrouting", to_pods().source(*IpPrefix::parse("127.0.0.0/8")).masquerade());
  batch.add_rule("postrouting", NftRule()
                                    .connection_status(IPS_DST_NAT)
                                    .load_meta(NFT_META_IIFNAME, 0)
                                    .in_set("bridges", 0, false)
                                    .family(family.nfproto)
                                    .load_destination(family.nfproto, 0)
                                    .in_set(family.set(SetKind::elsewhere), 0)
                                    .masquerade());
}

void add_bridges(NftBatch& batch, const RulesOptions& options) {
  batch.add_set({.name = "bridges", .key_type = number_of(NftType::interface_name), .key_bytes = 16});
  std::vector<linux::NftElement> names;
  for (const std::string& bridge : options.bridges) names.push_back({linux::nft_interface_key(bridge)});
  batch.add_elements("bridges", names);
}

// A packet on its way here while the table changes may have the number of one that has just gone: then the
// first it is.
void add_choice(NftBatch& batch, const Family& family, const Way& way, const std::string& chain) {
  for (const std::uint32_t count : {way.count, std::uint32_t{1}}) {
    batch.add_rule(chain,
                   load_front(family)
                       .load_random(count, way.outside ? first_outside : 0, family.behind())
                       .look_up(family.set(SetKind::backend), family.front, family.behind())
                       .destination_nat(family.nfproto, family.behind(), family.behind() + family.words));
    if (way.count == 1) break;
  }
  batch.add_rule(chain, NftRule().verdict(NF_DROP));
}

void add_guard(NftBatch& batch, const Family& family, const Way& way, const std::string& chain) {
  if (!way.sourced) return;
  batch.add_rule(chain, load_front(family)
                            .load_source(family.nfproto, family.behind())
                            .in_set(family.set(SetKind::source), family.front, false)
                            .verdict(NF_DROP));
}

}  // namespace

void add_way_rules(NftBatch& batch, const Way& way) {
  const Family family(way.v6, way.node_port);
  add_guard(batch, family, way, chain_of(way));
  add_choice(batch, family, way, chain_of(way));
}

// Who stays with one of these backends goes there; then each gets its share of the others. Where no more can
// be remembered the rules that do so end early, and the choice is as without affinity.
void add_way_rules(NftBatch& batch, const Way& way, const FrontKey& front, std::int64_t affinity_s,
                   const std::vector<Backend>& backends) {
  const Family family(way.v6, way.node_port);
  const std::string chain = chain_of(way, front, affinity_s), stays = text_of({SetKind::stays, way.v6});
  const NftRule::Register client = 0, asked = family.words, backend = asked + family.words + 1;
  const auto lead = [&](NftRule rule, const Backend& to, bool only_known) {
    rule.family(family.nfproto)
        .protocol(front.protocol)
        .load_source(family.nfproto, client)
        .load_constant(front.address.bytes(), asked)
        .load_constant(linux::nft_port_key(front.port).substr(0, 2), asked + family.words)
        .load_constant(to.address.bytes(), backend)
        .load_constant(linux::nft_port_key(to.port).substr(0, 2), backend + family.words);
    if (only_known) rule.in_set(stays, client);
    batch.add_rule(chain, rule.keep_element(stays, client, seconds(affinity_s))
                              .destination_nat(family.nfproto, backend, backend + family.words));
  };
  add_guard(batch, family, way, chain);
  for (const Backend& each : backends) lead(NftRule(), each, true);
  for (std::size_t left = backends.size(); left > 0; --left)
    lead(left == 1 ? NftRule() : NftRule().one_in(static_cast<std::uint32_t>(left)), backends[left - 1],
         false);
  add_choice(batch, family, way, chain);
}

void add_affinity_set(NftBatch& batch, bool v6) {
  const Family family(v6);
  std::uint32_t type = number_of(family.address);
  for (const NftType field : {family.address, NftType::port, family.address, NftType::port})
    type = concatenated(type, field);
  batch.add_set({.name = family.set(SetKind::stays),
                 .key_type = type,
                 .key_bytes = static_cast<std::uint32_t>(stays_key_bytes(v6)),
                 .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,
                 .elements_max = stays_max});
}

NftBatch empty_table(const RulesOptions& options) {
  NftBatch batch(NFPROTO_INET, options.table);
  batch.add_table();  // so that there is one to remove
  batch.remove_table();
  batch.add_table();
  add_bridges(batch, options);
  add_refusal(batch);
  for (const char* chain : {"inside", "outside"}) batch.add_chain({.name = chain});
  for (const bool v6 : {false, true}) {
    add_address_sets(batch, Family(v6));
    for (const bool node_port : {false, true}) {
      const Family family(v6, node_port);
      add_sets(batch, family);
      add_search(batch, family, "inside", SetKind::inside);
      add_search(batch, family, "outside", SetKind::outside);
    }
  }
  add_base_chains(batch, options);
  for (const bool v6 : {false, true}) add_masquerade(batch, Family(v6));
  return batch;
}

}  // namespace podo::services
