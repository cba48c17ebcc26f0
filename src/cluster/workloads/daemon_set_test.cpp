#include "cluster/workloads/daemon_set_plan.h"

#include "cluster/control/plans_testing.h"

namespace podo::controllers {
namespace {

struct Nodes {
  explicit Nodes(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      owned.push_back(std::make_unique<Node>());
      owned.back()->name = name;
      owned.back()->labels = {{"kind", name.starts_with('n') ? "good" : "bad"}};
    }
    for (const auto& node : owned) nodes.push_back(node.get());
  }
  std::vector<std::unique_ptr<Node>> owned;
  std::vector<const Node*> nodes;
};

json::Tree daemon_set(std::string_view rolling) {
  return tree_of(text(R"({{"metadata":{{"name":"d","namespace":"default","uid":"u"}},
    "spec":{{"updateStrategy":{{"type":"RollingUpdate","rollingUpdate":{}}},
    "selector":{{"matchLabels":{{"a":"b"}}}},
    "template":{{"metadata":{{"labels":{{"a":"b"}}}},"spec":{{"nodeSelector":{{"kind":"good"}}}}}}}}}})",
                      rolling));
}

DaemonSetPlan plan_of(const json::Tree& set, const Nodes& nodes, const PodTable& table,
                      const std::map<std::string, Seconds>& resting = {}) {
  const Facts self = self_of(Kind::daemon_set, set);
  std::vector<json::Tree> there;
  there.push_back(tree_of(
      R"({"metadata":{"name":"d-new"},"revision":1,"data":{"spec":{"template":{"$patch":"replace"}}}})"));
  for (const json::Item& member : kube::children_at(set.root(), "spec.template"))
    there[0].root().member("data").member("spec").member("template").member(member.key()).copy(member);
  const Revisions revisions(set.root(), Kind::daemon_set, self, std::move(there));
  return plan_daemon_set({set.root(), self, nodes.nodes, table.pods, revisions, resting, 1000});
}

constexpr std::string_view unavailable_one = R"({"maxUnavailable":1,"maxSurge":0})";

}  // namespace

TEST_CASE("a pod on every node that fits, bound to it") {
  const DaemonSetPlan planned = plan_of(daemon_set(unavailable_one), Nodes{"n1", "x", "n2"},
                                        PodTable{"a running ready @n1 controller-revision-hash=new"});
  CHECK(told(planned.plan) == "create Pod d-");
  const json::Item& pod = planned.plan.writes[0].object.root();
  CHECK(kube::text_at(pod,
                      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
                      "nodeSelectorTerms[0].matchFields[0].values[0]") == "n2");
  CHECK(kube::size_at(pod, "spec.tolerations") == 6);
  CHECK(kube::text_at(pod, "metadata.labels.controller-revision-hash") == "new");
  REQUIRE(planned.plan.status);
  CHECK(kube::number_at(planned.plan.status->object.root(), "status.desiredNumberScheduled") == 2);
  CHECK(kube::number_at(planned.plan.status->object.root(), "status.numberUnavailable") == 1);
}

TEST_CASE("pods where they should not be go, and one of two") {
  const Nodes nodes{"n1", "x"};
  const PodTable table{"a running @n1 controller-revision-hash=new",
                       "b running @n1 controller-revision-hash=new", "c running @x", "d running @gone"};
  CHECK(told(plan_of(daemon_set(unavailable_one), nodes, table).plan) ==
        "remove Pod d, remove Pod b, remove Pod c");
  Nodes tainted{"n1"};
  tainted.owned[0]->taints = {{"t", "", "NoSchedule"}};
  CHECK(told(plan_of(daemon_set(unavailable_one), tainted, PodTable{}).plan).empty());
  const PodTable there{"a running ready @n1 controller-revision-hash=new"};
  CHECK(told(plan_of(daemon_set(unavailable_one), tainted, there).plan).empty());
  tainted.owned[0]->taints = {{"t", "", "NoExecute"}};
  CHECK(told(plan_of(daemon_set(unavailable_one), tainted, there).plan) == "remove Pod a");
}

TEST_CASE("a daemon's pod that failed is cleared, but not at once again") {
  const PodTable table{"a failed @n1 controller-revision-hash=new"};
  const DaemonSetPlan first = plan_of(daemon_set(unavailable_one), Nodes{"n1"}, table);
  CHECK(told(first.plan) == "remove Pod a");
  CHECK(first.failed_on == std::vector<std::string>{"n1"});
  const DaemonSetPlan rests = plan_of(daemon_set(unavailable_one), Nodes{"n1"}, table, {{"n1", 1007}});
  CHECK(told(rests.plan).empty());
  CHECK(rests.plan.again_after == 7);
}

TEST_CASE("a new template goes over the nodes") {
  const Nodes nodes{"n1", "n2"};
  const PodTable good{"a running ready @n1 controller-revision-hash=old",
                      "b running ready @n2 controller-revision-hash=old"};
  CHECK(told(plan_of(daemon_set(unavailable_one), nodes, good).plan) == "remove Pod a");
  const PodTable half{"a running @n1 controller-revision-hash=new",
                      "b running ready @n2 controller-revision-hash=old"};
  CHECK(told(plan_of(daemon_set(unavailable_one), nodes, half).plan).empty());
  const json::Tree surging = daemon_set(R"({"maxUnavailable":0,"maxSurge":1})");
  CHECK(told(plan_of(surging, nodes, good).plan) == "create Pod d-");
  const PodTable both{"a running ready @n1 controller-revision-hash=old",
                      "c running @n1 controller-revision-hash=new",
                      "b running ready @n2 controller-revision-hash=old"};
  CHECK(told(plan_of(surging, nodes, both).plan).empty());
  both.owned[1]->ready = true;
  CHECK(told(plan_of(surging, nodes, both).plan) == "remove Pod a, create Pod d-");
}

}  // namespace podo::controllers
