// Networks whose containers are no neighbours (routed_option), with and without br_netfilter.
#include "base/linux/nftables.h"
#include "container/network/network_testing.h"
#include "container/network/traffic_testing.h"

namespace podo::network {
namespace {

struct RoutedMachine : TestMachine {
  explicit RoutedMachine(bool bridged_is_filtered) {
    filter_bridged(bridged_is_filtered);
    open();
    run(networks->create({.name = "pods",
                          .enable_ipv6 = true,
                          .pools = {{.subnet = "10.244.0.0/24"}},
                          .options = {{routed_option, "true"}}}));
  }
  // Where the kernel has no br_netfilter there is nothing to turn on.
  void filter_bridged(bool on) {
    for (const char* family : {"iptables", "ip6tables"})
      (void)linux::write_net_sysctl(text("bridge/bridge-nf-call-{}", family), on ? "1" : "0");
  }
  std::string bridge() const { return networks->find("pods")->bridge_name; }
};

constexpr bool with_and_without[] = {true, false};

// A policy that lets nothing from bridge to bridge.
linux::NftBatch strict_forward(const std::string& bridge) {
  linux::NftBatch strict(NFPROTO_INET, "strict");
  strict.add_table();
  strict.add_chain({"forward", "filter", NF_INET_FORWARD, 10});
  strict.add_rule("forward",
                  linux::NftRule().interface_in(bridge).interface_out(bridge).count().verdict(NF_DROP));
  return strict;
}

linux::NftBatch no_policy() {
  linux::NftBatch strict(NFPROTO_INET, "strict");
  strict.remove_table();
  return strict;
}

}  // namespace

TEST_CASE("containers of a routed network reach each other, the host and the world in both families") {
  if (!can_run()) return;
  for (const bool filtered : with_and_without) {
    RoutedMachine machine(filtered);
    const Endpoint a = machine.container("a", {"pods"}).at(0), b = machine.container("b", {"pods"}).at(0);
    CHECK((a.ipv4 == "10.244.0.2" && a.prefix4 == 32 && a.prefix6 == 128));
    const io::Fd in_a = machine.sandbox("a"), in_b = machine.sandbox("b");
    CHECK(visitor(listen_in(in_b, "0.0.0.0", 80), in_a, b.ipv4, 80) == a.ipv4);
    CHECK(visitor(listen_in(in_b, "::", 80), in_a, b.ipv6, 80) == a.ipv6);
    CHECK(sender(datagrams_in(in_b, "0.0.0.0", 81), in_a, b.ipv4, 81) == a.ipv4);
    CHECK(visitor(listen_in(machine.host, "0.0.0.0", 80), in_a, a.gateway4, 80) == a.ipv4);
    CHECK(visitor(listen_in(in_b, "0.0.0.0", 82), machine.host, b.ipv4, 82) == b.gateway4);
    CHECK(visitor(listen_in(in_b, "::", 83), machine.host, b.ipv6, 83) == b.gateway6);
    CHECK(visitor(listen_in(machine.world, "0.0.0.0", 80), in_a, "198.51.100.9", 80) == "198.51.100.1");
    CHECK(visitor(listen_in(machine.world, "::", 80), in_a, "2001:db8:1::9", 80) == "2001:db8:1::1");
    CHECK(machine.log.lines.empty());
  }
}

TEST_CASE("what containers of a routed network send each other passes the hook forward") {
  if (!can_run()) return;
  for (const bool filtered : with_and_without) {
    RoutedMachine machine(filtered);
    const Endpoint a = machine.container("a", {"pods"}).at(0), b = machine.container("b", {"pods"}).at(0);
    const io::Fd in_a = machine.sandbox("a"), web = listen_in(machine.sandbox("b"), "0.0.0.0", 80);
    REQUIRE(strict_forward(machine.bridge()).commit().has_value());
    CHECK(visitor(web, in_a, b.ipv4, 80) != a.ipv4);
    // Who tries to be a neighbour all the same finds nobody, or is filtered.
    machine.add_route(in_a, {.destination = *IpPrefix::parse(b.ipv4 + "/32"), .link = 32});
    CHECK(visitor(web, in_a, b.ipv4, 80) != a.ipv4);
    REQUIRE(no_policy().commit().has_value());
    CHECK((visitor(web, in_a, b.ipv4, 80) == a.ipv4) == filtered);
  }
}

TEST_CASE("who meets another container of a routed network by a translated address is seen with its own") {
  if (!can_run()) return;
  for (const bool filtered : with_and_without) {
    RoutedMachine machine(filtered);
    const Endpoint a = machine.container("a", {"pods"}).at(0);
    machine.container("b", {"pods"});
    machine.publish("b", {.container_port = 80, .host_port_first = 8080});
    const io::Fd in_a = machine.sandbox("a"), web = listen_in(machine.sandbox("b"), "0.0.0.0", 80);
    CHECK(visitor(web, in_a, a.gateway4, 8080) == a.ipv4);
    CHECK(visitor(web, in_a, "198.51.100.1", 8080) == a.ipv4);
    CHECK(visitor(web, machine.sandbox("b"), a.gateway4, 8080) == a.gateway4);  // itself: by the bridge
    CHECK(visitor(web, machine.host, "127.0.0.1", 8080) == a.gateway4);
    CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "198.51.100.9");
  }
}

TEST_CASE("br_netfilter is turned on or off under a routed network; after kill -9 it is as before") {
  if (!can_run()) return;
  for (const bool filtered : with_and_without) {
    RoutedMachine machine(filtered);
    const Endpoint a = machine.container("a", {"pods"}).at(0), b = machine.container("b", {"pods"}).at(0);
    machine.publish("b", {.container_port = 80, .host_port_first = 8080});
    const io::Fd in_a = machine.sandbox("a"), web = listen_in(machine.sandbox("b"), "0.0.0.0", 80);
    machine.filter_bridged(!filtered);
    machine.container("c", {"pods"});
    CHECK(visitor(web, in_a, a.gateway4, 8080) == a.ipv4);
    machine.crash();
    machine.filter_bridged(filtered);
    machine.open();
    machine.run(machine.networks->restore({"a", "b"}));
    CHECK(visitor(web, in_a, b.ipv4, 80) == a.ipv4);
    CHECK(visitor(web, in_a, a.gateway4, 8080) == a.ipv4);
    CHECK(machine.log.lines.empty());
  }
}

TEST_CASE("a routed network cannot be internal") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  const Error refused = machine.fails(
      machine.networks->create({.name = "n", .internal = true, .options = {{routed_option, "true"}}}));
  CHECK(refused.message() == "a network with the option podo.network.routed cannot be internal");
}

}  // namespace podo::network
