// Properties of the scheduler in simulated clusters with faults: whatever happens, no node gets more than
// it has, no pod two nodes, and in the end every pod that has a place is in it.
#include <algorithm>

#include "base/io/combine.h"
#include "cluster/scheduler/scheduler_testing.h"

namespace podo::scheduler {
namespace {

using kube::text_at;

constexpr Faults some_faults{.lost_requests = 30, .lost_answers = 30, .ended_watches = 5};
constexpr int worlds = 30;

void make_nodes(FakeCluster& c, int count, const NodeText& of) {
  for (int i = 1; i <= count; ++i) c.api.put("nodes", node_json(text("n{}", i), of));
}
std::string condition_of(FakeCluster& c, std::string_view pod) {
  const json::Tree* found = c.api.find(text("pods/default/{}", pod));
  for (const json::Item& condition : kube::children_at(found->root(), "status.conditions"))
    if (text_at(condition, "type") == "PodScheduled") return std::string(text_at(condition, "message"));
  return {};
}

Task<void> pods_fill_the_nodes(FakeCluster& c) {
  c.api.bound = [&](const json::Item&) { c.check_no_overcommit(); };
  make_nodes(c, 4, {.cpu = "4", .pods = "10"});
  for (int i = 0; i < 32; ++i) {
    c.api.put("pods", pod_json(text("p{}", i), {.cpu = "500m"}));
    if (c.loop.random().below(4) == 0) co_await io::sleep(milliseconds(300));
  }
  CHECK(co_await c.settles([&] { return c.bound_pods() == 32; }));
  c.check_no_overcommit();
  c.api.put("pods", pod_json("late", {.cpu = "500m"}));
  co_await io::sleep(seconds(60));
  CHECK(c.node_of("late").empty());
  CHECK(
      condition_of(c, "late").starts_with("0/4 nodes are available: 4 Insufficient cpu. preemption: 0/4 "
                                          "nodes are available: 4 No preemption victims found "
                                          "for incoming pod. It would fit on n"));
  c.api.erase("pods/default/p7");
  CHECK(co_await c.settles([&] { return !c.node_of("late").empty(); }, seconds(120)));
}

// Pods come and go, nodes die and come back, pods end.
Task<void> chaos_converges(FakeCluster& c) {
  c.api.bound = [&](const json::Item&) { c.check_no_overcommit(); };
  make_nodes(c, 5, {.cpu = "4", .pods = "8"});
  Random& random = c.loop.random();
  int made = 0;
  for (int step = 0; step < 120; ++step) {
    co_await io::sleep(milliseconds(static_cast<std::int64_t>(random.below(2000))));
    const std::uint64_t what = random.below(10);
    const std::string node = text("n{}", 1 + random.below(5));
    if (what < 5) {
      const std::string cpu = text("{}m", 100 + 100 * random.below(15));
      c.api.put("pods", pod_json(text("p{}", ++made), {.cpu = cpu}));
    } else if (what < 7 && made != 0) {
      c.api.erase(text("pods/default/p{}", 1 + random.below(static_cast<std::uint64_t>(made))));
    } else if (what == 7 && c.api.find("nodes//" + node) != nullptr) {
      c.api.erase("nodes//" + node);
      for (const json::Item* pod : c.api.all("pods"))
        if (text_at(*pod, "spec.nodeName") == node)
          c.api.erase(text("pods/default/{}", std::string(text_at(*pod, "metadata.name"))));
    } else if (c.api.find("nodes//" + node) == nullptr) {
      c.api.put("nodes", node_json(node, {.cpu = "4", .pods = "8"}));
    }
    if (random.below(20) == 0) c.api.end_watches();
  }
  for (int i = 1; i <= 9; ++i)  // in the end there is room for all
    if (c.api.find(text("nodes//n{}", i)) == nullptr)
      c.api.put("nodes", node_json(text("n{}", i), {.cpu = "16", .pods = "110"}));
  CHECK(co_await c.settles([&] { return c.bound_pods() == static_cast<int>(c.api.all("pods").size()); }));
  c.check_no_overcommit();
}

Task<void> important_ones_go_first(FakeCluster& c) {
  std::vector<int> order;
  c.api.bound = [&](const json::Item& pod) {
    order.push_back(static_cast<int>(kube::number_at(pod, "spec.priority")));
  };
  for (int i = 0; i < 12; ++i)
    c.api.put("pods", pod_json(text("p{}", i),
                               {.cpu = "1", .spec = R"("preemptionPolicy":"Never",)", .priority = i % 4}));
  co_await io::sleep(seconds(400));  // all of them wait
  for (int i = 1; i <= 6; ++i) {
    c.api.put("nodes", node_json(text("n{}", i), {.cpu = "1"}));
    co_await io::sleep(seconds(30));
  }
  CHECK(co_await c.settles([&] { return order.size() == 6; }));
  CHECK(order == std::vector<int>{3, 3, 3, 2, 2, 2});
}

// A kubelet that lets pods go some time after they were told.
Task<void> end_deleted_pods(FakeCluster& c) {
  for (;;) {
    co_await io::sleep(milliseconds(1500));
    std::vector<std::string> going;
    for (const json::Item* pod : c.api.all("pods"))
      if (pod->find("metadata", "deletionTimestamp") != nullptr)
        going.emplace_back(text_at(*pod, "metadata.name"));
    for (const std::string& name : going) c.api.erase("pods/default/" + name);
  }
}

Task<void> important_ones_preempt(FakeCluster& c) {
  io::TaskGroup kubelets(co_await io::this_loop());
  kubelets.spawn(end_deleted_pods(c));
  c.api.bound = [&](const json::Item&) { c.check_no_overcommit(); };
  make_nodes(c, 3, {.cpu = "2"});
  for (int i = 0; i < 6; ++i) c.api.put("pods", pod_json(text("low{}", i), {.cpu = "1"}));
  CHECK(co_await c.settles([&] { return c.bound_pods() == 6; }));
  for (int i = 0; i < 3; ++i)
    c.api.put("pods", pod_json(text("high{}", i), {.cpu = "1500m", .priority = 1000}));
  CHECK(co_await c.settles([&] {
    return std::ranges::none_of(std::vector{0, 1, 2},
                                [&](int i) { return c.node_of(text("high{}", i)).empty(); });
  }));
  CHECK(c.bound_pods() == 3);  // each took two places
}

Task<void> one_that_preempts_says_so(FakeCluster& c) {
  make_nodes(c, 1, {.cpu = "1"});
  c.api.put("pods", pod_json("low", {.cpu = "1"}));
  CHECK(co_await c.settles([&] { return !c.node_of("low").empty(); }));
  c.api.put("pods", pod_json("high", {.cpu = "1", .priority = 1000}));
  CHECK(co_await c.settles([&] {
    const json::Item& low = c.api.find("pods/default/low")->root();
    return low.find("metadata", "deletionTimestamp") != nullptr &&
           text_at(low, "status.conditions[0].reason") == "PreemptionByScheduler";
  }));
  co_await io::sleep(seconds(30));
  CHECK(text_at(c.api.find("pods/default/high")->root(), "status.nominatedNodeName") == "n1");
  CHECK(condition_of(c, "high").starts_with("0/1 nodes are available: 1 Insufficient cpu."));
  CHECK(c.node_of("high").empty());
  c.api.put("pods", pod_json("small", {.cpu = "1"}));
  c.api.erase("pods/default/low");
  CHECK(co_await c.settles([&] { return c.node_of("high") == "n1"; }));
  CHECK(c.node_of("small").empty());
}

Task<void> claims_are_bound_first(FakeCluster& c) {
  make_nodes(c, 2, {});
  c.api.put("storageclasses", R"({"metadata":{"name":"local"},"provisioner":"x.example.com",
      "volumeBindingMode":"WaitForFirstConsumer"})");
  c.api.put("persistentvolumeclaims", R"({"metadata":{"namespace":"default","name":"data"},"spec":{
      "storageClassName":"local","accessModes":["ReadWriteOnce"],
      "resources":{"requests":{"storage":"1Gi"}}}})");
  c.api.put(
      "pods",
      pod_json("p", {.spec = R"("volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}],)"}));
  const std::string claim = "persistentvolumeclaims/default/data";
  const auto selected = [&] {
    for (const json::Item& note : kube::children_at(c.api.find(claim)->root(), "metadata.annotations"))
      if (note.key() == "volume.kubernetes.io/selected-node") return std::string(note.string_or(""));
    return std::string();
  };
  CHECK(co_await c.settles([&] { return !selected().empty(); }));
  co_await io::sleep(seconds(20));
  CHECK(c.node_of("p").empty());
  json::Item& object = c.api.find(claim)->root();
  object.member("spec").member("volumeName").set_string("pv1");
  object.member("metadata").member("annotations").member("pv.kubernetes.io/bind-completed").set_string("yes");
  c.api.put(
      "persistentvolumes",
      text(R"({{"metadata":{{"name":"pv1"}},"spec":{{"storageClassName":"local","nodeAffinity":{{"required":
                {{"nodeSelectorTerms":[{{"matchExpressions":[{{"key":"kubernetes.io/hostname","operator":"In",
                "values":["{}"]}}]}}]}}}}}}}})",
           selected()));
  c.api.changed(claim);
  CHECK(co_await c.settles([&] { return c.node_of("p") == selected(); }));
}

