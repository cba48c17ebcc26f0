#include "cluster/scheduler/preemption.h"

#include "cluster/scheduler/scheduler_testing.h"

namespace podo::scheduler {
namespace {

struct Arena : Lab {
  std::vector<Budget> budgets;

  Preemption plan(const PodPtr& pod) {
    Picker picker(random);
    const Fitting held = fitting(pod);
    const Picked picked = picker.pick(held);
    REQUIRE_FALSE(picked.node.has_value());
    return plan_preemption(held, picked.diagnosis, budgets, random);
  }
  std::string victims(const PodPtr& pod) {
    const Preemption found = plan(pod);
    if (!found.node) return found.refused;
    std::string all = snapshot.nodes()[*found.node].node.name + ":";
    for (const PodPtr& victim : found.victims) all += " " + victim->name;
    return all;
  }
};

}  // namespace

TEST_CASE("no more victims than needed, the least important of them") {
  Arena arena;
  arena.node("n1", {.cpu = "4"});
  arena.place("low", "n1", {.cpu = "2", .priority = 1});
  arena.place("lower", "n1", {.cpu = "1"});
  arena.place("high", "n1", {.cpu = "1", .priority = 50});
  CHECK(arena.victims(arena.pod("p", {.cpu = "1", .priority = 10})) == "n1: lower");
  CHECK(arena.victims(arena.pod("p", {.cpu = "2", .priority = 10})) == "n1: low");
  CHECK(arena.victims(arena.pod("p", {.cpu = "3", .priority = 10})) == "n1: low lower");
  CHECK(arena.victims(arena.pod("p", {.cpu = "4", .priority = 10})) ==
        "0/1 nodes are available: 1 Insufficient cpu.");
  CHECK(arena.victims(arena.pod("p", {.cpu = "1"})) ==
        "0/1 nodes are available: 1 No preemption victims found for incoming pod.");
  CHECK(arena.victims(arena.pod("p", {.cpu = "5", .priority = 10})) ==
        "0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
}

TEST_CASE("the cheapest node: budgets, then the highest victim, then how many") {
  Arena arena;
  arena.node("n1", {.cpu = "1"});
  arena.node("n2", {.cpu = "1"});
  arena.place("a", "n1", {.cpu = "1", .labels = R"("app":"guarded")", .priority = 1});
  arena.place("b", "n2", {.cpu = "1", .priority = 2});
  const PodPtr pod = arena.pod("p", {.cpu = "1", .priority = 10});
  CHECK(arena.victims(pod) == "n1: a");
  arena.budgets.push_back(budget_of(tree_of(R"({"metadata":{"namespace":"default"},
      "spec":{"selector":{"matchLabels":{"app":"guarded"}}},"status":{"disruptionsAllowed":0}})")
                                        .root()));
  CHECK(arena.victims(pod) == "n2: b");
  arena.node("n3", {.cpu = "1"});
  arena.place("c", "n3", {.cpu = "500m", .priority = 2});
  arena.place("d", "n3", {.cpu = "500m", .priority = 2});
  CHECK(arena.victims(pod) == "n2: b");
  arena.node("n4", {.cpu = "1"});
  arena.place("e", "n4", {.cpu = "1", .priority = 1});
  CHECK(arena.victims(pod) == "n4: e");
}

TEST_CASE("of equals the youngest goes") {
  Arena arena;
  arena.node("n1", {.cpu = "1"});
  arena.node("n2", {.cpu = "1"});
  arena.place("old", "n1", {.cpu = "1", .status = R"("startTime":"2026-01-01T00:00:00Z")"});
  arena.place("young", "n2", {.cpu = "1", .status = R"("startTime":"2026-01-02T00:00:00Z")"});
  CHECK(arena.victims(arena.pod("p", {.cpu = "1", .priority = 10})) == "n2: young");
}

TEST_CASE("a budget that is broken anyway is broken as little as possible") {
  Arena arena;
  arena.node("n1", {.cpu = "2"});
  arena.budgets.push_back(budget_of(tree_of(R"({"metadata":{"namespace":"default"},
      "spec":{"selector":{"matchLabels":{"app":"guarded"}}},"status":{"disruptionsAllowed":0}})")
                                        .root()));
  arena.place("guarded", "n1", {.cpu = "1", .labels = R"("app":"guarded")"});
  arena.place("plain", "n1", {.cpu = "1", .priority = 5});
  CHECK(arena.victims(arena.pod("p", {.cpu = "1", .priority = 10})) == "n1: plain");
}

TEST_CASE("pods that never preempt, or whose victims are going already, wait") {
  Arena arena;
  arena.node("n1", {.cpu = "1"});
  arena.place(
      "low", "n1",
      {.cpu = "1",
       .meta = R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")",
       .status =
           R"("conditions":[{"type":"DisruptionTarget","status":"True","reason":"PreemptionByScheduler"}])"});
  CHECK(
      arena.victims(arena.pod("p", {.cpu = "1", .spec = R"("preemptionPolicy":"Never",)", .priority = 10})) ==
      "not eligible due to preemptionPolicy=Never.");
  const PodPtr pod = arena.pod("p", {.cpu = "1", .priority = 10});
  arena.snapshot.nominate(pod, "n1");
  CHECK(arena.victims(pod) == "not eligible due to a terminating pod on the nominated node.");
}

TEST_CASE("who is nominated keeps its place against lesser ones") {
  Arena arena;
  arena.node("n1", {.cpu = "1"});
  const PodPtr high = arena.pod("high", {.cpu = "1", .priority = 10});
  arena.snapshot.nominate(high, "n1");
  CHECK(arena.nodes_for(high) == "n1");
  CHECK(arena.nodes_for(arena.pod("low", {.cpu = "1"})).empty());
  CHECK(arena.nodes_for(arena.pod("higher", {.cpu = "1", .priority = 20})) == "n1");
  arena.snapshot.end_nomination(*high);
  CHECK(arena.nodes_for(arena.pod("low", {.cpu = "1"})) == "n1");
}

TEST_CASE("preemption counts what affinity and spreading would say without the victims") {
  Arena arena;
  arena.node("n1");
  const std::string_view shy =
      R"("affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
      {"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"web"}}}]}},)";
  arena.place("shy", "n1", {.spec = shy});
  arena.place("other", "n1");
  CHECK(arena.victims(arena.pod("p", {.labels = R"("app":"web")", .priority = 10})) == "n1: shy");
  const std::string_view spread =
      R"("topologySpreadConstraints":[{"topologyKey":"kubernetes.io/hostname","maxSkew":1,
      "whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"db"}}}],)";
  arena.node("n2", {.pods = "0"});
  arena.place("db", "n1", {.labels = R"("app":"db")"});
  CHECK(arena.victims(arena.pod("p", {.labels = R"("app":"db")", .spec = spread, .priority = 10})) ==
        "n1: db");
}

}  // namespace podo::scheduler
