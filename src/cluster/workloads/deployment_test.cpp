#include "cluster/workloads/deployment_plan.h"

#include "cluster/control/conditions.h"
#include "cluster/control/plans_testing.h"
#include "cluster/workloads/pod_template.h"

namespace podo::controllers {
namespace {

constexpr std::string_view revision_key = "deployment.kubernetes.io/revision";

struct DeploymentCase {
  std::string_view strategy = R"({"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}})";
  int replicas = 3;
  std::string_view more = "";  // of spec
  std::string_view status = "{}";
  Seconds now = 1000;
};

json::Tree deployment(const DeploymentCase& in, int image) {
  return tree_of(text(R"({{"metadata":{{"name":"web","namespace":"default","uid":"u","generation":1,
    "annotations":{{"deployment.kubernetes.io/revision":"2","kubernetes.io/change-cause":"because"}}}},
    "spec":{{"replicas":{},"strategy":{},"progressDeadlineSeconds":600,"revisionHistoryLimit":1{},
    "selector":{{"matchLabels":{{"a":"b"}}}},
    "template":{{"metadata":{{"labels":{{"a":"b"}}}},"spec":{{"image":{}}}}}}},"status":{}}})",
                      in.replicas, in.strategy, in.more, image, in.status));
}

struct Set {
  int image, replicas, available;
  int revision, desired = 3, most = 4;
};

json::Tree set_of(const Set& set) {
  return tree_of(text(R"({{"metadata":{{"name":"web-{}","namespace":"default","uid":"u-{}",
    "creationTimestamp":"2026-01-01T00:00:0{}Z","annotations":{{"deployment.kubernetes.io/revision":"{}",
    "kubernetes.io/change-cause":"because","deployment.kubernetes.io/desired-replicas":"{}",
    "deployment.kubernetes.io/max-replicas":"{}"}}}},
    "spec":{{"replicas":{},"template":{{"metadata":{{"labels":{{"a":"b","pod-template-hash":"h{}"}}}},
    "spec":{{"image":{}}}}}}},"status":{{"replicas":{},"readyReplicas":{},"availableReplicas":{}}}}})",
                      set.image, set.image, set.image, set.revision, set.desired, set.most, set.replicas,
                      set.image, set.image, set.replicas, set.available, set.available));
}

Plan plan_of(const DeploymentCase& in, std::initializer_list<Set> sets, int image, Pods pods = {}) {
  const json::Tree wanted = deployment(in, image);
  const Facts self = self_of(Kind::deployment, wanted);
  std::vector<json::Tree> trees;
  for (const Set& set : sets) trees.push_back(set_of(set));
  return plan_deployment({wanted.root(), self, std::move(trees), pods, in.now});
}

std::string sizes(const Plan& plan) {
  std::string all = told(plan);
  const std::size_t status = all.find(", status");
  if (status != std::string::npos) all.erase(status);
  return all.starts_with("status") ? "" : all;
}

const json::Item& status_of(const Plan& plan) {
  REQUIRE(!plan.writes.empty());
  return kube::part_at(plan.writes.back().object.root(), "status");
}

}  // namespace

TEST_CASE("a Deployment's first ReplicaSet") {
  const Plan plan = plan_of({}, {}, 1);
  REQUIRE(plan.writes.size() == 2);
  const json::Item& set = plan.writes[0].object.root();
  CHECK(kube::number_at(set, "spec.replicas") == 3);
  const std::string_view hash = kube::text_at(set, "metadata.labels.pod-template-hash");
  CHECK(hash.size() == 10);
  CHECK(plan.writes[0].name == "web-" + std::string(hash));
  CHECK(kube::text_at(set, "spec.selector.matchLabels.pod-template-hash") == hash);
  CHECK(set.find("metadata", "annotations", revision_key)->string() == "1");
  CHECK(set.find("metadata", "annotations", "kubernetes.io/change-cause")->string() == "because");
  CHECK(plan.writes[0].done.message == text("Scaled up replica set {} from 0 to 3", plan.writes[0].name));
  CHECK(reason_of(status_of(plan), "Progressing") == "NewReplicaSetCreated");
}

TEST_CASE("rolling: the new one grows into the surge, the old one shrinks by what may be missed") {
  struct Case {
    std::string_view surge, unavailable;
    Set old, fresh;
    std::string_view planned;
  };
  for (const Case& each : {
           Case{"1", "0", {1, 3, 3, 1}, {2, 0, 0, 2}, "update ReplicaSet web-2=1"},
           {"1", "0", {1, 3, 3, 1}, {2, 1, 0, 2}, ""},
           {"1", "0", {1, 3, 3, 1}, {2, 1, 1, 2}, "update ReplicaSet web-1=2"},
           {"1", "0", {1, 2, 2, 1}, {2, 1, 1, 2}, "update ReplicaSet web-2=2"},
           {"0", "1", {1, 3, 3, 1, 3, 3}, {2, 0, 0, 2, 3, 3}, "update ReplicaSet web-1=2"},
           {"1", "0", {1, 3, 1, 1}, {2, 1, 1, 2}, "update ReplicaSet web-1=2"},  // one that is missed already
           {R"("50%")", R"("34%")", {1, 3, 3, 1, 3, 5}, {2, 0, 0, 2, 3, 5}, "update ReplicaSet web-2=2"},
           {R"("0%")", R"("1%")", {1, 3, 3, 1, 3, 3}, {2, 0, 0, 2, 3, 3}, "update ReplicaSet web-1=2"},
           {"1", "1", {1, 3, 1, 1}, {2, 1, 1, 2}, "update ReplicaSet web-1=1"},  // the broken ones go first
       }) {
    const std::string strategy =
        text(R"({{"type":"RollingUpdate","rollingUpdate":{{"maxSurge":{},"maxUnavailable":{}}}}})",
             each.surge, each.unavailable);
    CHECK_EQ(sizes(plan_of({.strategy = strategy}, {each.old, each.fresh}, 2)), each.planned);
  }
}

