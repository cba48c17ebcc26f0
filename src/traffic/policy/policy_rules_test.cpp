#include "traffic/policy/policy_rules.h"

#include <doctest/doctest.h>
#include <netinet/in.h>

#include <algorithm>

#include "traffic/policy/packets_testing.h"

namespace podo::policy {
namespace {

constexpr auto table = "podotest-policy";

// This node's rules, from one value to the next as the daemon does it.
struct Kernel {
  std::optional<InstalledRules> installed;
  void become(PolicyRules rules) {
    PolicyChange change = change_rules(table, installed ? &*installed : nullptr, std::move(rules));
    const auto done = change.batch.commit();
    REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().message()));
    installed = std::move(change.after);
  }
};

bool truth(const Scene& scene, const Connection& connection) {
  // This node's own packets pass, and so does all between it and the world.
  return PacketWorld::is_of_node(connection.from) || scene.allows(connection);
}

std::vector<Connection> some_connections(Random& random, std::size_t count) {
  const std::vector<IpAddress> all = PacketWorld::addresses();
  std::vector<Connection> made;
  while (made.size() < count) {
    const IpAddress &from = all[random.below(all.size())], &to = all[random.below(all.size())];
    if (from.is_v4() != to.is_v4() || (!PacketWorld::is_of_pod(from) && !PacketWorld::is_of_pod(to)))
      continue;
    made.push_back({from, to, static_cast<std::uint8_t>(random.below(2) == 0 ? IPPROTO_TCP : IPPROTO_UDP),
                    scene_ports[random.below(scene_ports.size())]});
  }
  return made;
}

// What should come and does not is tried again: the kernel finds neighbours in its own time. What comes and
// should not is an error at once.
void check(PacketWorld& packets, const Scene& scene, std::vector<Connection> connections, int patience = 20) {
  for (; !connections.empty(); --patience) {
    const std::vector<bool> came = packets.attempt(connections);
    std::vector<Connection> late;
    for (std::size_t i = 0; i < connections.size(); ++i) {
      if (came[i] == truth(scene, connections[i])) continue;
      if (!came[i]) late.push_back(connections[i]);
      if (!came[i] && patience > 0) continue;
      CAPTURE(connections[i].to_text());
      CAPTURE(scene.to_text());
      REQUIRE(came[i] == truth(scene, connections[i]));
    }
    connections = std::move(late);
  }
}

std::vector<Connection> every_pair() {
  std::vector<Connection> made;
  for (const IpAddress& from : PacketWorld::addresses())
    for (const IpAddress& to : PacketWorld::addresses())
      if (from.is_v4() == to.is_v4()) made.push_back({from, to, IPPROTO_TCP, 80});
  return made;
}

Scene free_pods() {
  SeededRandom random(1);
  return random_scene(random,
                      {.policies = 0, .pods = PacketWorld::pods, .pods_elsewhere = 1, .odd_pods = false});
}

}  // namespace

TEST_CASE("packets pass as policies say: 200 random policies, pods, the node, the world") {
  if (!can_run()) return;
  PacketWorld packets;
  Kernel kernel;
  kernel.become({});
  check(packets, free_pods(), every_pair(), 200);
  std::size_t passed = 0, all = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    SeededRandom random(seed);
    Scene scene = random_scene(
        random, {.policies = 4, .pods = PacketWorld::pods, .pods_elsewhere = 1, .odd_pods = false});
    scene.dns = {address_of("10.9.0.254"), address_of("fd00:9::fe")};
    kernel.become(plan_policies(scene.world(), scene.dns));
    const std::vector<Connection> connections = some_connections(random, 150);
    check(packets, scene, connections);
    all += connections.size();
    passed += static_cast<std::size_t>(
        std::ranges::count_if(connections, [&](const Connection& each) { return truth(scene, each); }));
  }
  CHECK(passed > all / 4);
  CHECK(passed < all * 9 / 10);
}

TEST_CASE("every change of one value into another makes what the whole table would be") {
  if (!can_run()) return;
  const auto visit = linux::NetworkNamespaceVisit::enter_new();
  Kernel kernel;
  const auto kernel_has = [&](const std::string& map, const std::map<IpAddress, std::string>& wanted) {
    std::map<IpAddress, std::string> there;
    auto socket = *linux::NetlinkSocket::open(NETLINK_NETFILTER);
    for (const char family : {'4', '6'})
      for (const linux::NftElement& element :
           *linux::list_elements(socket, NFPROTO_INET, table, text("{}{}", map, family)))
        there[IpAddress::from_bytes(element.key)] = element.verdict ? element.verdict->chain : "";
    std::map<IpAddress, std::string> chains;
    for (const auto& [address, group] : wanted)
      chains[address] = text("group{}", kernel.installed->numbers.at(group));
    CHECK(there == chains);
  };
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    SeededRandom random(seed % 20);  // the same come again
    Scene scene = random_scene(random, {});
    for (auto left = static_cast<std::size_t>(seed / 20); left > 0; --left) scene.pods.pop_back();
    const PolicyRules rules = plan_policies(scene.world(), {});
    kernel.become(rules);
    kernel_has("ingress", rules.ingress);
    kernel_has("egress", rules.egress);
  }
  kernel.become({});
  CHECK(kernel.installed->numbers.empty());
  REQUIRE(removal_of(table).commit().has_value());
  CHECK(removal_of(table).commit().has_value());
}

TEST_CASE("a pod reaches itself by an address that leads back to it") {
  if (!can_run()) return;
  PacketWorld packets;
  Kernel kernel;
  Scene scene = free_pods();
  scene.policies.push_back(*json::Tree::parse(
      R"({"metadata":{"namespace":"a","name":"n"},"spec":{"policyTypes":["Ingress","Egress"]}})"));
  for (json::Tree& pod : scene.pods) pod.root().member("metadata").member("namespace").set_string("a");
  kernel.become(plan_policies(scene.world(), {}));
  // As a Service does it: the destination is translated before, and the source after, for there is no other
  // way back.
  linux::NftBatch service(NFPROTO_INET, "service");
  service.add_table();
  service.add_chain({"before", "nat", NF_INET_PRE_ROUTING, -100});
  service.add_chain({"after", "nat", NF_INET_POST_ROUTING, 100});
  service.add_rule("before", linux::NftRule()
                                 .family(NFPROTO_IPV4)
                                 .destination(*IpPrefix::parse("10.96.0.1/32"))
                                 .protocol(IPPROTO_TCP)
                                 .load_constant(address_of("10.9.0.1").bytes(), 0)
                                 .load_constant(linux::nft_port_key(80), 1)
                                 .destination_nat(NFPROTO_IPV4, 0, 1));
  service.add_rule("after", linux::NftRule()
                                .family(NFPROTO_IPV4)
                                .source(*IpPrefix::parse("10.9.0.1/32"))
                                .destination(*IpPrefix::parse("10.9.0.1/32"))
                                .masquerade());
  const auto done = service.commit();
  REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().message()));
  const IpAddress front = address_of("10.96.0.1");
  const std::vector<Connection> both = {{address_of("10.9.0.1"), front, IPPROTO_TCP, 80},
                                        {address_of("10.9.0.2"), front, IPPROTO_TCP, 80}};
  std::vector<bool> came;
  for (int turn = 0; turn < 200 && came != std::vector<bool>{true, false}; ++turn)
    came = packets.attempt(both);
  CHECK(came == std::vector<bool>{true, false});
}

}  // namespace podo::policy
