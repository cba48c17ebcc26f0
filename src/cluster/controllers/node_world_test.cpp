// Nodes that die and come back, in simulated clusters with faults.
#include <algorithm>

#include "cluster/control/conditions.h"
#include "cluster/controllers/controllers_testing.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::text_at;

constexpr Faults some_faults{.conflicts = 50, .lost_requests = 30, .lost_answers = 20, .ended_watches = 5};

std::string pod_with(std::string_view name, std::string_view tolerations) {
  return text(R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{}"}},"spec":{{"tolerations":[{}],
    "containers":[{{"name":"c","image":"i"}}]}}}})",
              name, tolerations);
}

bool has_taint(FakeCluster& c, std::string_view node, std::string_view key, std::string_view effect) {
  for (const json::Item& taint : kube::children_at(c.at(text("nodes//{}", node)), "spec.taints"))
    if (text_at(taint, "key") == key && text_at(taint, "effect") == effect) return true;
  return false;
}

// Those that tolerate it for a while go then, or stay when the node comes back before.
Task<void> dead_nodes_lose_their_pods(FakeCluster& c) {
  constexpr std::string_view unreachable = "node.kubernetes.io/unreachable";
  const auto tolerate = [&](int time) {
    return text(R"({{"key":"{}","operator":"Exists","effect":"NoExecute","tolerationSeconds":{}}})",
                unreachable, time);
  };
  c.nodes.nodes = {"n2"};
  const std::string brief = c.api.make(pod_with("brief", tolerate(100)));
  const std::string patient = c.api.make(pod_with("patient", tolerate(5000)));
  const std::string faithful = c.api.make(pod_with("faithful", R"({"operator":"Exists"})"));
  const std::vector<std::string> all{brief, patient, faithful};
  const auto ready = [&](const std::string& key) {
    return c.api.find(key) != nullptr && condition_holds(kube::part_at(c.at(key), "status"), "Ready");
  };
  c.nodes.nodes = {"n1", "n2", "n3"};
  for (const std::string& key : all) {
    c.at(key).member("spec").member("nodeName").set_string("n2");
    c.api.changed(key);
  }
  CHECK(co_await c.settles([&] { return std::ranges::all_of(all, ready); }));
  c.nodes.dead.insert("n2");
  CHECK(co_await c.settles([&] { return has_taint(c, "n2", unreachable, "NoExecute"); }));
  CHECK(has_taint(c, "n2", unreachable, "NoSchedule"));
  CHECK_FALSE(has_taint(c, "n1", unreachable, "NoSchedule"));
  const auto going = [&](const std::string& key) {
    return c.api.find(key) == nullptr || kube::find_at(c.at(key), "metadata.deletionTimestamp") != nullptr;
  };
  CHECK(co_await c.settles([&] { return going(brief) && !ready(patient) && !ready(faithful); }));
  if (c.api.find(brief) != nullptr)
    CHECK(condition_holds(kube::part_at(c.at(brief), "status"), "DisruptionTarget"));
  CHECK_FALSE(going(patient));
  c.nodes.dead.clear();
  CHECK(co_await c.settles(
      [&] { return c.api.find(brief) == nullptr && !has_taint(c, "n2", unreachable, "NoSchedule"); }));
  co_await io::sleep(seconds(6000));
  CHECK(ready(patient));
  CHECK(ready(faithful));
}

Task<void> nothing_is_driven_away_when_all_are_down(FakeCluster& c) {
  const std::string pod = c.api.make(pod_with(
      "web", R"({"operator":"Exists","effect":"NoExecute","tolerationSeconds":300})"));  // as all have
  CHECK(co_await c.settles([&] { return condition_holds(kube::part_at(c.at(pod), "status"), "Ready"); }));
  c.nodes.dead = {"n1", "n2", "n3"};
  co_await io::sleep(seconds(2000));
  REQUIRE(c.api.find(pod) != nullptr);
  CHECK_FALSE(condition_holds(kube::part_at(c.at(pod), "status"), "Ready"));
  CHECK(kube::find_at(c.at(pod), "metadata.deletionTimestamp") == nullptr);
  CHECK(has_taint(c, "n1", "node.kubernetes.io/unreachable", "NoSchedule"));
}

Task<void> every_node_has_its_own_addresses(FakeCluster& c) {
  for (int i = 4; i < 20; ++i) {
    c.api.make(text(R"({{"apiVersion":"v1","kind":"Node","metadata":{{"name":"n{}"}}}})", i));
    if (c.loop.random().below(3) == 0) co_await io::sleep(seconds(2));
  }
  CHECK(co_await c.settles([&] {
    std::set<std::string> ranges;
    for (const json::Tree* node : c.api.all("nodes")) ranges.emplace(text_at(node->root(), "spec.podCIDR"));
    return ranges.size() == 19 && !ranges.contains("");
  }));
}

Task<void> pods_of_no_node_go(FakeCluster& c) {
  const std::string lost = c.api.make(pod_with("lost", "")), kept = c.api.make(pod_with("kept", ""));
  c.at(lost).member("spec").member("nodeName").set_string("n2");
  c.at(kept).member("spec").member("nodeName").set_string("n1");
  c.api.changed(lost);
  c.api.changed(kept);
  co_await io::sleep(seconds(30));
  c.nodes.nodes = {"n1", "n3"};
  c.nodes.dead.insert("n2");
  c.api.erase("nodes//n2");
  CHECK(co_await c.settles([&] { return c.api.find(lost) == nullptr; }));
  CHECK(c.api.find(kept) != nullptr);
}

}  // namespace

TEST_CASE("pods leave a dead node when they do not tolerate it any longer, and stay when it comes back") {
  in_many_worlds(3, {}, dead_nodes_lose_their_pods);
  in_many_worlds(10, some_faults, dead_nodes_lose_their_pods);
}
TEST_CASE("when all nodes are down nobody is driven away") {
  in_many_worlds(5, some_faults, nothing_is_driven_away_when_all_are_down);
}
TEST_CASE("no two nodes have the same range of addresses") {
  in_many_worlds(100, some_faults, every_node_has_its_own_addresses);
}
TEST_CASE("pods of a node that is gone are taken away") {
  in_many_worlds(10, some_faults, pods_of_no_node_go);
}

}  // namespace podo::controllers
