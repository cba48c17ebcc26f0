#include "container/network/ipam.h"

#include <doctest/doctest.h>

#include "container/network/plan_network.h"
#include "container/network/record_json.h"

namespace podo::network {
namespace {

IpPrefix prefix(const char* text) { return *IpPrefix::parse(text); }
IpAddress address(const char* text) { return *IpAddress::parse(text); }

NetworkGround ground() {
  return {.taken = {}, .host = {}, .sources = default_subnet_sources(), .entropy = 0x0102030405};
}

std::string refusal(NetworkRecord record, NetworkGround on = ground()) {
  record.name = record.name.empty() ? "n" : record.name;
  record.id = "0123456789abcdef";
  const auto planned = plan_network(std::move(record), on);
  return planned ? "accepted" : planned.error().message();
}
NetworkRecord plan(NetworkRecord record, NetworkGround on = ground()) {
  record.name = record.name.empty() ? "n" : record.name;
  record.id = "0123456789abcdef";
  const auto planned = plan_network(std::move(record), on);
  REQUIRE_MESSAGE(planned.has_value(), (planned ? "" : planned.error().message()));
  return *planned;
}

}  // namespace

TEST_CASE("addresses are given from the lowest on, and given back") {
  AddressPool pool(prefix("10.0.0.0/29"), prefix("10.0.0.0/29"));
  for (const char* expected : {"10.0.0.1", "10.0.0.2", "10.0.0.3"})
    CHECK(*pool.take_any() == address(expected));
  CHECK(pool.take(address("10.0.0.3")).error().message() == "Address already in use");
  CHECK(pool.take(address("10.0.0.5")).has_value());
  CHECK(pool.take(address("10.0.1.5")).error().kind() == ErrorKind::invalid);
  pool.give_back(address("10.0.0.2"));
  for (const char* expected : {"10.0.0.2", "10.0.0.4", "10.0.0.6"})
    CHECK(*pool.take_any() == address(expected));
  CHECK(pool.take_any().error().kind() == ErrorKind::exhausted);
  pool.give_back(address("10.0.0.6"));
  CHECK(*pool.take_any() == address("10.0.0.6"));
}

TEST_CASE("a range gives its own addresses only; the smallest subnets give all they have") {
  AddressPool ranged(prefix("10.0.0.0/24"), prefix("10.0.0.64/31"));
  CHECK(*ranged.take_any() == address("10.0.0.64"));
  CHECK(*ranged.take_any() == address("10.0.0.65"));
  CHECK(!ranged.take_any().has_value());
  CHECK(ranged.take(address("10.0.0.9")).has_value());
  AddressPool pair(prefix("10.0.0.0/31"), prefix("10.0.0.0/31"));
  CHECK(*pair.take_any() == address("10.0.0.0"));
  CHECK(*pair.take_any() == address("10.0.0.1"));
  CHECK(!pair.take_any().has_value());
  AddressPool six(prefix("fd00::/64"), prefix("fd00::/64"));
  CHECK(*six.take_any() == address("fd00::1"));
  AddressPool last(prefix("255.255.255.0/24"), prefix("255.255.255.254/31"));
  CHECK(*last.take_any() == address("255.255.255.254"));
  CHECK(!last.take_any().has_value());
}

TEST_CASE("subnets are cut from the pools beside what is taken") {
  const auto sources = default_subnet_sources();
  std::vector<IpPrefix> taken;
  CHECK(*choose_subnet(sources, taken) == prefix("172.17.0.0/16"));
  taken = {prefix("172.17.4.0/24"), prefix("172.18.0.0/15"), prefix("172.21.255.0/24")};
  CHECK(*choose_subnet(sources, taken) == prefix("172.20.0.0/16"));
  taken = {prefix("172.16.0.0/12"), prefix("192.168.1.0/24")};
  CHECK(*choose_subnet(sources, taken) == prefix("192.168.16.0/20"));
  taken = {};
  std::size_t count = 0;
  for (auto next = choose_subnet(sources, taken); next; next = choose_subnet(sources, taken), ++count)
    taken.push_back(*next);
  CHECK(count == 15 + 16);
  CHECK(choose_subnet(sources, taken).error().message() ==
        "all predefined address pools have been fully subnetted");
}

TEST_CASE("what a network leaves open is chosen") {
  const NetworkRecord record = plan({.enable_ipv6 = true});
  CHECK(record.bridge_name == "br-0123456789ab");
  REQUIRE(record.pools.size() == 2);
  CHECK(record.pools[0].gateway == "172.17.0.1");
  CHECK(record.pools[1].subnet == "fd05:403:201::/64");
  CHECK(!record.pools_by_user);
  const NetworkRecord wished = plan({.pools = {{.subnet = "10.0.0.0/24",
                                                .ip_range = "10.0.0.128/25",
                                                .auxiliary_addresses = {{"router", "10.0.0.1"}}}}});
  CHECK(wished.pools_by_user);
  CHECK(wished.pools[0].gateway == "10.0.0.2");
  CHECK(*(*address_pool(wished, false))->take_any() == address("10.0.0.128"));
}

TEST_CASE("wishes that contradict themselves are refused") {
  CHECK(refusal({.pools = {{.subnet = "10.0.0.1/24"}}}) ==
        "invalid network config:\ninvalid subnet 10.0.0.1/24: it should be 10.0.0.0/24");
  CHECK(refusal({.pools = {{.subnet = "10.0.0.0/24", .ip_range = "10.0.0.0/16"}}})
            .contains("bigger than its parent"));
  CHECK(refusal({.pools = {{.subnet = "10.0.0.0/24", .ip_range = "10.0.1.0/25"}}})
            .contains("doesn't contain ip-range"));
  CHECK(refusal({.pools = {{.subnet = "10.0.0.0/24", .gateway = "10.0.1.1"}}})
            .contains("invalid gateway 10.0.1.1"));
  CHECK(refusal({.pools = {{.subnet = "nonsense"}}}).contains("invalid CIDR address: nonsense"));
  CHECK(refusal({.pools = {{.subnet = "10.0.0.0/24"}, {.subnet = "10.0.1.0/24"}}})
            .contains("multiple subnets"));
  CHECK(refusal({.driver = "host"}) == "only one instance of \"host\" network is allowed");
  CHECK(refusal({.options = {{"com.docker.network.bridge.name", "a-name-that-is-too-long"}}})
            .contains("bridge name"));
}

TEST_CASE("records come back from the store as they went") {
  NetworkRecord record = plan({.name = "n \"quoted\"", .enable_ipv6 = true, .internal = true});
  record.labels = {{"a", "b"}, {"", "empty"}};
  const auto back = decode_network(encode(record));
  REQUIRE(back.has_value());
  CHECK(encode(*back) == encode(record));
  CHECK(back->labels == record.labels);
  CHECK(back->pools.at(1).subnet == record.pools.at(1).subnet);
  Endpoint endpoint{
      .id = "e", .ipv4 = "10.0.0.2", .prefix4 = 24, .wish = {.container_id = "c", .container_name = "n"}};
  endpoint.wish.aliases = {"x", "y"};
  endpoint.wish.gateway_priority = -3;
  const auto endpoint_back = decode_endpoint(encode(endpoint));
  REQUIRE(endpoint_back.has_value());
  CHECK(encode(*endpoint_back) == encode(endpoint));
  CHECK(endpoint_back->wish.gateway_priority == -3);
  const auto ports =
      decode_ports(encode({{.protocol = "udp", .container_port = 53, .host_ip = "::", .host_port = 5353}}));
  REQUIRE(ports.has_value());
  CHECK((ports->at(0).host_port == 5353 && ports->at(0).protocol == "udp"));
  CHECK(!decode_network("{\"id\": 7}").has_value());
}

}  // namespace podo::network
