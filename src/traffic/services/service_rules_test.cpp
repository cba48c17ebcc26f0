#include "traffic/services/service_rules.h"

#include <fcntl.h>
#include <poll.h>

#include <array>
#include <set>

#include "base/core/random.h"
#include "base/linux/nftables.h"
#include "traffic/services/service_rules_testing.h"

namespace podo::services {
namespace {

using network::datagrams_in;
using network::listen_in;
using network::Place;
using network::socket_in;
using network::visitor;

const FrontKey web4 = front_at("10.96.0.10", IPPROTO_TCP, 80);
const FrontKey web6 = front_at("fd00:96::a", IPPROTO_TCP, 80);
const FrontKey node4 = front_at("0.0.0.0", IPPROTO_TCP, 30080);
const FrontKey node6 = front_at("::", IPPROTO_TCP, 30080);
constexpr int nobody = -1;

// A web server in each pod that is asked for.
struct Servers {
  Servers(const TestNode& node, int count, bool v6 = false) {
    for (int n = 0; n < count; ++n)
      listening.push_back(listen_in(node.pods[static_cast<std::size_t>(n)], v6 ? "::" : "0.0.0.0", 8080));
  }

  struct Visit {
    int server = nobody;
    std::string seen_as = {};
    std::string failure = {};
  };
  // Which of the servers somebody reaches who connects, and as whom.
  Visit visit(const io::Fd& from, const std::string& address, std::uint16_t port,
              const std::string& as = "") const {
    Place to(address, port);
    const io::Fd client = socket_in(from, to.storage.ss_family, SOCK_STREAM, 400);
    if (!as.empty()) {
      Place self(as, 0);
      REQUIRE(::bind(client.get(), self.get(), self.size) == 0);
    }
    if (::connect(client.get(), to.get(), to.size) != 0) return {.failure = std::strerror(errno)};
    std::vector<pollfd> ready;
    for (const io::Fd& server : listening) ready.push_back({server.get(), POLLIN, 0});
    if (::poll(ready.data(), ready.size(), 1000) <= 0) return {.failure = "somebody else answered"};
    for (std::size_t n = 0; n < ready.size(); ++n) {
      if (ready[n].revents == 0) continue;
      Place peer;
      const io::Fd server(::accept4(listening[n].get(), peer.get(), &peer.size, SOCK_CLOEXEC));
      char word[8] = {};
      if (::send(server.get(), "podo", 4, 0) != 4 || ::recv(client.get(), word, 8, 0) != 4) break;
      return {static_cast<int>(n), peer.address(), {}};
    }
    return {.failure = "no answer"};
  }

