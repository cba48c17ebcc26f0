#include "container/network/networks.h"

#include <algorithm>

#include "base/linux/nftables.h"
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
  CHECK(std::ranges::count(machine.links(machine.host), "podotest0", &linux::Link::name) == 1);
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

TEST_CASE("a new network stays clear of a subnet that came to the host after the start") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.add_route(machine.host, {.destination = *IpPrefix::parse("172.18.0.0/16"),
                                   .gateway = *IpAddress::parse("198.51.100.9"),
                                   .link = machine.link(machine.host, "uplink").index});
  CHECK(machine.run(machine.networks->create({.name = "other"})).pools.at(0).subnet == "172.19.0.0/16");
}

TEST_CASE("bridges do not reach one another, and nobody comes in but to a published port") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  CHECK(machine.run(machine.networks->create({.name = "other"})).pools.at(0).subnet == "172.18.0.0/16");
  const Endpoint a = machine.container("a", {"bridge"}).at(0), b = machine.container("b", {"other"}).at(0);
  const io::Fd in_a = machine.sandbox("a"), in_b = machine.sandbox("b");
  const io::Fd web = listen_in(in_b, "0.0.0.0", 80);
  CHECK(visitor(web, in_a, b.ipv4, 80) != a.ipv4);
  machine.route_from_world("172.18.0.0/16");
  CHECK(visitor(web, machine.world, b.ipv4, 80) != "198.51.100.9");
  machine.publish("b", {.container_port = 80, .host_port_first = 8080});
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "198.51.100.9");
  CHECK(visitor(web, machine.world, b.ipv4, 80) != "198.51.100.9");
  CHECK(visitor(web, in_a, "172.17.0.1", 8080) == "172.18.0.1");  // through the host, as from anywhere
}

TEST_CASE(
    "a published port leads to its container from the world, from the host and from the container itself") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  const Endpoint a = machine.container("a", {"bridge"}).at(0);
  const Endpoint b = machine.container("b", {"bridge"}).at(0);
  const auto ports = machine.publish("a", {.container_port = 80, .host_port_first = 8080});
  REQUIRE(ports.size() == 2);
  CHECK(ports[0].host_ip == "0.0.0.0");
  CHECK(ports[1].host_ip == "::");
  CHECK((ports[0].host_port == 8080 && ports[1].host_port == 8080));
  const io::Fd in_a = machine.sandbox("a"), in_b = machine.sandbox("b");
  const io::Fd web = listen_in(in_a, "0.0.0.0", 80);
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "198.51.100.9");
  CHECK(visitor(web, machine.host, "127.0.0.1", 8080) == "172.17.0.1");
  CHECK(visitor(web, machine.host, "198.51.100.1", 8080) == "198.51.100.1");
  CHECK(visitor(web, in_b, "172.17.0.1", 8080) == "172.17.0.1");
  CHECK(visitor(web, in_a, "198.51.100.1", 8080) == "172.17.0.1");
  CHECK(visitor(web, machine.world, "198.51.100.1", 8081) == "Connection refused");
  machine.run(machine.networks->unpublish("a"));
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "Connection refused");
}

TEST_CASE("a port at one address of the host is not at the others") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.container("a", {"bridge"});
  machine.publish("a", {.container_port = 80, .host_ip = "127.0.0.1", .host_port_first = 8080});
  const io::Fd web = listen_in(machine.sandbox("a"), "0.0.0.0", 80);
  CHECK(visitor(web, machine.host, "127.0.0.1", 8080) == "172.17.0.1");
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "Connection refused");
}

TEST_CASE("an ephemeral port is one that no program of the host has") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.container("a", {"bridge"});
  const io::Fd taken = listen_in(machine.host, "127.0.0.1", 32768);
  const auto ports = machine.publish("a", {.container_port = 80, .host_ip = "127.0.0.1"});
  REQUIRE(ports.size() == 1);
  CHECK(ports[0].host_port == 32769);
}

TEST_CASE("datagrams find a published port, too") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.container("a", {"bridge"});
  machine.publish("a", {.protocol = "udp", .container_port = 53, .host_port_first = 5353});
  const io::Fd server = datagrams_in(machine.sandbox("a"), "0.0.0.0", 53);
  CHECK(sender(server, machine.world, "198.51.100.1", 5353) == "198.51.100.9");
  CHECK(sender(server, machine.host, "127.0.0.1", 5353) == "172.17.0.1");
}