TEST_CASE("recreate: all of the old, then all of the new") {
  const DeploymentCase recreate{.strategy = R"({"type":"Recreate"})"};
  CHECK(sizes(plan_of(recreate, {{1, 3, 3, 1, 3, 3}}, 2)) == "update ReplicaSet web-1=0");
  PodTable running{"a running ready"};
  CHECK(sizes(plan_of(recreate, {{1, 0, 0, 1, 3, 3}}, 2, running.pods)).empty());
  CHECK(sizes(plan_of(recreate, {{1, 0, 0, 1, 3, 3}}, 2)).starts_with("create ReplicaSet web-"));
}

TEST_CASE("paused: no new ReplicaSet, and sizes follow in proportion") {
  const DeploymentCase paused{.more = R"(,"paused":true)"};
  CHECK(sizes(plan_of(paused, {{1, 3, 3, 1}}, 2)).empty());
  const Plan plan = plan_of(paused, {{1, 3, 3, 1}}, 2);
  CHECK(reason_of(status_of(plan), "Progressing") == "DeploymentPaused");
  DeploymentCase more = paused;
  more.replicas = 5;
  CHECK(sizes(plan_of(more, {{1, 3, 3, 1}}, 2)) == "update ReplicaSet web-1=5");
  // Scaled in the middle of a rollout: 8 of 10 and 5 of 13 at most, to 20.
  DeploymentCase middle{
      .strategy = R"({"type":"RollingUpdate","rollingUpdate":{"maxSurge":3,"maxUnavailable":2}})",
      .replicas = 20};
  CHECK(sizes(plan_of(middle, {{1, 8, 8, 1, 10, 13}, {2, 5, 0, 2, 10, 13}}, 2)) ==
        "update ReplicaSet web-1=14, update ReplicaSet web-2=9");
}

TEST_CASE("going back to an older template") {
  const Plan plan = plan_of({}, {{1, 0, 0, 1}, {2, 3, 3, 2}}, 1);
  REQUIRE(plan.writes.size() == 2);
  CHECK(plan.writes[0].change == R"({"metadata":{"annotations":{"deployment.kubernetes.io/revision":"3"}}})");
  const json::Item& set = plan.writes[1].object.root();
  CHECK(set.find("metadata", "annotations", revision_key)->string() == "3");
  CHECK(set.find("metadata", "annotations", "deployment.kubernetes.io/revision-history")->string() == "1");
}

TEST_CASE("the end of a rollout, its history, and its deadline") {
  const Plan done =
      plan_of({.status = R"({"observedGeneration":1})"}, {{1, 0, 0, 1}, {3, 0, 0, 2}, {2, 3, 3, 3}}, 2);
  // The deployment's own revision is noted first.
  CHECK(told(done) == "patch Deployment web");
  const Plan clean = plan_of({}, {{1, 0, 0, 0}, {3, 0, 0, 1}, {2, 3, 3, 2}}, 2);
  CHECK(told(clean) == "remove ReplicaSet web-1, status Deployment web");
  CHECK(reason_of(status_of(clean), "Progressing") == "NewReplicaSetAvailable");
  CHECK(reason_of(status_of(clean), "Available") == "MinimumReplicasAvailable");
  const std::string_view stuck = R"({"replicas":3,"updatedReplicas":3,"unavailableReplicas":3,"conditions":[
    {"type":"Progressing","status":"True","reason":"ReplicaSetUpdated",
     "lastUpdateTime":"1970-01-01T00:05:00Z",
     "lastTransitionTime":"1970-01-01T00:05:00Z"}]})";
  const Plan late = plan_of({.status = stuck}, {{2, 3, 0, 2}}, 2);
  CHECK(reason_of(status_of(late), "Progressing") == "ProgressDeadlineExceeded");
  const Plan waits = plan_of({.status = stuck, .now = 600}, {{2, 3, 0, 2}}, 2);
  CHECK(waits.again_after == 301);
  const std::string_view was_done = R"({"replicas":3,"updatedReplicas":3,"readyReplicas":3,"conditions":[
    {"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable",
     "lastUpdateTime":"1970-01-01T00:05:00Z",
     "lastTransitionTime":"1970-01-01T00:05:00Z"}]})";
  const Plan unready = plan_of({.status = was_done}, {{2, 3, 0, 2}}, 2);
  CHECK(!unready.again_after);  // it waits for its pods, not for a time
}

TEST_CASE("a ReplicaSet's name that is taken") {
  const json::Tree wanted = deployment({}, 1);
  const auto taken = plan_create_failure(wanted.root(), "web-x", true, "there", 1000);
  REQUIRE(taken);
  CHECK(kube::number_at(taken->object.root(), "status.collisionCount") == 1);
  const auto denied = plan_create_failure(wanted.root(), "web-x", false, "quota", 1000);
  CHECK(reason_of(kube::part_at(denied->object.root(), "status"), "Progressing") == "ReplicaSetCreateError");
}

}  // namespace podo::controllers
