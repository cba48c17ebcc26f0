#include "traffic/services/service_rules_layout.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_ipv4.h>

#include <charconv>
#include <cstring>

namespace podo::services {
namespace {

using linux::concatenated;
using linux::NftBatch;
using linux::NftRule;
using linux::NftType;
using linux::number_of;

constexpr std::uint32_t clients_max = 65536;  // of a family that affinity remembers
constexpr const char* set_words[] = {"inside", "outside",   "backend", "source",
                                     "here",   "elsewhere", "chosen",  "alive"};

// One family's types and registers. Registers lie so that each key of a look-up is in one piece:
//
//   client | front: address protocol port | number, source or backend: address port
struct Family {
  explicit Family(bool is_v6)
      : v6(is_v6),
        nfproto(is_v6 ? NFPROTO_IPV6 : NFPROTO_IPV4),
        address(is_v6 ? NftType::ipv6 : NftType::ipv4),
        bytes(is_v6 ? 16 : 4),
        front(bytes / 4),
        behind(2 * front + 2),
        backend_port(behind + front) {}

  bool v6;
  std::uint8_t nfproto;
  NftType address;
  std::uint32_t bytes;
  NftRule::Register client = 0, front, behind, backend_port;

  std::string set(SetKind kind) const { return text_of(SetName{kind, v6}); }
  std::uint32_t front_type() const {
    return concatenated(concatenated(address, NftType::protocol), NftType::port);
  }
  std::uint32_t front_bytes() const { return bytes + 8; }
  std::uint32_t endpoint_type() const { return concatenated(address, NftType::port); }
  std::uint32_t endpoint_bytes() const { return bytes + 4; }
};

// The front a packet is for: at its own destination, or at any address.
NftRule load_front(const Family& family, bool any_address, NftRule rule) {
  rule.family(family.nfproto);
  if (any_address) rule.load_constant(std::string(family.bytes, '\0'), family.front);
  else rule.load_destination(family.nfproto, family.front);
  rule.load_meta(NFT_META_L4PROTO, family.front + family.bytes / 4);
  return rule.load_destination_port(family.front + family.bytes / 4 + 1);
}

NftRule translate(const Family& family, NftRule rule) {
  return rule.destination_nat(family.nfproto, family.behind, family.backend_port);
}

void add_sets(NftBatch& batch, const Family& family) {
  const std::uint32_t mark = number_of(NftType::mark), front = family.front_type(),
                      bytes = family.front_bytes();
  for (const SetKind kind : {SetKind::inside, SetKind::outside})
    batch.add_set({family.set(kind), front, bytes, mark, 4});
  batch.add_set({family.set(SetKind::backend), concatenated(front, NftType::mark), bytes + 4,
                 family.endpoint_type(), family.endpoint_bytes()});
  batch.add_set({.name = family.set(SetKind::source),
                 .key_type = concatenated(front, family.address),
                 .key_bytes = bytes + family.bytes,
                 .ranges_of = {family.bytes, 1, 2, family.bytes}});
  batch.add_set({.name = family.set(SetKind::here),
                 .key_type = concatenated(family.address, family.address),
                 .key_bytes = 2 * family.bytes});
  batch.add_set({.name = family.set(SetKind::elsewhere),
                 .key_type = number_of(family.address),
                 .key_bytes = family.bytes});
}

void add_search(NftBatch& batch, const Family& family, const char* chain, SetKind fronts) {
  const auto go = [&](NftRule rule) {
    batch.add_rule(chain, rule.look_up(family.set(fronts), family.front, family.client)
                              .look_up_verdict(ways_map, family.client));
  };
  go(load_front(family, false, NftRule()));
  go(load_front(family, true, NftRule().destination_is_local()));
}

void add_refusal(NftBatch& batch) {
  batch.add_chain({.name = "refuse"});
  batch.add_rule("refuse", NftRule().protocol(IPPROTO_TCP).reset_connection());
  batch.add_rule("refuse", NftRule().refuse(NFT_REJECT_ICMPX_PORT_UNREACH));
  batch.add_elements(
      ways_map, {{.key = linux::nft_number_key(refusing), .verdict = linux::NftVerdict{NFT_GOTO, "refuse"}},
                 {.key = linux::nft_number_key(dropping), .verdict = linux::NftVerdict{NF_DROP}}});
}

void add_base_chains(NftBatch& batch) {
  batch.add_chain({"prerouting", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST});
  batch.add_chain({"output", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST});
  batch.add_chain({"postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC});
  const IpPrefix loopback4 = *IpPrefix::parse("127.0.0.0/8"), loopback6 = *IpPrefix::parse("::1/128");
  // A neighbour on the wire may write 127.0.0.1 on its packets: those are no business of ours.
  batch.add_rule(
      "prerouting",
      NftRule().interface_in("lo", false).family(NFPROTO_IPV4).destination(loopback4).verdict(NFT_RETURN));
  batch.add_rule("prerouting",
                 NftRule().load_meta(NFT_META_IIFNAME, 0).in_set("bridges", 0).verdict(NFT_GOTO, "inside"));
  batch.add_rule("prerouting", NftRule().verdict(NFT_GOTO, "outside"));
  // There is no route_localnet for IPv6.
  batch.add_rule("output", NftRule().family(NFPROTO_IPV6).destination(loopback6).verdict(NFT_RETURN));
  batch.add_rule("output", NftRule().verdict(NFT_GOTO, "inside"));
}

// Answers have to pass here again: of a pod that reaches itself, to the host's loopback, and from other nodes.
// To those a pod of this node speaks as itself.
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
                                    .load_destination(family.nfproto, family.bytes / 4)
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

// A client that is known goes where it went, as long as that is there; else it is made known. When so many
// are remembered that there is no room for another, it is none the worse for it.
void add_affinity(NftBatch& batch, const Family& family, const Way& way, const NftRule& choice) {
  const Duration time = seconds(way.affinity_s);
  const std::string chosen = family.set(SetKind::chosen);
  NftRule known = load_front(family, way.node_port, NftRule());
  batch.add_rule(chain_of(way),
                 translate(family, known.load_source(family.nfproto, family.client)
                                       .look_up(chosen, family.client, family.behind)
                                       .in_set(family.set(SetKind::alive), family.front)
                                       .keep_element(chosen, family.client, family.behind, time)));
  NftRule made_known = choice;
  batch.add_rule(chain_of(way),
                 translate(family, made_known.load_source(family.nfproto, family.client)
                                       .remove_element(chosen, family.client, family.behind)
                                       .keep_element(chosen, family.client, family.behind, time)));
}

std::optional<std::uint64_t> number_in(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return {};
  return number;
}

std::uint16_t port_at(std::string_view key, std::size_t at) {
  std::uint16_t port = 0;
  std::memcpy(&port, key.data() + at, sizeof port);
  return ntohs(port);
}

}  // namespace

std::string text_of(const SetName& set) {
  return text("{}{}", set_words[static_cast<std::size_t>(set.kind)], set.v6 ? 6 : 4);
}

std::string front_key(const FrontKey& front) {
  return std::string(front.address.bytes()) + linux::nft_protocol_key(front.protocol) +
         linux::nft_port_key(front.port);
}

std::string endpoint_key(const Backend& backend) {
  return std::string(backend.address.bytes()) + linux::nft_port_key(backend.port);
}

std::optional<FrontKey> front_of(std::string_view key, bool v6) {
  const std::size_t bytes = v6 ? 16 : 4;
  if (key.size() < bytes + 8) return {};
  return FrontKey{IpAddress::from_bytes(key.substr(0, bytes)), static_cast<std::uint8_t>(key[bytes]),
                  port_at(key, bytes + 4)};
}

std::optional<Backend> endpoint_of(std::string_view key, bool v6) {
  const std::size_t bytes = v6 ? 16 : 4;
  if (key.size() < bytes + 4) return {};
  return Backend{.address = IpAddress::from_bytes(key.substr(0, bytes)), .port = port_at(key, bytes)};
}

std::string chain_of(const Way& way) {
  std::string name = text("choose{}_{}{}{}{}", way.v6 ? 6 : 4, way.count, way.node_port ? "_node" : "",
                          way.outside ? "_outside" : "", way.sourced ? "_sourced" : "");
  if (way.affinity_s != 0) name += text("_affinity_{}", way.affinity_s);
  return name;
}

std::optional<Way> way_of(std::string_view chain) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at <= chain.size();) {
    const std::size_t end = std::min(chain.find('_', at), chain.size());
    words.push_back(chain.substr(at, end - at));
    at = end + 1;
  }
  if (words.size() < 2 || (words[0] != "choose4" && words[0] != "choose6")) return {};
  const auto count = number_in(words[1]);
  if (!count) return {};
  Way way{.v6 = words[0] == "choose6", .count = static_cast<std::uint32_t>(*count)};
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i] == "node") way.node_port = true;
    if (words[i] == "outside") way.outside = true;
    if (words[i] == "sourced") way.sourced = true;
    if (words[i] == "affinity" && i + 1 < words.size())
      way.affinity_s = static_cast<std::int64_t>(number_in(words[++i]).value_or(0));
  }
  return way;
}