Task<void> a_volume_is_given_to_one_claim(FakeCluster& c) {
  make_nodes(c, 1, {});
  c.api.put("storageclasses", R"({"metadata":{"name":"local"},"provisioner":"kubernetes.io/no-provisioner",
      "volumeBindingMode":"WaitForFirstConsumer"})");
  for (int i = 0; i < 2; ++i) {
    c.api.put("persistentvolumes", text(R"({{"metadata":{{"name":"pv{}"}},"spec":{{"storageClassName":"local",
      "accessModes":["ReadWriteOnce"],"capacity":{{"storage":"1Gi"}}}},"status":{{"phase":"Available"}}}})",
                                        i));
    c.api.put("persistentvolumeclaims",
              text(R"({{"metadata":{{"namespace":"default","name":"data{}"}},"spec":{{
      "storageClassName":"local","accessModes":["ReadWriteOnce"],
      "resources":{{"requests":{{"storage":"1Gi"}}}}}}}})",
                   i));
    const std::string uses =
        text(R"("volumes":[{{"name":"v","persistentVolumeClaim":{{"claimName":"data{}"}}}}],)", i);
    c.api.put("pods", pod_json(text("p{}", i), {.spec = uses}));
  }
  CHECK(co_await c.settles([&] {
    std::vector<std::string> given;
    for (const json::Item* volume : c.api.all("persistentvolumes"))
      given.emplace_back(text_at(*volume, "spec.claimRef.name"));
    std::ranges::sort(given);
    return given == std::vector<std::string>{"data0", "data1"};
  }));
}

