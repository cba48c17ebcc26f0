#include "cluster/control/plans_testing.h"
#include "cluster/controllers/node_health_plan.h"
#include "cluster/controllers/taint_eviction_plan.h"

namespace podo::controllers {
namespace {

using kube::text_at;

// "KEY:EFFECT KEY:EFFECT"
std::string told_taints(const json::Item& taints) {
  std::string all;
  for (const json::Item& taint : kube::children(&taints))
    all += text("{}{}:{}", all.empty() ? "" : " ", text_at(taint, "key"), text_at(taint, "effect"));
  return all;
}

json::Tree node_that_is(std::string_view ready, std::string_view spec = "") {
  return tree_of(
      text(R"({{"metadata":{{"name":"n1","uid":"u","creationTimestamp":"1970-01-01T00:01:40Z"}},"spec":{{{}}},
    "status":{{"conditions":[{{"type":"Ready","status":"{}","reason":"KubeletReady","message":"m",
    "lastTransitionTime":"1970-01-01T00:10:00Z","lastHeartbeatTime":"1970-01-01T00:10:00Z"}}]}}}})",
           spec, ready));
}

Plan plan_of(const json::Tree& node, Seconds silent_for, Pods pods = {}, bool all_are_down = false) {
  const std::unique_ptr<const Facts> facts = facts_of(Kind::node, node.root());
  return plan_node_health(
      {node.root(), static_cast<const Node&>(*facts), silent_for, all_are_down, std::move(pods), 1000});
}

}  // namespace

TEST_CASE("of a node that is silent for 50 seconds nothing is known") {
  const json::Tree node = node_that_is("True");
  const Plan patient = plan_of(node, 49);
  CHECK(patient.writes.empty());
  CHECK(patient.again_after == 1);
  const Plan plan = plan_of(node, 50);
  CHECK(told(plan) == "status Node n1");
  const json::Item& conditions = *kube::find_at(plan.writes[0].object.root(), "status.conditions");
  CHECK(conditions.size() == 4);
  CHECK(text_at(conditions, "[0].status") == "Unknown");
  CHECK(text_at(conditions, "[0].reason") == "NodeStatusUnknown");
  CHECK(text_at(conditions, "[0].message") == "Kubelet stopped posting node status.");
  CHECK(text_at(conditions, "[0].lastHeartbeatTime") == "1970-01-01T00:10:00Z");
  CHECK(text_at(conditions, "[1].reason") == "NodeStatusNeverUpdated");
  CHECK(text_at(conditions, "[1].lastHeartbeatTime") == "1970-01-01T00:01:40Z");
  REQUIRE(plan.said.size() == 1);
  CHECK(plan.said[0].message == "Node n1 status is now: NodeNotReady");
}

TEST_CASE("conditions are taints; those of others stay") {
  const auto taints = [](std::string_view ready, bool all_are_down, std::string_view spec = "") {
    const json::Tree node = node_that_is(ready, spec);
    const json::Tree wanted = wanted_taints(node.root(), all_are_down, 1000);
    return told_taints(wanted.root());
  };
  CHECK(taints("True", false) == "");
  CHECK(taints("False", false) ==
        "node.kubernetes.io/not-ready:NoSchedule node.kubernetes.io/not-ready:NoExecute");
  CHECK(taints("Unknown", false) ==
        "node.kubernetes.io/unreachable:NoSchedule node.kubernetes.io/unreachable:NoExecute");
  CHECK(taints("Unknown", true) == "node.kubernetes.io/unreachable:NoSchedule");
  CHECK(taints("True", false, R"("unschedulable":true)") == "node.kubernetes.io/unschedulable:NoSchedule");
  CHECK(taints("True", false, R"("taints":[{"key":"mine","effect":"NoExecute"},
    {"key":"node.kubernetes.io/unreachable","effect":"NoExecute"}])") == "mine:NoExecute");
  CHECK(told(plan_of(node_that_is("True"), 0)) == "");
  CHECK(told(plan_of(node_that_is("False"), 0)) == "update Node n1");
}

TEST_CASE("pods of a lost node are not ready, unless it has said so since") {
  PodTable table{"a running ready @n1", "b running ready @n1", "c running @n1"};
  table.owned[1]->ready_since = 700;
  const Plan plan = plan_of(node_that_is("Unknown", R"("taints":[{"key":"node.kubernetes.io/unreachable",
    "effect":"NoSchedule"}])"),
                            60, table.pods, true);
  CHECK(told(plan) == "status Node n1");  // the other conditions first
  const Plan next = plan_of(node_that_is("False", R"("taints":[{"key":"node.kubernetes.io/not-ready",
    "effect":"NoSchedule"}])"),
                            0, table.pods, true);
  CHECK(told(next) == "patch Pod a");
}

TEST_CASE("ranges of addresses are given in order, and the gaps first") {
  const IpPrefix all = *IpPrefix::parse("10.244.0.0/22");
  const auto next = [&](std::vector<std::string> taken) {
    const auto range = free_range(all, 24, taken);
    return range ? range->to_text() : std::string();
  };
  CHECK(next({}) == "10.244.0.0/24");
  CHECK(next({"10.244.0.0/24", "10.244.2.0/24", ""}) == "10.244.1.0/24");
  CHECK(next({"10.244.0.0/23"}) == "10.244.2.0/24");
  CHECK(next({"10.244.0.0/23", "10.244.2.0/23"}) == "");
}

TEST_CASE("a pod leaves at once, after the shortest tolerance, or never") {
  const json::Tree node = tree_of(R"({"spec":{"taints":[
    {"key":"a","effect":"NoExecute","timeAdded":"1970-01-01T00:10:00Z"},{"key":"b","effect":"NoSchedule"},
    {"key":"c","value":"x","effect":"NoExecute"}]}})");
  const auto end = [&](std::string_view tolerations) {
    const json::Tree pod = tree_of(text(R"({{"metadata":{{"creationTimestamp":"1970-01-01T00:00:10Z"}},
      "spec":{{"tolerations":[{}]}}}})",
                                        tolerations));
    return end_by_taints(pod.root(), node.root(), 650);
  };
  constexpr std::string_view for_a = R"({"key":"a","operator":"Exists","tolerationSeconds":300})";
  CHECK(end("") == 0);
  CHECK(end(for_a) == 0);
  CHECK(end(text(R"({},{{"key":"c","value":"x"}})", for_a)) == 900);
  CHECK(end(text(R"({},{{"key":"c","value":"x","tolerationSeconds":200}})", for_a)) == 850);
  CHECK(end(text(R"({},{{"key":"c","value":"x","tolerationSeconds":-3}})", for_a)) == 650);
  CHECK(end(R"({"operator":"Exists"})") == std::nullopt);
}

}  // namespace podo::controllers
