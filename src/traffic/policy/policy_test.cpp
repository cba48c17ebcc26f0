#include "traffic/policy/policy.h"

#include <doctest/doctest.h>
#include <netinet/in.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/io/combine.h"
#include "base/store/memory_store.h"
#include "cluster/objects/objects.h"
#include "model/kube/path.h"
#include "model/kube/schema.h"
#include "traffic/policy/packets_testing.h"
#include "traffic/policy/policy_rules.h"

namespace podo::policy {
namespace {

constexpr auto table = "podotest-policy";

class KeptLog final : public Log {
 public:
  void write(LogLevel level, std::string_view message) override {
    if (level >= LogLevel::warning) lines += text("{}\n", message);
  }
  std::string lines;
};

// Mirrors over a near store ask nothing.
class NoTransport final : public client::Transport {
 public:
  Task<http::Response> send(http::Request) override { co_return unavailable("there is no API"); }
};

// A node with its API's objects, in a namespace of its own; threads of the pool are born there.
struct TestNode {
  TestNode()
      : schema(kube::parse_schema()),
        store(store::make_memory_store(loop, random)),
        objects(objects::Objects::make(loop, *store, schema)),
        client(transport, schema, objects.get()),
        pool(2) {
    for (const std::string_view name : {"a", "b", "kube-system"})
      put(text(R"({{"kind":"Namespace","metadata":{{"name":"{}"}}}})", name));
  }

  objects::Key key_of(const json::Item& object) const {
    const std::string_view kind = kube::text_at(object, "kind");
    const schema::Resource& resource = kind == "Pod" ? objects->resource("", "pods")
                                       : kind == "Namespace"
                                           ? objects->resource("", "namespaces")
                                           : objects->resource("networking.k8s.io", "networkpolicies");
    return {.resource = &resource,
            .name_space = std::string(kube::text_at(object, "metadata.namespace")),
            .name = std::string(kube::text_at(object, "metadata.name"))};
  }
  void put(std::string_view json) {
    json::Tree tree = *json::Tree::parse(std::string(json));
    const objects::Key key = key_of(tree.root());
    const std::optional<objects::Object> there = run(objects->find(key));
    if (there) run(objects->update(key, 0, tree.to_text()));
    else run(objects->create(key, tree.to_text()));
  }
  void put(const Scene& scene) {
    for (const auto* trees : {&scene.name_spaces, &scene.pods, &scene.policies})
      for (const json::Tree& tree : *trees) put(tree.to_text());
  }
  void remove(std::string_view json) {
    const json::Tree tree = *json::Tree::parse(std::string(json));
    run(objects->remove(key_of(tree.root()), 0));
  }

  // While the daemon runs.
  template <class T>
  Result<T> try_run(Task<T> task) {
    return loop.run(std::move(task));
  }
  template <class T>
  T run(Task<T> task) {
    auto outcome = try_run(std::move(task));
    REQUIRE_MESSAGE(outcome.has_value(), (outcome ? "" : outcome.error().message()));
    if constexpr (!std::is_void_v<T>) return *std::move(outcome);
  }
  void start(PolicyOptions options = {}) {
    options.node = "here";
    if (options.table.empty()) options.table = table;
    policies = run(NetworkPolicy::open({loop, pool, client, log}, std::move(options)));
    strands.emplace(loop);
    strands->spawn(policies->run());
  }
  // As kill -9: the rules stay.
  void crash() {
    strands.reset();
    policies.reset();
  }
  void guard(int number) { run(policies->guard(guarded(number))); }
  static GuardedPod guarded(int number) {
    return {.uid = text("u{}", number),
            .name_space = "a",
            .name = text("p{}", number),
            .addresses = {address_of(text("10.9.0.{}", number)), address_of(text("fd00:9::{}", number))}};
  }
  void wait_until_in_force() {
    for (int turn = 0; turn < 400 && !policies->metrics().contains("podo_policy_in_force 1"); ++turn)
      run([]() -> Task<void> { co_await io::sleep(milliseconds(5)); }());
  }
  static std::vector<std::string> members(const std::string& map) {
    std::vector<std::string> there;
    auto socket = *linux::NetlinkSocket::open(NETLINK_NETFILTER);
    const auto elements = linux::list_elements(socket, NFPROTO_INET, table, map);
    REQUIRE_MESSAGE(elements.has_value(), (elements ? "" : elements.error().message()));
    for (const linux::NftElement& element : *elements)
      there.push_back(IpAddress::from_bytes(element.key).to_text());
    std::ranges::sort(there);
    return there;
  }