Task<void> gates_hold(FakeCluster& c) {
  make_nodes(c, 1, {});
  c.api.put("pods", pod_json("p", {.spec = R"("schedulingGates":[{"name":"g"}],)"}));
  co_await io::sleep(seconds(30));
  CHECK(c.node_of("p").empty());
  CHECK(c.api.bindings == 0);
  c.api.find("pods/default/p")->root().find("spec")->remove("schedulingGates");
  c.api.changed("pods/default/p");
  CHECK(co_await c.settles([&] { return !c.node_of("p").empty(); }, seconds(5)));
}

Task<void> others_are_left_alone(FakeCluster& c) {
  make_nodes(c, 1, {});
  json::Tree other = tree_of(pod_json("other"));
  other.root().member("spec").member("schedulerName").set_string("mine");
  c.api.put("pods", other.to_text());
  c.api.put("pods", pod_json("p"));
  CHECK(co_await c.settles([&] { return !c.node_of("p").empty(); }));
  co_await io::sleep(seconds(30));
  CHECK(c.node_of("other").empty());
  CHECK(c.api.bindings == 1);
}

}  // namespace

TEST_CASE("pods fill the nodes and never overfill them") {
  in_many_worlds(worlds, {}, 0, pods_fill_the_nodes);
  in_many_worlds(worlds, some_faults, 5, pods_fill_the_nodes);
}
TEST_CASE("pods and nodes come and go, watches end, the scheduler dies: all pods find their places") {
  in_many_worlds(worlds, {}, 0, chaos_converges);
  in_many_worlds(worlds, some_faults, 10, chaos_converges);
}
TEST_CASE("important pods get the room that there is") {
  in_many_worlds(worlds, {}, 0, important_ones_go_first);
}
TEST_CASE("important pods take the room of others") {
  in_many_worlds(worlds, {}, 0, important_ones_preempt);
  in_many_worlds(worlds, some_faults, 5, important_ones_preempt);
}
TEST_CASE("a pod that preempts is nominated until its victims have gone") {
  in_many_worlds(worlds, {}, 0, one_that_preempts_says_so);
}
TEST_CASE("claims that wait for their pod are bound before it is") {
  in_many_worlds(worlds, {}, 0, claims_are_bound_first);
  in_many_worlds(worlds, some_faults, 3, claims_are_bound_first);
}
TEST_CASE("each volume is given to one claim") {
  in_many_worlds(worlds, {}, 0, a_volume_is_given_to_one_claim);
}
TEST_CASE("scheduling gates hold a pod back") { in_many_worlds(worlds, {}, 0, gates_hold); }
TEST_CASE("pods of other schedulers are left alone") { in_many_worlds(worlds, {}, 0, others_are_left_alone); }

}  // namespace podo::scheduler
