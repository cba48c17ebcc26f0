#include "container/network/networks.h"

#include <algorithm>

#include "container/network/network_testing.h"
#include "container/network/traffic_testing.h"

namespace podo::network {

TEST_CASE("the first start makes the networks bridge, host and none, and a bridge in the kernel") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  CHECK(machine.networks->list().size() == 3);
  const NetworkRecord* bridge = machine.networks->find("bridge");
  REQUIRE(bridge != nullptr);
  CHECK(bridge->driver == "bridge");
  CHECK(bridge->pools.at(0).subnet == "172.17.0.0/16");
  CHECK(bridge->pools.at(0).gateway == "172.17.0.1");
  CHECK(machine.networks->find("none")->driver == "null");
  CHECK(machine.networks->find(bridge->id.substr(0, 12)) == bridge);
  const auto links = machine.links(machine.host);
  CHECK(std::ranges::count(links, "podotest0", &linux::Link::name) == 1);
  CHECK(machine.log.lines.empty());
}

TEST_CASE("containers of one bridge reach each other, the host and the world") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  const Endpoint a = machine.container("a", {"bridge"}).at(0);
  const Endpoint b = machine.container("b", {"bridge"}).at(0);
  CHECK(a.ipv4 == "172.17.0.2");
  CHECK(a.mac == "02:42:ac:11:00:02");
  CHECK(a.interface == "eth0");
  CHECK(b.ipv4 == "172.17.0.3");
  const io::Fd in_a = machine.sandbox("a"), in_b = machine.sandbox("b");
  CHECK(visitor(listen_in(in_b, "0.0.0.0", 80), in_a, b.ipv4, 80) == a.ipv4);
  CHECK(visitor(listen_in(machine.host, "0.0.0.0", 80), in_a, "172.17.0.1", 80) == a.ipv4);
  CHECK(visitor(listen_in(in_b, "0.0.0.0", 80), machine.host, b.ipv4, 80) == "172.17.0.1");
  CHECK(visitor(listen_in(machine.world, "0.0.0.0", 80), in_a, "198.51.100.9", 80) == "198.51.100.1");
}

}  // namespace podo::network