  SeededRandom random{1};
  KeptLog log;
  io::EpollLoop loop;
  const schema::Schema schema;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<objects::Objects> objects;
  NoTransport transport;
  client::Client client;
  io::BlockingPool pool;
  std::unique_ptr<NetworkPolicy> policies;
  std::optional<io::TaskGroup> strands;
};

std::string pod_json(int number, std::string_view app, std::string_view address = "") {
  return text(
      R"({{"kind":"Pod","metadata":{{"name":"p{}","namespace":"a","uid":"u{}","labels":{{"app":"{}"}}}},)"
      R"("spec":{{"nodeName":"here"}},"status":{{"phase":"Pending","podIPs":[{}]}}}})",
      number, number, app, address.empty() ? "" : text(R"({{"ip":"{}"}})", address));
}

std::string policy_json(std::string_view name, std::string_view spec) {
  return text(R"({{"kind":"NetworkPolicy","metadata":{{"name":"{}","namespace":"a"}},"spec":{}}})", name,
              spec);
}

const std::string deny_all = policy_json("deny", R"({"podSelector":{},"policyTypes":["Ingress","Egress"]})");
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a pod is guarded before the API knows its addresses, and until it is forgotten") {
  if (!can_run()) return;
  const auto visit = linux::NetworkNamespaceVisit::enter_new();
  TestNode node;
  node.put(deny_all);
  node.start();
  node.put(pod_json(1, "web"));
  node.guard(1);
  CHECK(node.members("egress4") == Names{"10.9.0.1"});
  CHECK(node.members("ingress6") == Names{"fd00:9::1"});
  node.remove(pod_json(1, "web"));
  node.wait_until_in_force();
  CHECK(node.members("egress4") == Names{"10.9.0.1"});
  node.policies->forget("u1");
  node.wait_until_in_force();
  CHECK(node.members("egress4").empty());
  CHECK(node.log.lines.empty());
}

TEST_CASE("a policy that is older than the pod is in force with it, whoever tells first") {
  if (!can_run()) return;
  const auto visit = linux::NetworkNamespaceVisit::enter_new();
  TestNode node;
  node.start();
  for (int number = 1; number <= 20; ++number) {
    node.put(policy_json(text("n{}", number),
                         text(R"({{"podSelector":{{"matchLabels":{{"app":"x{}"}}}}}})", number)));
    node.put(pod_json(number, text("x{}", number)));
    node.guard(number);
    CHECK(node.members("ingress4").size() == static_cast<std::size_t>(number));
  }
}

TEST_CASE("a pod that changes no rules does not wait for changes to gather") {
  if (!can_run()) return;
  const auto visit = linux::NetworkNamespaceVisit::enter_new();
  TestNode node;
  node.start({.gather = seconds(1)});
  node.put(pod_json(1, "web"));
  node.guard(1);  // makes the table
  node.run([]() -> Task<void> { co_await io::sleep(seconds(1)); }());
  const Monotonic begun = node.loop.clock().now();
  for (int number = 2; number <= 5; ++number) {
    node.put(pod_json(number, "web"));
    node.guard(number);
  }
  CHECK(node.loop.clock().now() - begun < milliseconds(800));
}

TEST_CASE("a pod that begins is a peer of others when guard returns; addresses move from pod to pod") {
  if (!can_run()) return;
  const auto visit = linux::NetworkNamespaceVisit::enter_new();
  TestNode node;
  node.put(policy_json("n",
                       R"({"podSelector":{"matchLabels":{"app":"db"}},"ingress":[{"from":[{"podSelector":)"
                       R"({"matchLabels":{"app":"web"}}}]}]})"));
  node.put(pod_json(1, "db", "10.9.0.1"));
  node.put(pod_json(2, "web", "10.9.0.2"));  // not guarded: what the API says counts
  node.start();
  node.wait_until_in_force();
  CHECK(node.members("ingress4") == Names{"10.9.0.1"});
  CHECK(node.members("peers1_4") == Names{"10.9.0.2"});
  node.put(pod_json(3, "web"));
  node.guard(3);
  CHECK(node.members("peers1_4") == Names{"10.9.0.2", "10.9.0.3"});
  GuardedPod heir = node.guarded(4);
  heir.addresses = {address_of("10.9.0.2")};
  node.put(pod_json(4, "api"));
  node.run(node.policies->guard(heir));
  CHECK(node.members("peers1_4") == Names{"10.9.0.3"});
  node.policies->forget("u3");
  node.wait_until_in_force();
  CHECK(node.members("peers1_4").empty());
}

TEST_CASE("a pod that the API does not tell of is not let begin") {
  if (!can_run()) return;
  const auto visit = linux::NetworkNamespaceVisit::enter_new();
  TestNode node;
  node.start({.patience = milliseconds(50)});
  const auto refused = node.try_run(node.policies->guard(node.guarded(7)));
  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind() == ErrorKind::unavailable);
  CHECK(refused.error().message() == "the API does not tell of the pod a/p7");
}

