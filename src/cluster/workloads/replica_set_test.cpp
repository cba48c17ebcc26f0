#include "cluster/control/claims.h"
#include "cluster/control/plans_testing.h"
#include "cluster/workloads/deletion_order.h"
#include "cluster/workloads/pod_template.h"
#include "cluster/workloads/replica_set_plan.h"

namespace podo::controllers {
namespace {

json::Tree replica_set(int replicas) {
  return tree_of(text(R"({{"metadata":{{"name":"web","namespace":"default","uid":"u","generation":3}},
    "spec":{{"replicas":{},"minReadySeconds":10,"selector":{{"matchLabels":{{"a":"b"}}}},
    "template":{{"metadata":{{"labels":{{"a":"b"}}}},"spec":{{"containers":[{{"name":"c"}}]}}}}}}}})",
                      replicas));
}

std::string planned(int replicas, const PodTable& table) {
  const json::Tree wanted = replica_set(replicas);
  const Facts self = self_of(Kind::replica_set, wanted);
  return told(plan_replicas({Kind::replica_set, wanted.root(), self, table.pods, table.pods, 1000}));
}

}  // namespace

TEST_CASE("a ReplicaSet makes what is missing and removes what is too much") {
  CHECK(planned(2, PodTable{}) == "create Pod web-, create Pod web-");
  CHECK(planned(1, PodTable{"a running ready @n a=b"}).empty());
  CHECK(planned(2, PodTable{"a running ready @n a=b", "b failed @n a=b",
                            "c running ready @n deleting a=b"}) == "create Pod web-");
  CHECK(planned(0, PodTable{"a running @n a=b", "b pending a=b"}) == "remove Pod b, remove Pod a");
}

TEST_CASE("the pod that is missed least goes first") {
  struct Case {
    std::string_view left, right;  // left goes first
  };
  for (const Case& each : {
           Case{"a pending", "b running ready @n"},
           {"a pending @n", "b running @n"},
           {"a running @n", "b running ready @n"},
       }) {
    PodTable table{each.right, each.left};
    sort_for_deletion(table.pods, table.pods, 1000);
    CHECK_MESSAGE(table.pods.front()->name == "a", each.left);
  }
  PodTable costs{"b running ready @n", "a running ready @n"};
  costs.owned[1]->deletion_cost = -5;
  sort_for_deletion(costs.pods, costs.pods, 1000);
  CHECK(costs.pods.front()->name == "a");
  PodTable spread{"b running ready @n1", "a running ready @n2", "c running ready @n2"};
  sort_for_deletion(spread.pods, spread.pods, 1000);
  CHECK(spread.pods.back()->name == "b");
  PodTable age{"b running ready @n", "a running ready @n"};
  age.owned[1]->ready_since = 990;
  sort_for_deletion(age.pods, age.pods, 1000);
  CHECK(age.pods.front()->name == "a");
  PodTable restarts{"b running @n", "a running @n"};
  restarts.owned[1]->restarts = 3;
  sort_for_deletion(restarts.pods, restarts.pods, 1000);
  CHECK(restarts.pods.front()->name == "a");
}

TEST_CASE("the status of a ReplicaSet") {
  const json::Tree wanted = replica_set(3);
  const Facts self = self_of(Kind::replica_set, wanted);
  const PodTable table{"a running ready @n a=b", "b running ready @n x=y", "c running @n deleting a=b"};
  table.owned[1]->ready_since = 995;
  const ReplicaSetInput in{Kind::replica_set, wanted.root(), self, table.pods, {}, 1000};
  const auto write = plan_replica_status(in, "quota exceeded");
  REQUIRE(write);
  const json::Item& status = *write->object.root().find("status");
  CHECK(kube::number_at(status, "replicas") == 2);
  CHECK(kube::number_at(status, "fullyLabeledReplicas") == 1);
  CHECK(kube::number_at(status, "readyReplicas") == 2);
  CHECK(kube::number_at(status, "availableReplicas") == 1);
  CHECK(kube::number_at(status, "terminatingReplicas") == 1);
  CHECK(kube::number_at(status, "observedGeneration") == 3);
  CHECK(kube::text_at(status, "conditions[0].reason") == "FailedCreate");
  CHECK(kube::text_at(status, "conditions[0].message") == "quota exceeded");
  CHECK(next_available(table.pods, 10, 1000) == 5);
}

TEST_CASE("who fits the selector is adopted, who does not is released") {
  const json::Tree wanted = replica_set(1);
  Facts self = self_of(Kind::replica_set, wanted);
  const PodTable owned{"a running a=b", "b running a=c"},
      orphans{"c running a=b", "d running a=b deleting", "e running"};
  const std::vector<const Facts*> mine(owned.pods.begin(), owned.pods.end()),
      free(orphans.pods.begin(), orphans.pods.end());
  const ClaimPlan plan = plan_claims(self, Kind::replica_set, Kind::pod, mine, free);
  CHECK(plan.kept.size() == 1);
  CHECK(plan.adopts);
  REQUIRE(plan.writes.size() == 2);
  CHECK(plan.writes[0].name == "b");
  CHECK(plan.writes[0].change ==
        R"({"metadata":{"uid":"uid-b","ownerReferences":[{"$patch":"delete","uid":"u"}]}})");
  CHECK(plan.writes[1].name == "c");
  self.deleted = 1;
  CHECK(plan_claims(self, Kind::replica_set, Kind::pod, mine, free).writes.empty());
}

TEST_CASE("hashes and percentages") {
  const json::Tree a =
      tree_of(R"({"metadata":{"labels":{"x":"y","pod-template-hash":"1"}},"spec":{"a":1,"b":2}})");
  const json::Tree b = tree_of(R"({"spec":{"b":2,"a":1},"metadata":{"labels":{"x":"y"}}})");
  CHECK(template_hash(a.root()) == template_hash(b.root()));
  CHECK(template_hash(a.root()) != template_hash(a.root(), 1));
  CHECK(same_template(a.root(), b.root()));
  const json::Tree quarter = tree_of(R"("25%")"), three = tree_of("3");
  CHECK(resolve(&quarter.root(), 10, Round::up) == 3);
  CHECK(resolve(&quarter.root(), 10, Round::down) == 2);
  CHECK(resolve(&three.root(), 10, Round::down) == 3);
}

}  // namespace podo::controllers
