#include "base/linux/links.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/linux/namespaces.h"

namespace podo::linux {
namespace {

bool can_run() {
  if (::geteuid() == 0) return true;
  MESSAGE("skipped: network namespaces need root");
  return false;
}

Result<> send(const LinkRequests& requests) {
  NetlinkSocket socket = TRY(NetlinkSocket::open());
  return socket.send_all(requests.all());
}

}  // namespace

TEST_CASE("a bridge, a veth into another namespace, addresses and a route in two datagrams") {
  if (!can_run()) return;
  const auto visit = NetworkNamespaceVisit::enter_new();
  io::Fd inside;
  {
    const auto made = NetworkNamespaceVisit::enter_new();
    inside = *current_network_namespace();
  }
  const MacAddress mac{2, 0, 0, 0, 0, 1};
  LinkRequests outside;
  outside.add_bridge("br0", mac, 1400);
  outside.add_veth({.name = "eth0", .index = 77, .peer = "other"});  // two namespaces: twice the same
  REQUIRE(send(outside).has_value());
  const VethWish pair{.name = "eth0", .index = 77, .mac = mac, .up = true, .mtu = 1400, .peer = "v0"};
  const Result<> paired = add_veth_into(inside, pair);
  REQUIRE_MESSAGE(paired.has_value(), (paired ? "" : paired.error().message()));
  NetlinkSocket socket = *NetlinkSocket::open();
  const auto bridge = *find_link(socket, "br0");
  REQUIRE(bridge.has_value());
  CHECK((bridge->kind == "bridge" && bridge->mtu == 1400 && bridge->mac.size() == 6));
  LinkRequests join;
  join.change_link("v0", {.up = true, .master = bridge->index, .alias = "for a test", .no_link_local = true});
  join.change_port("v0", {.isolated = true, .hairpin = true});
  join.change_link(bridge->index, {.up = true});
  join.settle_link("v0");
  REQUIRE(send(join).has_value());
  const auto port = *find_link(socket, "v0");
  CHECK((port->master == bridge->index && port->alias == "for a test" && port->up));
  const auto addresses = *list_addresses(socket);
  for (const LinkAddress& address : addresses) CHECK(address.link != port->index);

  const auto there = NetworkNamespaceVisit::enter(inside);
  LinkRequests addressed;
  addressed.add_address(77, *IpPrefix::parse("10.0.0.2/24"));
  addressed.add_route(
      {.destination = *IpPrefix::parse("0.0.0.0/0"), .gateway = *IpAddress::parse("10.0.0.1"), .link = 77});
  REQUIRE(send(addressed).has_value());
  NetlinkSocket socket_inside = *NetlinkSocket::open();
  const auto routes = *list_routes(socket_inside, AF_INET);
  REQUIRE(routes.size() == 2);
  CHECK(routes[0].gateway.to_text() == "10.0.0.1");
  CHECK(routes[1].destination.to_text() == "10.0.0.0/24");
}

TEST_CASE("a failure names what failed, in the kernel's words where it has some") {
  if (!can_run()) return;
  const auto visit = NetworkNamespaceVisit::enter_new();
  LinkRequests requests;
  requests.add_bridge("br0", {2, 0, 0, 0, 0, 1}, 0);
  requests.add_bridge("br0", {2, 0, 0, 0, 0, 1}, 0);
  const auto twice = send(requests);
  CHECK(twice.error().kind() == ErrorKind::already_exists);
  CHECK(twice.error().message() == "add bridge br0: File exists");
  LinkRequests route;
  route.add_route(
      {.destination = *IpPrefix::parse("0.0.0.0/0"), .gateway = *IpAddress::parse("10.0.0.1"), .link = 1});
  CHECK(send(route).error().message() ==
        "add route to 0.0.0.0/0: Nexthop has invalid gateway: Network is unreachable");
  LinkRequests nothing;
  nothing.remove_link("nothing");
  CHECK(send(nothing).error().message() == "remove link nothing: No such device");
}

TEST_CASE("a pinned namespace outlives its makers, and is gone once unpinned") {
  if (!can_run()) return;
  const std::string path = text("/tmp/podo-pin-{}", ::getpid());
  io::Fd made;
  {
    const auto visit = NetworkNamespaceVisit::enter_new();
    made = *current_network_namespace();
    LinkRequests requests;
    requests.change_link(1, {.up = true});
    REQUIRE(send(requests).has_value());
  }
  REQUIRE(pin_namespace(made, path).has_value());
  CHECK(pin_namespace(made, path).error().kind() == ErrorKind::already_exists);
  made.close();
  {
    const auto visit = NetworkNamespaceVisit::enter(*open_pinned_namespace(path));
    NetlinkSocket socket = *NetlinkSocket::open();
    CHECK((*find_link(socket, "lo"))->up);
  }
  CHECK(unpin_namespace(path).has_value());
  CHECK(::access(path.c_str(), F_OK) != 0);
  CHECK(unpin_namespace(path).has_value());
  CHECK(!open_pinned_namespace(path).has_value());
}

}  // namespace podo::linux