TEST_CASE("a table that somebody changed is made anew; one that cannot be made is told of, and guard fails") {
  if (!can_run()) return;
  const auto visit = linux::NetworkNamespaceVisit::enter_new();
  TestNode node;
  node.put(deny_all);
  node.start();
  node.put(pod_json(1, "web"));
  node.guard(1);
  REQUIRE(removal_of(table).commit().has_value());
  node.put(pod_json(2, "web"));
  node.guard(2);
  CHECK(node.members("egress4") == Names{"10.9.0.1", "10.9.0.2"});
  CHECK(node.log.lines.contains("the table is made anew"));
  node.crash();
  node.start({.table = std::string(300, 'x')});
  const auto refused = node.try_run(node.policies->guard(node.guarded(1)));
  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind() == ErrorKind::unavailable);
  CHECK(refused.error().message().starts_with("network policies: table xxx"));
  CHECK(node.log.lines.contains("network policies are not in force: table xxx"));
  CHECK(!node.policies->metrics().contains("podo_policy_failures_total 0\n"));
}

TEST_CASE("what is denied never comes through: from the first packet of a pod on, and while daemons change") {
  if (!can_run()) return;
  PacketWorld packets;
  TestNode node;
  node.put(policy_json(
      "n", R"({"podSelector":{},"policyTypes":["Ingress","Egress"],"egress":[{"ports":[{"port":81}]}],)"
           R"("ingress":[{"ports":[{"port":81}]}]})"));
  node.start();
  const auto to = [](std::string_view from, std::string_view to, std::uint16_t port) {
    return Connection{address_of(from), address_of(to), IPPROTO_TCP, port};
  };
  for (int number = 1; number <= PacketWorld::pods; ++number) {
    const std::string own = text("10.9.0.{}", number);
    node.put(pod_json(number, "web", own));
    node.guard(number);
    CHECK(packets.attempt({to(own, "192.0.2.9", 80), to("192.0.2.9", own, 80), to(own, "10.9.0.254", 53)}) ==
          std::vector<bool>(3));
  }
  CHECK(packets.attempt({to("10.9.0.1", "10.9.0.2", 81), to("10.9.0.254", "10.9.0.2", 80)}) ==
        std::vector<bool>(2, true));
  std::atomic<bool> over = false;
  std::atomic<int> came = 0, attempts = 0;
  std::thread attacker([&] {
    while (!over) {
      const std::vector<bool> through =
          packets.attempt({to("10.9.0.1", "10.9.0.2", 80), to("10.9.0.2", "192.0.2.9", 53),
                           to("192.0.2.9", "10.9.0.3", 8080)});
      came += static_cast<int>(std::ranges::count(through, true));
      ++attempts;
    }
  });
  for (int daemon = 0; daemon < 15; ++daemon) {
    node.crash();
    node.start();
    node.guard(1 + daemon % PacketWorld::pods);
  }
  over = true;
  attacker.join();
  CHECK(attempts > 0);
  CHECK(came == 0);
}

}  // namespace podo::policy