TEST_CASE("datagrams of a client that never stops follow the port to its next container") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  const io::Fd client = socket_in(machine.world, AF_INET, SOCK_DGRAM, 1000);
  Place port("198.51.100.1", 5353);
  REQUIRE(::connect(client.get(), port.get(), port.size) == 0);
  const auto arrives_at = [&](const io::Fd& server) {
    char word[8];
    if (::send(client.get(), "ask", 3, 0) < 0)
      ::send(client.get(), "ask", 3, 0);  // after word of the last one
    return ::recv(server.get(), word, sizeof word, 0) == 3;
  };
  ::send(client.get(), "ask", 3, 0);  // to nobody, which is remembered as well
  for (const char* id : {"a", "b"}) {
    machine.container(id, {"bridge"});
    machine.publish(id, {.protocol = "udp", .container_port = 53, .host_port_first = 5353});
    CHECK(arrives_at(datagrams_in(machine.sandbox(id), "0.0.0.0", 53)));
    machine.run(machine.networks->remove_sandbox(id));
  }
  CHECK(machine.log.lines.empty());
}

TEST_CASE("what the packet filter cannot translate is relayed") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.container("a", {"bridge"});
  machine.publish("a", {.container_port = 80, .host_port_first = 8080});
  const io::Fd web = listen_in(machine.sandbox("a"), "0.0.0.0", 80);
  CHECK(machine.relayed(web, machine.host, "::1", 8080) == "172.17.0.1");
  CHECK(machine.relayed(web, machine.world, "2001:db8:1::1", 8080) == "172.17.0.1");
  machine.publish("a", {.protocol = "udp", .container_port = 53, .host_port_first = 5353});
  const io::Fd names = datagrams_in(machine.sandbox("a"), "0.0.0.0", 53);
  CHECK(machine.relayed(names, machine.host, "::1", 5353, sender) == "172.17.0.1");
  CHECK(machine.relayed(names, machine.world, "2001:db8:1::1", 5353, sender) == "172.17.0.1");
}

TEST_CASE("a network with IPv6 has both families, and ports of both") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  const NetworkRecord six = machine.run(machine.networks->create({.name = "six", .enable_ipv6 = true}));
  REQUIRE(six.pools.size() == 2);
  CHECK(six.pools[1].subnet.starts_with("fd"));
  const Endpoint a = machine.container("a", {"six"}).at(0), b = machine.container("b", {"six"}).at(0);
  const io::Fd in_a = machine.sandbox("a"), in_b = machine.sandbox("b");
  const io::Fd web = listen_in(in_b, "::", 80);
  CHECK(visitor(web, in_a, b.ipv6, 80) == a.ipv6);
  machine.publish("b", {.container_port = 80, .host_port_first = 8080});
  CHECK(visitor(web, machine.world, "2001:db8:1::1", 8080) == "2001:db8:1::9");
  CHECK(visitor(listen_in(machine.world, "::", 80), in_a, "2001:db8:1::9", 80) == "2001:db8:1::1");
  CHECK(visitor(web, in_a, "2001:db8:1::1", 8080) == six.pools[1].gateway);
  CHECK(machine.relayed(web, machine.host, "::1", 8080).ends_with("172.18.0.1"));
}

TEST_CASE("an internal network has no way out and none in") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.run(machine.networks->create({.name = "inner", .internal = true}));
  const Endpoint a = machine.container("a", {"inner"}).at(0), b = machine.container("b", {"inner"}).at(0);
  const io::Fd in_a = machine.sandbox("a"), in_b = machine.sandbox("b");
  CHECK(visitor(listen_in(in_b, "0.0.0.0", 80), in_a, b.ipv4, 80) == a.ipv4);
  const io::Fd world = listen_in(machine.world, "0.0.0.0", 80);
  CHECK(visitor(world, in_a, "198.51.100.9", 80) == "Network is unreachable");
  machine.add_route(in_a, {.destination = *IpPrefix::parse("0.0.0.0/0"),
                           .gateway = *IpAddress::parse(machine.networks->find("inner")->pools[0].gateway),
                           .link = 32});
  CHECK(visitor(world, in_a, "198.51.100.9", 80) != "198.51.100.1");
  CHECK(machine.publish("a", {.container_port = 80, .host_port_first = 8080}).empty());
}

