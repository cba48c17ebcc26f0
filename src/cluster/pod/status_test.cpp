#include "cluster/pod/status.h"

#include "cluster/pod/plan_world_testing.h"

namespace podo::pod {
namespace {

constexpr std::string_view pod_text_of_test =
    R"({"metadata":{"name":"p","namespace":"ns","uid":"u","generation":3},"spec":{"restartPolicy":"Always",
        "readinessGates":[{"conditionType":"example.com/gate"}],"containers":[{"name":"c","image":"i"}]},
        "status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"True",
        "lastTransitionTime":"2026-01-01T00:00:00Z"}]}})";

}  // namespace

TEST_CASE("readiness gates hold a ready pod back, until somebody else's condition is true") {
  PlanWorld world(pod_text_of_test);
  world.seen.host_ips = {"192.168.0.1"};
  world.look_on();
  CHECK(world.condition("ContainersReady") == "True  ");
  CHECK(
      world.condition("Ready") ==
      "False ReadinessGatesNotReady corresponding condition of pod readiness gate \"example.com/gate\" does "
      "not exist.");
  json::Item& gate = world.pod.root().member("status").member("conditions").append();
  gate.member("type").set_string("example.com/gate");
  gate.member("status").set_string("True");
  world.look_on();
  CHECK(world.condition("Ready") == "True  ");
  CHECK(kube::number_at(world.told.root(), "observedGeneration") == 3);
  CHECK(kube::text_at(world.told.root(), "hostIPs[0].ip") == "192.168.0.1");
  CHECK(kube::text_at(world.told.root(), "qosClass") == "BestEffort");
}

TEST_CASE("a patch says what is new, and leaves conditions of others alone") {
  PlanWorld world(pod_text_of_test);
  world.look_on();
  const auto patch = status_patch(world.pod.root(), world.told.root());
  REQUIRE(patch);
  const json::Tree change = parsed(*patch);
  CHECK(kube::text_at(change.root(), "metadata.uid") == "u");
  CHECK(kube::text_at(change.root(), "status.phase") == "Running");
  // What the API has after it needs no other one.
  world.pod.root().member("status").copy(world.told.root());
  CHECK_FALSE(status_patch(world.pod.root(), world.told.root()));
  // An address that changed takes the place of the old one.
  world.told.root().member("podIPs").at(0)->member("ip").set_string("10.0.0.10");
  const auto moved = status_patch(world.pod.root(), world.told.root());
  REQUIRE(moved);
  CHECK(moved->contains(R"("podIPs":[{"$patch":"replace"},{"ip":"10.0.0.10"}])"));
}

TEST_CASE("who a container runs as is told as long as it is the same run") {
  PlanWorld world(pod_text_of_test);
  world.look_on();
  world.facts("c").runs.front().user = LinuxUser{.uid = 5, .gid = 6, .groups = {6, 7}};
  world.look_on();
  const auto user = [&] {
    const json::Item* told = world.status_of("c").find("user", "linux");
    return told != nullptr ? json::Tree::copy_of(*told).to_text() : std::string();
  };
  CHECK(user() == R"({"uid":5,"gid":6,"supplementalGroups":[6,7]})");
  world.facts("c").runs.front().user.reset();
  world.look_on();
  CHECK(user() == R"({"uid":5,"gid":6,"supplementalGroups":[6,7]})");
  world.facts("c").runs.front().id = "another";
  world.look_on();
  CHECK(user().empty());
}

TEST_CASE("a container that the engine lost while it ran has ended for unknown reasons") {
  PlanWorld world(pod_text_of_test);
  world.look_on();
  world.facts("c").runs.clear();
  world.told = status(world.pod.root(), world.seen, world.told.root(), world.now());
  const json::Item& lost = world.status_of("c");
  CHECK(kube::text_at(lost, "lastState.terminated.reason") == "ContainerStatusUnknown");
  CHECK(kube::number_at(lost, "restartCount") == 1);
  CHECK(kube::text_at(lost, "state.waiting.reason") == "ContainerCreating");
}

}  // namespace podo::pod