  std::vector<io::Fd> listening;
};

Front front_of_pods(std::initializer_list<int> pods, bool v6 = false) {
  Front front{.service = "default/web:http"};
  for (const int n : pods) front.backends.push_back(TestNode::of_pod(n, 8080, v6));
  return front;
}

}  // namespace

TEST_CASE(
    "a cluster IP leads to each of its backends, from pods and from the host, who are seen as themselves") {
  if (!can_run()) return;
  for (const bool bridged_is_filtered : {false, true}) {
    TestNode node(bridged_is_filtered);
    const Servers servers(node, 3);
    node.apply(web4, front_of_pods({0, 1, 2}));
    std::array<int, 3> visits = {};
    for (int i = 0; i < 60; ++i) {
      const auto visit = servers.visit(node.pods[3], "10.96.0.10", 80);
      REQUIRE_MESSAGE(visit.server != nobody, visit.failure);
      ++visits[static_cast<std::size_t>(visit.server)];
      CHECK(visit.seen_as == "10.244.0.13");
    }
    for (const int count : visits) CHECK(count > 5);
    CHECK(servers.visit(node.host, "10.96.0.10", 80).seen_as == "10.244.0.1");
    CHECK(node.log.lines.empty());
  }
}

TEST_CASE("nobody else is led by a cluster IP") {
  if (!can_run()) return;
  TestNode node;
  const Servers servers(node, 1);
  node.apply(web4, front_of_pods({0}));
  {
    const auto visit = *linux::NetworkNamespaceVisit::enter(node.world);
    linux::LinkRequests requests;
    requests.add_route({.destination = *IpPrefix::parse("10.96.0.0/16"),
                        .gateway = *IpAddress::parse("198.51.100.1"),
                        .link = 50});
    auto socket = *linux::NetlinkSocket::open();
    REQUIRE(socket.send_all(requests.all()).has_value());
  }
  CHECK(servers.visit(node.world, "10.96.0.10", 80).server == nobody);
}

TEST_CASE("a pod reaches itself by its Service, and is then not seen as itself") {
  if (!can_run()) return;
  for (const bool bridged_is_filtered : {false, true}) {
    TestNode node(bridged_is_filtered);
    const Servers servers(node, 1);
    Servers servers6(node, 0);  // "::" is taken by the other
    servers6.listening.push_back(listen_in(node.pods[0], TestNode::address_of(0, true), 8080));
    node.apply({{web4, front_of_pods({0})}, {web6, front_of_pods({0}, true)}});
    CHECK(servers.visit(node.pods[0], "10.96.0.10", 80).seen_as == "10.244.0.1");
    CHECK(servers6.visit(node.pods[0], "fd00:96::a", 80).seen_as == "fd00:244::1");
  }
}

TEST_CASE("IPv6 is led as IPv4 is") {
  if (!can_run()) return;
  for (const bool bridged_is_filtered : {false, true}) {
    TestNode node(bridged_is_filtered);
    const Servers servers(node, 2, true);
    Front everywhere = front_of_pods({0, 1}, true);
    everywhere.reach = Reach::everywhere;
    node.apply({{web6, front_of_pods({0, 1}, true)}, {node6, everywhere}});
    CHECK(servers.visit(node.pods[3], "fd00:96::a", 80).seen_as == "fd00:244::13");
    CHECK(servers.visit(node.pods[0], "fd00:96::a", 80).server != nobody);
    CHECK(servers.visit(node.host, "fd00:96::a", 80).server != nobody);
    CHECK(servers.visit(node.world, "2001:db8:1::1", 30080).seen_as == "2001:db8:1::9");
    CHECK(servers.visit(node.pods[3], "fd00:96::a", 81).failure == "Connection refused");
  }
}

TEST_CASE("a node port is reached by everybody, at each of the node's addresses") {
  if (!can_run()) return;
  for (const bool bridged_is_filtered : {false, true}) {
    TestNode node(bridged_is_filtered);
    const Servers servers(node, 2);
    Front front = front_of_pods({0, 1});
    front.reach = Reach::everywhere;
    node.apply(node4, front);
    CHECK(servers.visit(node.world, "198.51.100.1", 30080).seen_as == "198.51.100.9");
    CHECK(servers.visit(node.host, "198.51.100.1", 30080).seen_as == "198.51.100.1");
    CHECK(servers.visit(node.host, "127.0.0.1", 30080).seen_as == "10.244.0.1");
    CHECK(servers.visit(node.pods[3], "198.51.100.1", 30080).seen_as == "10.244.0.13");
    CHECK(servers.visit(node.pods[3], "10.244.0.1", 30080).seen_as == "10.244.0.13");
    CHECK(servers.visit(node.world, "198.51.100.1", 30081).failure == "Connection refused");
  }
}

TEST_CASE("of a front that splits, outside sees backends of its own") {
  if (!can_run()) return;
  TestNode node;
  const Servers servers(node, 2);
  Front front = front_of_pods({0});
  front.reach = Reach::everywhere;
  front.splits = true;
  front.backends_outside = {TestNode::of_pod(1)};
  node.apply(node4, front);
  CHECK(servers.visit(node.world, "198.51.100.1", 30080).server == 1);
  CHECK(servers.visit(node.pods[3], "198.51.100.1", 30080).server == 0);
  CHECK(servers.visit(node.host, "198.51.100.1", 30080).server == 0);
  front.backends_outside.clear();
  front.drops = true;
  node.apply(node4, front);
  CHECK(servers.visit(node.world, "198.51.100.1", 30080).failure == "Operation now in progress");
  CHECK(servers.visit(node.host, "198.51.100.1", 30080).server == 0);
}

TEST_CASE("an external address is led for everybody, or for those of some sources") {
  if (!can_run()) return;
  TestNode node;
  const Servers servers(node, 1);
  const FrontKey balancer = front_at("198.51.100.1", IPPROTO_TCP, 443);
  Front front = front_of_pods({0});
  front.reach = Reach::everywhere;
  front.sources = {*IpPrefix::parse("198.51.100.10/32"), *IpPrefix::parse("192.0.2.0/24"),
                   *IpPrefix::parse("192.0.2.7/32")};
  node.apply(balancer, front);
  CHECK(servers.visit(node.world, "198.51.100.1", 443, "198.51.100.10").server == 0);
  CHECK(servers.visit(node.world, "198.51.100.1", 443).failure == "Operation now in progress");
  CHECK(servers.visit(node.pods[1], "198.51.100.1", 443).server == 0);
  CHECK(servers.visit(node.host, "198.51.100.1", 443).server == 0);
  front.sources.clear();
  node.apply(balancer, front);
  CHECK(servers.visit(node.world, "198.51.100.1", 443).server == 0);
}

TEST_CASE("who has no backends refuses or drops, and so does a port that nobody has") {
  if (!can_run()) return;
  TestNode node;
  const Servers servers(node, 1);
  Front dropping = {.reach = Reach::everywhere, .drops = true};
  const FrontKey datagrams = front_at("10.96.0.12", IPPROTO_UDP, 53);
  node.apply({{web4, Front()},
              {front_at("10.96.0.11", IPPROTO_TCP, 80), dropping},
              {node4, Front()},
              {datagrams, Front()}});
  CHECK(servers.visit(node.pods[0], "10.96.0.10", 80).failure == "Connection refused");
  CHECK(servers.visit(node.host, "10.96.0.10", 80).failure == "Connection refused");
  CHECK(servers.visit(node.pods[0], "10.96.0.10", 81).failure == "Connection refused");
  CHECK(servers.visit(node.pods[0], "10.96.0.11", 80).failure == "Operation now in progress");
  Place to("10.96.0.12", 53);
  const io::Fd client = socket_in(node.pods[0], AF_INET, SOCK_DGRAM);
  REQUIRE(::connect(client.get(), to.get(), to.size) == 0);
  REQUIRE(::send(client.get(), "ask", 3, 0) == 3);
  char word[8];
  CHECK((::recv(client.get(), word, sizeof word, 0) < 0 && errno == ECONNREFUSED));
}

TEST_CASE("two daemons with one range of cluster IPs do not refuse each other's for the host") {
  if (!can_run()) return;
  TestNode node;
  const Servers servers(node, 1);
  RulesOptions other = TestNode::default_options();
  other.table = "podotest-other";
  other.bridges = {"br1"};
  for (const bool other_first : {true, false}) {
    if (!other_first) node.apply({{web4, front_of_pods({0})}});
    auto beside = *node.loop.run(ServiceRules::open({node.pool, node.log}, other));
    REQUIRE(node.loop.run(beside->apply({{front_at("10.96.0.99", IPPROTO_TCP, 80), Front()}})).has_value());
    if (other_first) node.apply({{web4, front_of_pods({0})}});
    CHECK(servers.visit(node.host, "10.96.0.10", 80).server == 0);
    CHECK(servers.visit(node.host, "10.96.0.10", 81).failure == "Connection refused");
    REQUIRE(node.loop.run(beside->remove()).has_value());
    REQUIRE(node.loop.run(node.rules->remove()).has_value());
    node.rules.reset();
  }
}

TEST_CASE("a client stays with its backend, as long as that is there") {
  if (!can_run()) return;
  for (const bool v6 : {false, true}) {
    TestNode node;
    const Servers servers(node, 3, v6);
    const FrontKey key = v6 ? web6 : web4;
    const std::string address = key.address.to_text();
    Front front = front_of_pods({0, 1, 2}, v6);
    front.affinity = seconds(60);
    node.apply(key, front);
    const int first = servers.visit(node.pods[3], address, 80).server;
    REQUIRE(first != nobody);
    for (int i = 0; i < 10; ++i) CHECK(servers.visit(node.pods[3], address, 80).server == first);
    // The next daemon knows it too.
    node.rules.reset();
    node.apply(key, front);
    for (int i = 0; i < 10; ++i) CHECK(servers.visit(node.pods[3], address, 80).server == first);
    front.backends.erase(front.backends.begin() + first);
    node.apply(key, front);
    const int second = servers.visit(node.pods[3], address, 80).server;
    CHECK((second != nobody && second != first));
    for (int i = 0; i < 10; ++i) CHECK(servers.visit(node.pods[3], address, 80).server == second);
    node.apply(key, front_of_pods({0, 1, 2}, v6));
    CHECK(node.live().at(key).affinity == Duration());
    auto socket = *linux::NetlinkSocket::open(NETLINK_NETFILTER);
    const auto stays =
        linux::list_elements(socket, NFPROTO_INET, "podotest-services", v6 ? "stays6" : "stays4");
    CHECK(!stays.has_value());  // nobody needs it any more
    node.apply(key, front);
    CHECK(servers.visit(node.pods[3], address, 80).server != nobody);
  }
}

TEST_CASE("another daemon with the same addresses is told of, one with others is not") {
  if (!can_run()) return;
  TestNode node;
  node.apply(web4, front_of_pods({0}));
  RulesOptions other = TestNode::default_options();
  other.table = "podotest-beside-services";
  auto beside = node.loop.run(ServiceRules::open({node.pool, node.log}, other));
  CHECK(
      node.log.lines.contains("the table podotest-services of another daemon has addresses of "
                              "10.96.0.0/16,fd00:96::/108, too"));
  node.log.lines.clear();
  other.cluster_ips = {*IpPrefix::parse("10.97.0.0/16")};
  beside = node.loop.run(ServiceRules::open({node.pool, node.log}, other));
  node.open();  // its own table is no other's
  CHECK(node.log.lines.empty());
}

TEST_CASE("a backend on another node is reached through this one, and by pods as themselves") {
  if (!can_run()) return;
  TestNode node;
  const io::Fd listener = listen_in(node.world, "198.51.100.10", 8080);
  Front front{.reach = Reach::everywhere, .backends = {backend("198.51.100.10", 8080, false)}};
  node.apply({{web4, front}, {node4, front}});
  CHECK(visitor(listener, node.host, "10.96.0.10", 80) == "198.51.100.1");
  CHECK(visitor(listener, node.world, "198.51.100.1", 30080) == "198.51.100.1");
  {
    const auto visit = *linux::NetworkNamespaceVisit::enter(node.world);
    linux::LinkRequests requests;
    requests.add_route({.destination = *IpPrefix::parse("10.244.0.0/24"),
                        .gateway = *IpAddress::parse("198.51.100.1"),
                        .link = 50});
    auto socket = *linux::NetlinkSocket::open();
    REQUIRE(socket.send_all(requests.all()).has_value());
  }
  CHECK(visitor(listener, node.pods[0], "10.96.0.10", 80) == "10.244.0.10");
}

TEST_CASE("a client's datagrams move to another backend when theirs is gone, and to the first that comes") {
  if (!can_run()) return;
  for (const bool bridged_is_filtered : {false, true}) {
    TestNode node(bridged_is_filtered);
    const FrontKey dns = front_at("10.96.0.53", IPPROTO_UDP, 53),
                   node_dns = front_at("0.0.0.0", IPPROTO_UDP, 30053);
    const io::Fd one = datagrams_in(node.pods[0], "0.0.0.0", 8080),
                 two = datagrams_in(node.pods[1], "0.0.0.0", 8080);
    const auto asks = [](const io::Fd& client, const std::string& address, std::uint16_t port,
                         const io::Fd& server) {
      Place to(address, port), peer;
      if (::sendto(client.get(), "ask", 3, 0, to.get(), to.size) != 3) return false;
      char word[8];
      return ::recvfrom(server.get(), word, sizeof word, 0, peer.get(), &peer.size) == 3;
    };
    const io::Fd client = socket_in(node.pods[3], AF_INET, SOCK_DGRAM);
    const io::Fd outside = socket_in(node.world, AF_INET, SOCK_DGRAM);
    node.apply({});
    asks(outside, "198.51.100.1", 30053, one);  // a flow that leads nowhere
    const auto table = [&](int n) {
      Front front = front_of_pods({n});
      front.reach = Reach::everywhere;
      ServiceTable all = {{dns, front}, {node_dns, front}};
      for (std::uint16_t port = 1; bridged_is_filtered && port <= 80; ++port)  // so many are found otherwise
        all[front_at("10.96.0.54", IPPROTO_UDP, port)] = front;
      return all;
    };
    node.apply(table(0));
    CHECK(asks(client, "10.96.0.53", 53, one));
    CHECK(asks(outside, "198.51.100.1", 30053, one));
    node.apply(table(1));
    CHECK(asks(client, "10.96.0.53", 53, two));
    CHECK(asks(outside, "198.51.100.1", 30053, two));
    // A daemon that comes later finds out by itself.
    node.rules.reset();
    node.apply(table(0));
    CHECK(asks(client, "10.96.0.53", 53, one));
    CHECK(asks(outside, "198.51.100.1", 30053, one));
  }
}

TEST_CASE("an open connection goes on when the rules are made again, or its backend leaves the table") {
  if (!can_run()) return;
  TestNode node;
  const io::Fd listener = listen_in(node.pods[0], "0.0.0.0", 8080);
  node.apply(web4, front_of_pods({0}));
  Place to("10.96.0.10", 80);
  const io::Fd client = socket_in(node.pods[3], AF_INET, SOCK_STREAM);
  REQUIRE(::connect(client.get(), to.get(), to.size) == 0);
  const io::Fd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const auto talks = [&] {
    char word[8];
    return ::send(client.get(), "ask", 3, 0) == 3 && ::recv(server.get(), word, 8, 0) == 3 &&
           ::send(server.get(), "podo", 4, 0) == 4 && ::recv(client.get(), word, 8, 0) == 4;
  };
  CHECK(talks());
  node.rules.reset();
  node.apply(web4, front_of_pods({0}));
  CHECK(talks());
  node.apply(web4, front_of_pods({1}));
  CHECK(talks());
  node.apply({});
  CHECK(talks());
}

TEST_CASE("a table that somebody flushed is made again, with the next call") {
  if (!can_run()) return;
  TestNode node;
  const Servers servers(node, 2);
  const ServiceTable table = {{web4, front_of_pods({0})}};
  node.apply(table);
  linux::NftBatch flush(NFPROTO_INET, "podotest-services");
  flush.remove_table();
  REQUIRE(flush.commit().has_value());
  CHECK(read_rules("podotest-services").error().kind() == ErrorKind::not_found);
  node.apply(table);  // no change
  CHECK(servers.visit(node.pods[3], "10.96.0.10", 80).server == 0);
  CHECK(node.log.lines.contains("made again"));
  linux::NftBatch partly(NFPROTO_INET, "podotest-services");
  partly.flush_set("backend4");
  REQUIRE(partly.commit().has_value());
  node.apply(web4, front_of_pods({1}));
  CHECK(servers.visit(node.pods[3], "10.96.0.10", 80).server == 1);
  REQUIRE(node.loop.run(node.rules->remove()).has_value());
  CHECK(read_rules("podotest-services").error().kind() == ErrorKind::not_found);
  node.apply(table);
  CHECK(servers.visit(node.pods[3], "10.96.0.10", 80).server == 0);
}

}  // namespace podo::services