TEST_CASE("a container cannot reach what the host has on its loopback") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.container("a", {"bridge"});
  const io::Fd in_a = machine.sandbox("a");
  {
    const auto visit = *linux::NetworkNamespaceVisit::enter(in_a);
    REQUIRE(linux::write_net_sysctl("ipv4/conf/eth0/route_localnet", "1").has_value());
    linux::LinkRequests requests;
    requests.remove_address(1, *IpPrefix::parse("127.0.0.1/8"));
    auto socket = *linux::NetlinkSocket::open();
    REQUIRE(socket.send_all(requests.all()).has_value());
  }
  machine.add_route(in_a, {.destination = *IpPrefix::parse("127.0.0.1/32"),
                           .gateway = *IpAddress::parse("172.17.0.1"),
                           .link = 32});
  const io::Fd secret = listen_in(machine.host, "127.0.0.1", 80);
  CHECK(visitor(secret, in_a, "127.0.0.1", 80) == "Operation now in progress");  // its time was over
}

TEST_CASE("ports that are taken are refused in Docker's words, and ephemeral ones go round") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  const Endpoint a = machine.container("a", {"bridge"}).at(0);
  machine.container("b", {"bridge"});
  machine.publish("a", {.container_port = 80, .host_port_first = 8080});
  const Error twice =
      machine.fails(machine.networks->publish("b", {{.container_port = 80, .host_port_first = 8080}}));
  CHECK(twice.kind() == ErrorKind::already_exists);
  CHECK(twice.message().starts_with("driver failed programming external connectivity on endpoint name-b ("));
  CHECK(twice.message().ends_with("): Bind for 0.0.0.0:8080 failed: port is already allocated"));
  const io::Fd other = listen_in(machine.host, "0.0.0.0", 9090);
  const Error taken =
      machine.fails(machine.networks->publish("b", {{.container_port = 80, .host_port_first = 9090}}));
  CHECK(taken.message().ends_with("): failed to bind host port 0.0.0.0:9090/tcp: address already in use"));
  CHECK(!listen_in(machine.host, "0.0.0.0", 8080));
  const auto first = machine.publish("b", {.container_port = 81}),
             second = machine.publish("b", {.container_port = 82});
  CHECK(first.at(0).host_port >= 1024);
  CHECK(first.at(0).host_port == first.at(1).host_port);
  CHECK(second.at(2).host_port == first.at(0).host_port + 1);
  const auto range =
      machine.publish("b", {.container_port = 83, .host_port_first = 9089, .host_port_last = 9092});
  CHECK(range.back().host_port == 9089);
}

TEST_CASE("networks are connected and disconnected while a container runs; the highest priority leads out") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.run(machine.networks->create({.name = "other"}));
  machine.container("a", {"bridge"});
  const io::Fd in_a = machine.sandbox("a"), web = listen_in(in_a, "0.0.0.0", 80);
  machine.publish("a", {.container_port = 80, .host_port_first = 8080});
  const Endpoint second = machine.run(
      machine.networks->attach("other", {.container_id = "a", .container_name = "a", .gateway_priority = 1}));
  CHECK(second.interface == "eth1");
  CHECK(machine.default_route(in_a).gateway.to_text() == "172.18.0.1");
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "198.51.100.9");
  machine.run(machine.networks->detach("bridge", "a"));
  CHECK(machine.links(in_a).size() == 2);
  CHECK(visitor(web, machine.world, "198.51.100.1", 8080) == "198.51.100.9");
  CHECK(machine.run(machine.networks->attach("bridge", {.container_id = "a", .container_name = "a"}))
            .interface == "eth0");
  CHECK(machine.default_route(in_a).gateway.to_text() == "172.18.0.1");
  machine.run(machine.networks->detach("other", "a"));
  CHECK(machine.default_route(in_a).gateway.to_text() == "172.17.0.1");
  CHECK(machine.fails(machine.networks->detach("other", "a")).message() ==
        "container a is not connected to network other");
}

