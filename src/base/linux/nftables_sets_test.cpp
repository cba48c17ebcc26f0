#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

#include "base/linux/namespaces.h"
#include "base/linux/nftables.h"

namespace podo::linux {
namespace {

// A network namespace of the test's own, with an empty table.
struct OwnTable {
  NetworkNamespaceVisit visit = *NetworkNamespaceVisit::enter_new();
  NetlinkSocket socket = *NetlinkSocket::open(NETLINK_NETFILTER);
  NftBatch batch{NFPROTO_INET, "t"};

  OwnTable() { batch.add_table(); }
  void commit() {
    const auto committed = batch.commit(socket);
    REQUIRE_MESSAGE(committed.has_value(), (committed ? "" : committed.error().message()));
    batch = NftBatch(NFPROTO_INET, "t");
  }
  std::vector<NftElement> elements(const std::string& set) {
    auto listed = list_elements(socket, NFPROTO_INET, "t", set);
    REQUIRE_MESSAGE(listed.has_value(), (listed ? "" : listed.error().message()));
    std::ranges::sort(*listed, {}, &NftElement::key);
    return *std::move(listed);
  }
};

bool can_run() {
  if (::geteuid() == 0) return true;
  MESSAGE("skipped: network namespaces need root");
  return false;
}

std::string v4(std::string_view words) { return std::string(IpAddress::parse(words)->bytes()); }

}  // namespace

TEST_CASE("elements of a verdict map lead to chains, which are there as long as something leads to them") {
  if (!can_run()) return;
  OwnTable table;
  table.batch.add_chain({.name = "left"});
  table.batch.add_chain({"forward", "filter", NF_INET_FORWARD, 0});
  table.batch.add_set({.name = "by_pod",
                       .key_type = number_of(NftType::ipv4),
                       .key_bytes = 4,
                       .data_type = number_of(NftType::verdict)});
  table.batch.add_rule(
      "forward", NftRule().family(NFPROTO_IPV4).load_source(NFPROTO_IPV4, 0).look_up_verdict("by_pod", 0));
  table.batch.add_elements("by_pod", {{.key = v4("10.0.0.1"), .verdict = NftVerdict{NFT_GOTO, "left"}},
                                      {.key = v4("10.0.0.2"), .verdict = NftVerdict{NF_DROP}}});
  table.commit();
  const auto elements = table.elements("by_pod");
  REQUIRE(elements.size() == 2);
  CHECK((elements[0].key == v4("10.0.0.1") && elements[0].verdict == NftVerdict{NFT_GOTO, "left"}));
  CHECK((elements[1].key == v4("10.0.0.2") && elements[1].verdict == NftVerdict{NF_DROP}));
  const auto one = find_element(table.socket, NFPROTO_INET, "t", "by_pod", v4("10.0.0.2"));
  REQUIRE(one.has_value());
  CHECK((one->key == v4("10.0.0.2") && one->verdict == NftVerdict{NF_DROP}));
  for (const char* set : {"by_pod", "by_none"})
    CHECK(find_element(table.socket, NFPROTO_INET, "t", set, v4("10.0.0.3")).error().kind() ==
          ErrorKind::not_found);
  NftBatch early(NFPROTO_INET, "t");
  early.remove_chain("left");
  CHECK(early.commit().error().system_errno() == EBUSY);
  table.batch.remove_elements("by_pod", {{v4("10.0.0.1")}});
  table.batch.remove_chain("left");
  table.commit();
  CHECK(table.elements("by_pod").size() == 1);
}

TEST_CASE("ranges of a concatenated key, and intervals of one field") {
  if (!can_run()) return;
  OwnTable table;
  table.batch.add_set(
      {.name = "from",
       .key_type = concatenated(concatenated(NftType::ipv4, NftType::protocol), NftType::port),
       .key_bytes = 12,
       .ranges_of = {4, 1, 2}});
  const std::string tcp = nft_protocol_key(IPPROTO_TCP);
  table.batch.add_elements("from", {{.key = v4("10.0.0.0") + tcp + nft_port_key(80),
                                     .key_last = v4("10.0.0.255") + tcp + nft_port_key(90)}});
  table.batch.add_set(
      {.name = "world", .key_type = number_of(NftType::ipv4), .key_bytes = 4, .flags = NFT_SET_INTERVAL});
  std::vector<NftElement> world = nft_interval(v4("11.0.0.0"), v4("11.255.255.255"));
  for (NftElement& element : nft_interval(v4("240.0.0.0"), v4("255.255.255.255")))
    world.push_back(std::move(element));
  REQUIRE(world.size() == 3);
  table.batch.add_elements("world", world);
  table.batch.add_chain({"forward", "filter", NF_INET_FORWARD, 0});
  table.batch.add_rule("forward", NftRule()
                                      .family(NFPROTO_IPV4)
                                      .load_source(NFPROTO_IPV4, 0)
                                      .load_meta(NFT_META_L4PROTO, 1)
                                      .load_destination_port(2)
                                      .in_set("from", 0)
                                      .verdict(NF_ACCEPT));
  table.batch.add_rule(
      "forward",
      NftRule().family(NFPROTO_IPV4).load_destination(NFPROTO_IPV4, 0).in_set("world", 0).verdict(NF_ACCEPT));
  table.commit();
  const auto from = table.elements("from");
  REQUIRE(from.size() == 1);
  CHECK(from[0].key_last == v4("10.0.0.255") + tcp + nft_port_key(90));
  const auto listed = table.elements("world");
  REQUIRE(listed.size() == 3);
  CHECK((listed[1].key == v4("12.0.0.0") && listed[1].ends_interval));
  table.batch.remove_elements("world", world);
  table.batch.remove_elements("from", from);
  table.commit();
  CHECK((table.elements("world").empty() && table.elements("from").empty()));
}

TEST_CASE("a rule chooses by lot, remembers what it chose, refuses, and marks") {
  if (!can_run()) return;
  OwnTable table;
  const std::uint32_t front = concatenated(NftType::ipv4, NftType::port);
  const std::uint32_t target = concatenated(NftType::ipv4, NftType::port);
  table.batch.add_set({.name = "backend",
                       .key_type = concatenated(front, NftType::mark),
                       .key_bytes = 12,
                       .data_type = target,
                       .data_bytes = 8});
  table.batch.add_set({.name = "seen",
                       .key_type = number_of(NftType::ipv4),
                       .key_bytes = 4,
                       .flags = NFT_SET_TIMEOUT | NFT_SET_EVAL,
                       .elements_max = 1000});
  table.batch.add_chain({"out", "nat", NF_INET_LOCAL_OUT, -100});
  table.batch.add_rule("out", NftRule()
                                  .family(NFPROTO_IPV4)
                                  .protocol(IPPROTO_TCP)
                                  .load_source(NFPROTO_IPV4, 0)
                                  .load_constant(v4("10.96.0.1"), 1)
                                  .load_destination_port(2)
                                  .load_random(3, 65536, 3)
                                  .look_up("backend", 1, 4)
                                  .keep_element("seen", 0, seconds(5))
                                  .destination_nat(NFPROTO_IPV4, 4, 5));
  table.batch.add_chain({"filter", "filter", NF_INET_LOCAL_OUT, 0});
  const auto filter = [&](const NftRule& rule) { table.batch.add_rule("filter", rule); };
  filter(NftRule().protocol(IPPROTO_TCP).reset_connection());
  filter(NftRule().one_in(3).mark(7).refuse(NFT_REJECT_ICMPX_PORT_UNREACH));
  filter(NftRule().protocol(IPPROTO_UDP).is_original_direction().load_source_port(0).set_mark(7));
  table.batch.add_elements("backend", {{v4("10.96.0.1") + nft_port_key(80) + nft_number_key(65537),
                                        v4("10.0.0.7") + nft_port_key(8080)}});
  table.commit();
  CHECK(table.elements("backend").at(0).data == v4("10.0.0.7") + nft_port_key(8080));
  CHECK(table.elements("seen").empty());
}

TEST_CASE("a table that is made again is another, and every change is a generation") {
  if (!can_run()) return;
  OwnTable table;
  CHECK(find_table(table.socket, NFPROTO_INET, "t").error().kind() == ErrorKind::not_found);
  table.commit();
  const auto first = find_table(table.socket, NFPROTO_INET, "t");
  const auto generation = nft_generation(table.socket);
  REQUIRE((first.has_value() && generation.has_value()));
  CHECK(*nft_generation(table.socket) == *generation);
  table.batch.remove_table();
  table.batch.add_table();
  table.commit();
  CHECK(*find_table(table.socket, NFPROTO_INET, "t") != *first);
  CHECK(*nft_generation(table.socket) != *generation);
  CHECK(list_elements(table.socket, NFPROTO_INET, "t", "s").error().kind() == ErrorKind::not_found);
}

TEST_CASE("fifty thousand elements are one batch") {
  if (!can_run()) return;
  OwnTable table;
  const std::uint32_t target = concatenated(NftType::ipv6, NftType::port);
  table.batch.add_set({.name = "m",
                       .key_type = concatenated(target, NftType::mark),
                       .key_bytes = 24,
                       .data_type = target,
                       .data_bytes = 20});
  std::vector<NftElement> elements;
  const std::string address(IpAddress::parse("fd00::1")->bytes());
  for (std::uint32_t i = 0; i < 50'000; ++i)
    elements.push_back({address + nft_port_key(80) + nft_number_key(i), address + nft_port_key(8080)});
  table.batch.add_elements("m", elements);
  table.commit();
  CHECK(table.elements("m").size() == 50'000);
  table.batch.remove_elements("m", elements);
  table.commit();
  CHECK(table.elements("m").empty());
}

}  // namespace podo::linux
