#include <algorithm>

#include "base/linux/nftables.h"
#include "container/network/firewall.h"
#include "container/network/network_testing.h"
#include "container/network/traffic_testing.h"

namespace podo::network {

TEST_CASE("after kill -9 the running containers keep everything, and the others leave nothing") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.run(machine.networks->create({.name = "n"}));
  const Endpoint a = machine.container("a", {"n"}).at(0), b = machine.container("b", {"n"}).at(0);
  machine.publish("a", {.container_port = 80, .host_port_first = 8080});
  machine.publish("b", {.container_port = 80, .host_port_first = 8081});
  const io::Fd web = listen_in(machine.sandbox("a"), "0.0.0.0", 80);
  machine.crash();
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "198.51.100.9");  // needs no daemon
  machine.open();
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "198.51.100.9");  // nor a restored one
  machine.run(machine.networks->restore({"a"}));
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "198.51.100.9");
  CHECK(machine.relayed(web, machine.host, "::1", 8080) == "172.18.0.1");
  CHECK(!listen_in(machine.host, "0.0.0.0", 8080));
  CHECK(!!listen_in(machine.host, "0.0.0.0", 8081));
  CHECK(machine.networks->endpoints_of_container("a").size() == 1);
  CHECK(machine.networks->endpoints_of_container("b").empty());
  CHECK(::access((machine.folder + "/netns/b").c_str(), F_OK) != 0);
  CHECK(machine.count_links("veth") == 1);
  CHECK(machine.container("c", {"n"}).at(0).ipv4 == b.ipv4);
  CHECK(machine.log.lines.empty());
}

TEST_CASE("after a reboot networks are as before, and nobody is on them") {
  if (!can_run()) return;
  TestMachine before;
  before.open();
  const NetworkRecord n = before.run(before.networks->create({.name = "n", .enable_ipv6 = true}));
  before.container("a", {"n"});
  before.run(before.networks->close(false));
  before.networks.reset();
  before.lose_kernel_state();
  before.open();
  before.run(before.networks->restore({}));
  REQUIRE(before.networks->find("n") != nullptr);
  CHECK(before.networks->find("n")->id == n.id);
  CHECK(before.networks->find("n")->pools[1].subnet == n.pools[1].subnet);
  CHECK(before.networks->endpoints_of_network(n.id).empty());
  const Endpoint a = before.container("a", {"n"}).at(0);
  CHECK(visitor(listen_in(before.world, "0.0.0.0", 80), before.sandbox("a"), "198.51.100.9", 80) ==
        "198.51.100.1");
}

TEST_CASE("a table that somebody flushed is made again with the next change") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.container("a", {"bridge"});
  machine.publish("a", {.container_port = 80, .host_port_first = 8080});
  const io::Fd web = listen_in(machine.sandbox("a"), "0.0.0.0", 80);
  REQUIRE(firewall_removed("podotest").commit().has_value());
  machine.publish("a", {.container_port = 81, .host_port_first = 8081});
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "198.51.100.9");
  CHECK(machine.log.lines.contains("is made again"));
}

TEST_CASE("a host that drops what is forwarded is warned about, and still decides") {
  if (!can_run()) return;
  TestMachine machine;
  linux::NftBatch strict(NFPROTO_INET, "strict");
  strict.add_table();
  strict.add_chain({"forward", "filter", NF_INET_FORWARD, 0, NF_DROP});
  REQUIRE(strict.commit().has_value());
  machine.open();
  CHECK(machine.log.lines.contains("chain forward of table strict drops what it does not accept"));
  machine.container("a", {"bridge"});
  machine.publish("a", {.container_port = 80, .host_port_first = 8080});
  const io::Fd web = listen_in(machine.sandbox("a"), "0.0.0.0", 80);
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) ==
        "Operation now in progress");  // its time was over
}

TEST_CASE("two daemons side by side do not touch each other's") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open({.prefix = "one"});
  machine.container("a", {"bridge"});
  auto second_store = store::make_memory_store(machine.loop, machine.random);
  NetworksGround ground = machine.ground();
  NetworksGround other{ground.loop, ground.pool, *second_store, ground.random, ground.clock, ground.log};
  auto two = machine.run(Networks::open(other, {.run_folder = machine.folder + "/two", .prefix = "two"}));
  machine.run(two->restore({}));
  CHECK(two->find("bridge")->pools[0].subnet == "172.18.0.0/16");  // the first one's is on the host's routes
  machine.run(two->close(true));
  CHECK(machine.count_links("veth") == 1);
  CHECK(visitor(listen_in(machine.world, "0.0.0.0", 80), machine.sandbox("a"), "198.51.100.9", 80) ==
        "198.51.100.1");
  two.reset();
  ::rmdir((machine.folder + "/two/netns").c_str());
  ::rmdir((machine.folder + "/two").c_str());
}

}  // namespace podo::network