void add_way_chain(NftBatch& batch, const Way& way) {
  const Family family(way.v6);
  const std::string chain = chain_of(way);
  const std::uint32_t first = way.outside ? first_outside : 0;
  batch.add_chain({.name = chain});
  const auto choice = [&](std::uint32_t count) {
    return load_front(family, way.node_port, NftRule())
        .load_random(count, first, family.behind)
        .look_up(family.set(SetKind::backend), family.front, family.behind);
  };
  if (way.sourced)
    batch.add_rule(chain, load_front(family, way.node_port, NftRule())
                              .load_source(family.nfproto, family.behind)
                              .in_set(family.set(SetKind::source), family.front, false)
                              .verdict(NF_DROP));
  if (way.affinity_s != 0) add_affinity(batch, family, way, choice(way.count));
  batch.add_rule(chain, translate(family, choice(way.count)));
  // A packet on its way here while the table changes may have the number of one that has just gone.
  if (way.count > 1) batch.add_rule(chain, translate(family, choice(1)));
  batch.add_rule(chain, NftRule().verdict(NF_DROP));
}

void add_affinity_sets(NftBatch& batch, bool v6) {
  const Family family(v6);
  std::uint32_t client_and_front = number_of(family.address);
  for (const NftType type : {family.address, NftType::protocol, NftType::port})
    client_and_front = concatenated(client_and_front, type);
  std::uint32_t front_and_endpoint = family.front_type();
  for (const NftType type : {family.address, NftType::port})
    front_and_endpoint = concatenated(front_and_endpoint, type);
  batch.add_set({.name = family.set(SetKind::chosen),
                 .key_type = client_and_front,
                 .key_bytes = family.bytes + family.front_bytes(),
                 .data_type = family.endpoint_type(),
                 .data_bytes = family.endpoint_bytes(),
                 .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,
                 .elements_max = clients_max});
  batch.add_set({.name = family.set(SetKind::alive),
                 .key_type = front_and_endpoint,
                 .key_bytes = family.front_bytes() + family.endpoint_bytes()});
}

NftBatch empty_table(const RulesOptions& options) {
  NftBatch batch(NFPROTO_INET, options.table);
  batch.add_table();  // so that there is one to remove
  batch.remove_table();
  batch.add_table();
  add_bridges(batch, options);
  batch.add_set({.name = ways_map,
                 .key_type = number_of(NftType::mark),
                 .key_bytes = 4,
                 .data_type = number_of(NftType::verdict)});
  add_refusal(batch);
  for (const char* chain : {"inside", "outside"}) batch.add_chain({.name = chain});
  for (const bool v6 : {false, true}) {
    add_sets(batch, Family(v6));
    add_search(batch, Family(v6), "inside", SetKind::inside);
    add_search(batch, Family(v6), "outside", SetKind::outside);
  }
  for (const IpPrefix& prefix : options.cluster_ips)
    batch.add_rule("inside", NftRule()
                                 .family(prefix.address.is_v6() ? NFPROTO_IPV6 : NFPROTO_IPV4)
                                 .destination(prefix)
                                 .verdict(NFT_GOTO, "refuse"));
  add_base_chains(batch);
  for (const bool v6 : {false, true}) add_masquerade(batch, Family(v6));
  return batch;
}

}  // namespace podo::services
