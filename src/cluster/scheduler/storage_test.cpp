#include "cluster/scheduler/scheduler_testing.h"

namespace podo::scheduler {
namespace {

constexpr std::string_view uses_data =
    R"("volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}],)";

std::string claim_json(std::string_view spec, std::string_view meta = "", std::string_view status = "") {
  return text(
      R"({{"metadata":{{"namespace":"default","name":"data","uid":"c1"{}}},"spec":{{{}}},"status":{{{}}}}})",
      meta, spec, status);
}

constexpr std::string_view wants_local = R"("storageClassName":"local","accessModes":["ReadWriteOnce"],
    "resources":{"requests":{"storage":"1Gi"}})";
constexpr std::string_view completed = R"(,"annotations":{"pv.kubernetes.io/bind-completed":"yes"})";

std::string volume_json(std::string_view name, std::string_view node, std::string_view capacity = "1Gi",
                        std::string_view meta = "") {
  return text(
      R"({{"metadata":{{"name":"{}"{}}},"spec":{{"storageClassName":"local","accessModes":["ReadWriteOnce"],)"
      R"("capacity":{{"storage":"{}"}},)"
      R"("nodeAffinity":{{"required":{{"nodeSelectorTerms":[{{"matchExpressions":)"
      R"([{{"key":"kubernetes.io/hostname","operator":"In","values":["{}"]}}]}}]}}}}}},)"
      R"("status":{{"phase":"Available"}}}})",
      name, meta, capacity, node);
}

}  // namespace

TEST_CASE("claims that cannot be served yet are said of the pod, not of nodes") {
  Lab lab;
  lab.node("n1");
  const PodPtr pod = lab.pod("p", {.spec = uses_data});
  CHECK(lab.why_not(pod) == "0/1 nodes are available: persistentvolumeclaim \"data\" not found.");
  lab.claim(claim_json(R"("storageClassName":"fast")"));
  CHECK(lab.why_not(pod) == "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.");
  lab.claim(claim_json("", R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")"));
  CHECK(lab.why_not(pod) == "0/1 nodes are available: persistentvolumeclaim \"data\" is being deleted.");
  lab.claim(claim_json(R"("volumeName":"gone")", "", R"("phase":"Lost")"));
  CHECK(lab.why_not(pod) ==
        "0/1 nodes are available: persistentvolumeclaim \"data\" bound to non-existent "
        "persistentvolume \"gone\".");
  const PodPtr scratch = lab.pod("s", {.spec = R"("volumes":[{"name":"v","ephemeral":{}}],)"});
  CHECK(lab.why_not(scratch) ==
        "0/1 nodes are available: waiting for ephemeral volume controller to create the "
        "persistentvolumeclaim \"s-v\".");
}

TEST_CASE("a bound claim goes where its volume is") {
  Lab lab;
  lab.node("n1");
  lab.node("n2", {.labels = R"("topology.kubernetes.io/zone":"a")"});
  lab.claim(claim_json(R"("volumeName":"pv1")", completed));
  const PodPtr pod = lab.pod("p", {.spec = uses_data});
  CHECK(lab.check(pod, "n1").obstacle == Obstacle::volume_gone);
  lab.volume(volume_json("pv1", "n2"));
  CHECK(lab.nodes_for(pod) == "n2");
  CHECK(lab.check(pod, "n1").obstacle == Obstacle::volume_node);
  lab.volume(R"({"metadata":{"name":"pv1","labels":{"topology.kubernetes.io/zone":"b__a"}}})");
  CHECK(lab.nodes_for(pod) == "n2");
  CHECK(lab.check(pod, "n1").obstacle == Obstacle::volume_zone);
}

TEST_CASE("a claim that waits for its pod takes the smallest volume there is on the node") {
  Lab lab;
  lab.node("n1");
  lab.node("n2");
  lab.storage_class(R"({"metadata":{"name":"local"},"provisioner":"kubernetes.io/no-provisioner",
      "volumeBindingMode":"WaitForFirstConsumer"})");
  lab.claim(claim_json(wants_local));
  const PodPtr pod = lab.pod("p", {.spec = uses_data});
  CHECK(lab.check(pod, "n1").obstacle == Obstacle::volume_none);
  lab.volume(volume_json("big", "n1", "5Gi"));
  lab.volume(volume_json("small", "n1", "2Gi"));
  lab.volume(volume_json("tiny", "n1", "1Mi"));
  CHECK(lab.nodes_for(pod) == "n1");
  const VolumePlan plan = lab.fitting(pod).plan_volumes(*lab.snapshot.find("n1"));
  REQUIRE(plan.bind.size() == 1);
  CHECK(plan.bind[0].first == "small");
  lab.storage.assume(plan);
  CHECK(lab.fitting(pod).plan_volumes(*lab.snapshot.find("n1")).bind[0].first == "big");
  lab.storage.forget(plan);
  CHECK(lab.fitting(pod).plan_volumes(*lab.snapshot.find("n1")).bind[0].first == "small");
}

TEST_CASE("a claim that waits for its pod may have its volume made") {
  Lab lab;
  lab.node("n1", {.labels = R"("topology.kubernetes.io/zone":"a")"});
  lab.node("n2");
  lab.storage_class(R"({"metadata":{"name":"local"},"provisioner":"x.example.com",
      "volumeBindingMode":"WaitForFirstConsumer"})");
  lab.claim(claim_json(wants_local));
  const PodPtr pod = lab.pod("p", {.spec = uses_data});
  CHECK(lab.nodes_for(pod) == "n1 n2");
  CHECK(lab.fitting(pod).plan_volumes(*lab.snapshot.find("n2")).make ==
        std::vector<std::string>{"default/data"});
  lab.claim(claim_json(wants_local, R"(,"annotations":{"volume.kubernetes.io/selected-node":"n1"})"));
  CHECK(lab.nodes_for(pod) == "n1");
  lab.claim(claim_json(wants_local));
  lab.storage_class(R"({"metadata":{"name":"local"},"provisioner":"x.example.com",
      "volumeBindingMode":"WaitForFirstConsumer","allowedTopologies":[{"matchLabelExpressions":[
      {"key":"topology.kubernetes.io/zone","values":["a"]}]}]})");
  CHECK(lab.nodes_for(pod) == "n1");
}

TEST_CASE("a ReadWriteOncePod claim is one pod's") {
  Lab lab;
  lab.node("n1");
  lab.volume(volume_json("pv1", "n1"));
  lab.claim(claim_json(R"("volumeName":"pv1","accessModes":["ReadWriteOncePod"])", completed));
  const PodPtr first = lab.place("first", "n1", {.spec = uses_data});
  const PodPtr pod = lab.pod("p", {.spec = uses_data});
  CHECK(lab.why_not(pod) ==
        "0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name "
        "and ReadWriteOncePod access mode.");
  CHECK_FALSE(lab.check(pod, "n1").hopeless);
  lab.snapshot.remove(*first);
  CHECK(lab.nodes_for(pod) == "n1");
}

}  // namespace podo::scheduler