TEST_CASE("options of a bridge: its name, its size of packets, no talk between containers") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.run(machine.networks->create({.name = "odd",
                                        .options = {{"com.docker.network.bridge.name", "odd0"},
                                                    {"com.docker.network.driver.mtu", "1280"},
                                                    {"com.docker.network.bridge.enable_icc", "false"}}}));
  const Endpoint a = machine.container("a", {"odd"}).at(0), b = machine.container("b", {"odd"}).at(0);
  const io::Fd in_a = machine.sandbox("a"), in_b = machine.sandbox("b");
  CHECK(machine.link(machine.host, "odd0").mtu == 1280);
  CHECK(machine.link(in_a, "eth0").mtu == 1280);
  const io::Fd web = listen_in(in_b, "0.0.0.0", 80);
  CHECK(visitor(web, in_a, b.ipv4, 80) != a.ipv4);
  machine.publish("b", {.container_port = 80, .host_port_first = 8080});
  CHECK(visitor(web, in_a, a.gateway4, 8080) == a.gateway4);
}

TEST_CASE("a container on a link of the host by macvlan") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.run(machine.networks->create({.name = "wire",
                                        .driver = "macvlan",
                                        .pools = {{.subnet = "198.51.100.0/24", .gateway = "198.51.100.254"}},
                                        .options = {{"parent", "uplink"}}}));
  const Endpoint a = machine.run(machine.networks->make_sandbox("a")).id == "a"
                         ? machine.run(machine.networks->attach(
                               "wire", {.container_id = "a", .container_name = "a", .ipv4 = "198.51.100.77"}))
                         : Endpoint();
  CHECK(visitor(listen_in(machine.world, "0.0.0.0", 80), machine.sandbox("a"), "198.51.100.9", 80) == a.ipv4);
  machine.run(machine.networks->detach("wire", "a"));
  CHECK(machine.links(machine.sandbox("a")).size() == 1);
}

TEST_CASE("a container that starts again at once has its address again") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.run(machine.networks->create({.name = "tiny", .pools = {{.subnet = "10.0.0.0/30"}}}));
  for (int i = 0; i < 3; ++i) {
    machine.run(machine.networks->make_sandbox("a"));
    const EndpointWish wish{.container_id = "a", .container_name = "a", .ipv4 = i == 1 ? "" : "10.0.0.2"};
    CHECK(machine.run(machine.networks->attach("tiny", wish)).ipv4 == "10.0.0.2");
    machine.run(machine.networks->make_sandbox("b"));
    const Error full =
        machine.fails(machine.networks->attach("tiny", {.container_id = "b", .container_name = "b"}));
    CHECK(full.message().starts_with("no available IPv4 addresses on this network's address pools: tiny ("));
    machine.run(machine.networks->remove_sandbox("a"));
  }
}

TEST_CASE("networks are refused in Docker's words") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  const auto create = [&](NetworkRecord record) {
    return machine.fails(machine.networks->create(record)).message();
  };
  machine.run(machine.networks->create({.name = "n", .pools = {{.subnet = "10.1.0.0/16"}}}));
  CHECK(create({.name = "n"}) == "network with name n already exists");
  CHECK(create({.name = "bridge"}) == "operation is not permitted on predefined bridge network");
  CHECK(create({.name = "x", .driver = "magic"}) == "plugin \"magic\" not found");
  CHECK(create({.name = "x", .pools = {{.subnet = "10.1.2.0/24"}}}) ==
        "invalid pool request: Pool overlaps with other one on this address space");
  CHECK(machine.fails(machine.networks->remove("nothing")).message() == "network nothing not found");
  CHECK(machine.fails(machine.networks->remove("bridge")).message() ==
        "bridge is a pre-defined network and cannot be removed");
  machine.container("a", {"n"});
  CHECK(machine.fails(machine.networks->remove("n"))
            .message()
            .starts_with(
                "error while removing network: network n has active endpoints (name:\"name-a\" id:\""));
  machine.run(machine.networks->remove_sandbox("a"));
  machine.run(machine.networks->remove("n"));
  CHECK(machine.networks->find("n") == nullptr);
}

TEST_CASE("nothing stays in the kernel when networks are closed for good") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.run(machine.networks->create({.name = "n"}));
  machine.container("a", {"bridge", "n"});
  machine.publish("a", {.container_port = 80, .host_port_first = 8080});
  machine.run(machine.networks->close(true));
  machine.networks.reset();
  CHECK(machine.links(machine.host).size() == 2);  // lo and the uplink
  CHECK(linux::list_base_chains()->empty());
  CHECK(::access((machine.folder + "/netns/a").c_str(), F_OK) != 0);
}

}  // namespace podo::network
