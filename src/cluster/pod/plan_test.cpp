#include "cluster/pod/plan.h"

#include <algorithm>

#include "cluster/pod/container_request.h"
#include "cluster/pod/plan_world_testing.h"

namespace podo::pod {
namespace {

std::string pod_of(std::string_view spec, std::string_view metadata = "") {
  return text(R"({{"metadata":{{"name":"p","namespace":"ns","uid":"u1","generation":1{}}},)"
              R"("spec":{{"terminationGracePeriodSeconds":30,{}}}}})",
              metadata, spec);
}

// `spec` with POLICY replaced.
std::string with_policy(std::string spec, std::string_view policy) {
  spec.replace(spec.find("POLICY"), 6, policy);
  return pod_of(spec);
}

std::string one_container(std::string_view policy) {
  return with_policy(R"("restartPolicy":"POLICY","containers":[{"name":"c","image":"i"}])", policy);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out.append(out.empty() ? "" : "; ").append(line);
  return out;
}

}  // namespace

TEST_CASE("init containers run one after the other, sidecars stay, containers come last") {
  PlanWorld world(pod_of(R"("restartPolicy":"Always",
    "initContainers":[{"name":"a","image":"i"},
                      {"name":"side","image":"i","restartPolicy":"Always","startupProbe":{}},
                      {"name":"b","image":"i"}],
    "containers":[{"name":"c","image":"i"},{"name":"d","image":"i"}])"));
  world.look_on();
  CHECK(joined(world.log) == "start a 0");
  CHECK(world.phase() == "Pending");
  CHECK(world.condition("Initialized") ==
        "False ContainersNotInitialized containers with incomplete status: [a side b]");
  CHECK(kube::text_at(world.status_of("c"), "state.waiting.reason") == "PodInitializing");
  world.end("a", 0);
  world.look_on();
  CHECK(world.log.back() == "start side 0");
  world.facts("side").startup = true;
  world.look_on();
  CHECK(world.log.back() == "start b 0");
  world.end("b", 0);
  world.look_on();
  CHECK(joined(world.log) == "start a 0; start side 0; start b 0; start c 0; start d 0");
  CHECK(world.phase() == "Running");
  CHECK(world.condition("Initialized") == "True  ");
  CHECK(world.condition("Ready") == "True  ");
}

TEST_CASE("a failing init container is tried again, or fails the pod when nothing restarts") {
  const std::string spec = R"("restartPolicy":"POLICY","initContainers":[{"name":"a","image":"i"}],)"
                           R"("containers":[{"name":"c","image":"i"}])";
  PlanWorld again(with_policy(spec, "OnFailure"));
  again.look_on();
  again.end("a", 1);
  again.look_on();
  CHECK(again.log.back() == "start a 1");
  PlanWorld never(with_policy(spec, "Never"));
  never.look_on();
  never.end("a", 1);
  never.look_on();
  CHECK(never.phase() == "Failed");
  CHECK(never.log.size() == 1);
  CHECK_FALSE(never.seen.sandbox);
}

TEST_CASE("crash loops wait 10 s, 20 s, ... 5 minutes, and begin anew after ten good minutes") {
  PlanWorld world(one_container("Always"));
  world.look_on();
  const auto crash = [&] {
    world.pass(seconds(1));
    world.end("c", 1);
    return world.look_on();
  };
  crash();
  CHECK(world.log.back() == "start c 1");  // the first time at once
  for (const int wait : {10, 20, 40, 80, 160, 300, 300}) {
    CAPTURE(wait);
    const Plan plan = crash();
    REQUIRE(plan.again_at);
    CHECK((*plan.again_at - world.at) == seconds(wait));
    CHECK(kube::text_at(world.status_of("c"), "state.waiting.reason") == "CrashLoopBackOff");
    CHECK(kube::text_at(world.status_of("c"), "state.waiting.message") ==
          text("back-off {} restarting failed container=c pod=p_ns(u1)", duration_text(seconds(wait))));
    CHECK(kube::number_at(world.status_of("c"), "lastState.terminated.exitCode") == 1);
    CHECK(world.phase() == "Running");
    world.pass(seconds(wait) - seconds(1));
    CHECK_FALSE(world.look().start);
    world.pass(seconds(1));
    CHECK(world.look().start);
  }
  world.pass(seconds(601));
  world.end("c", 1);
  CHECK(world.look().start);
}

TEST_CASE("what ends well or badly restarts by its rules, its own policy, the pod's") {
  const auto restarts = [](std::string_view policy, std::string_view container, int code) {
    const json::Tree pod = parsed(pod_of(
        text(R"("restartPolicy":"{}","containers":[{{"name":"c","image":"i"{}}}])", policy, container)));
    return restarts_after(pod.root(), parts_of(pod.root()).front(), code);
  };
  CHECK(restarts("Always", "", 0));
  CHECK_FALSE(restarts("OnFailure", "", 0));
  CHECK(restarts("OnFailure", "", 1));
  CHECK_FALSE(restarts("Never", "", 1));
  CHECK_FALSE(restarts("Always", R"(,"restartPolicy":"Never")", 1));
  constexpr std::string_view rules =
      R"(,"restartPolicy":"Never",)"
      R"("restartPolicyRules":[{"action":"Restart","exitCodes":{"operator":"In","values":[42]}}])";
  CHECK(restarts("Never", rules, 42));
  CHECK_FALSE(restarts("Never", rules, 41));
}

TEST_CASE("a Job's pod ends although its sidecar runs on, and the sidecar goes last") {
  PlanWorld world(pod_of(R"("restartPolicy":"Never",
    "initContainers":[{"name":"one","image":"i","restartPolicy":"Always"},
                      {"name":"two","image":"i","restartPolicy":"Always"}],
    "containers":[{"name":"c","image":"i"}])"));
  world.look_on();
  world.log.clear();
  world.end("c", 0);
  world.look_on();
  CHECK(joined(world.log) == "Killing: Stopping container two; signal two");
  CHECK(world.phase() == "Running");
  world.end("two", 143);
  world.look_on();
  CHECK(world.log.back() == "signal one");
  world.end("one", 0);
  world.look_on();
  CHECK(world.phase() == "Succeeded");
  CHECK(world.condition("Ready") == "False PodCompleted ");
  CHECK_FALSE(world.seen.sandbox);
  CHECK(kube::text_at(world.told.root(), "podIP") == "10.0.0.9");
}

TEST_CASE("a deleted pod: preStop, the signal with what is left, and it is done when all is torn down") {
  PlanWorld world(pod_of(R"("restartPolicy":"Always","containers":[
    {"name":"c","image":"i","lifecycle":{"preStop":{"sleep":{"seconds":5}}}},{"name":"d","image":"i"}])"));
  world.look_on();
  world.log.clear();
  world.pod.root().member("metadata").member("deletionTimestamp").set_string("2026-01-01T00:00:30Z");
  world.pod.root().member("metadata").member("deletionGracePeriodSeconds").set_number(20);
  world.look_on();
  CHECK(joined(world.log) ==
        "Killing: Stopping container c; Killing: Stopping container d; preStop c; signal d");
  world.end("d", 0);
  world.pass(seconds(5));
  world.facts("c").stopping->pre_stop = Stopping::Hook::done;
  const Plan told = world.look();
  REQUIRE(told.stops.size() == 1);
  CHECK(told.stops.front().left == seconds(15));
  world.end("c", 143);
  CHECK(world.look_on().done);
  CHECK(world.phase() == "Failed");
  CHECK_FALSE(world.seen.volumes);
}

TEST_CASE("a preStop that takes too long leaves two seconds") {
  PlanWorld world(pod_of(R"("restartPolicy":"Always","containers":[
    {"name":"c","image":"i","lifecycle":{"preStop":{"sleep":{"seconds":99}}}}])"));
  world.look_on();
  world.pod.root().member("metadata").member("deletionTimestamp").set_string("x");
  world.pod.root().member("metadata").member("deletionGracePeriodSeconds").set_number(3);
  world.look();
  world.pass(seconds(3));
  const Plan told = world.look();
  REQUIRE(told.stops.size() == 1);
  CHECK(told.stops.front().step == Stop::Step::signal);
  CHECK(told.stops.front().left == grace_min);
}

TEST_CASE("a shorter grace period counts for what is being stopped already") {
  PlanWorld world(one_container("Always"));
  world.look_on();
  world.pod.root().member("metadata").member("deletionTimestamp").set_string("x");
  world.pod.root().member("metadata").member("deletionGracePeriodSeconds").set_number(30);
  world.look();
  world.pod.root().member("metadata").member("deletionGracePeriodSeconds").set_number(5);
  CHECK(world.look().stops.empty());
  world.pass(seconds(5));
  const Plan killed = world.look();
  REQUIRE(killed.stops.size() == 1);
  CHECK(killed.stops.front().step == Stop::Step::kill);
}

TEST_CASE("probes that fail stop a container, which starts again by the pod's policy") {
  PlanWorld world(pod_of(R"("restartPolicy":"Always","containers":[
    {"name":"c","image":"i","livenessProbe":{"terminationGracePeriodSeconds":7}}])"));
  world.look_on();
  world.facts("c").alive = false;
  const Plan plan = world.look();
  REQUIRE(plan.stops.size() == 1);
  CHECK(plan.stops.front().grace == seconds(7));
  CHECK(world.log[1] == "Killing: Container c failed liveness probe, will be restarted");
  world.end("c", 0);
  world.look_on();
  CHECK(world.log.back() == "start c 1");
}

TEST_CASE("a changed image makes a container anew, whatever the policy, and without a back-off") {
  PlanWorld world(one_container("Never"));
  world.look_on();
  world.pod.root().find("spec", "containers")->at(0)->member("image").set_string("other");
  world.look();
  CHECK(world.log[1] == "Killing: Container c definition changed, will be restarted");
  world.end("c", 143);
  world.look_on();
  CHECK(world.log.back() == "start c 1");
  CHECK(world.facts("c").back_off.delay.ns == 0);
}

TEST_CASE("a pod that is active for too long fails, when it has stopped") {
  PlanWorld world(pod_of(
      R"("restartPolicy":"Always","activeDeadlineSeconds":60,"containers":[{"name":"c","image":"i"}])"));
  const Plan first = world.look_on();
  REQUIRE(first.again_at);
  world.pass(seconds(60));
  world.look();
  CHECK(std::ranges::contains(
      world.log, "DeadlineExceeded: Pod was active on the node longer than the specified deadline"));
  CHECK(world.phase() == "Running");
  world.end("c", 143);
  world.look_on();
  CHECK(world.phase() == "Failed");
  CHECK(kube::text_at(world.told.root(), "reason") == "DeadlineExceeded");
}

TEST_CASE("after a reboot all begins anew, but for pods that restart nothing") {
  for (const std::string_view policy : {"Always", "Never"}) {
    CAPTURE(policy);
    PlanWorld world(with_policy(R"("restartPolicy":"POLICY","initContainers":[{"name":"a","image":"i"}],)"
                                R"("containers":[{"name":"c","image":"i"}])",
                                policy));
    world.look_on();
    world.end("a", 0);
    world.look_on();
    world.end("c", 137);
    world.seen.sandbox = false;
    world.seen.lost = true;
    world.log.clear();
    world.pass(seconds(1));
    world.look_on();
    if (policy == "Never") {
      CHECK(world.phase() == "Failed");
      CHECK(world.log.empty());
    } else {
      CHECK(joined(world.log) ==
            "SandboxChanged: Pod sandbox changed, it will be killed and re-created.; start a 1");
    }
  }
}

TEST_CASE("ephemeral containers start once, at any time") {
  PlanWorld world(one_container("Always"));
  world.look_on();
  world.pod.root()
      .member("spec")
      .member("ephemeralContainers")
      .append()
      .copy_text(R"({"name":"e","image":"i"})")
      .value();
  world.look_on();
  CHECK(world.log.back() == "start e 0");
  world.end("e", 1);
  world.pass(seconds(100));
  CHECK(world.look_on().does_nothing());
  CHECK(world.phase() == "Running");
}

TEST_CASE("a pod that the node refuses fails with its reason") {
  PlanWorld world(one_container("Always"));
  world.seen.rejected = Problem{"OutOfcpu", "Node didn't have enough resource: cpu"};
  CHECK(world.look_on().done);
  CHECK(world.phase() == "Failed");
  CHECK(kube::text_at(world.told.root(), "reason") == "OutOfcpu");
  CHECK(world.log.empty());
}

TEST_CASE("a pod that has taken too much ends, and fails with the reason") {
  PlanWorld world(one_container("Always"));
  world.look_on();
  world.seen.evicted = Problem{"Evicted", "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". "};
  world.look_on();
  CHECK(world.phase() == "Running");  // until its containers have ended
  world.end("c", 137);
  world.look_on();
  CHECK(world.phase() == "Failed");
  CHECK(kube::text_at(world.told.root(), "reason") == "Evicted");
  CHECK(kube::text_at(world.told.root(), "message") == world.seen.evicted->message);
}

TEST_CASE("Events say where a container stands in its pod") {
  const json::Tree pod =
      parsed(R"({"spec":{"initContainers":[{"name":"i"},{"name":"s","restartPolicy":"Always"}],
    "containers":[{"name":"c"}],"ephemeralContainers":[{"name":"e"}]}})");
  CHECK(field_path_of(pod.root(), "i") == "spec.initContainers{i}");
  CHECK(field_path_of(pod.root(), "s") == "spec.initContainers{s}");
  CHECK(field_path_of(pod.root(), "c") == "spec.containers{c}");
  CHECK(field_path_of(pod.root(), "e") == "spec.ephemeralContainers{e}");
  CHECK(field_path_of(pod.root(), "").empty());
}

TEST_CASE("a start that failed waits for its time, and the next container is started") {
  PlanWorld world(
      pod_of(R"("restartPolicy":"Always","containers":[{"name":"c","image":"i"},{"name":"d","image":"i"}])"));
  world.look();
  world.facts("c").waiting = Waiting{"ErrImagePull", "no such image", world.at + seconds(10)};
  world.look_on();
  CHECK(joined(world.log) == "start d 0");
  CHECK(kube::text_at(world.status_of("c"), "state.waiting.reason") == "ErrImagePull");
  CHECK(world.phase() == "Pending");
  CHECK(world.condition("Ready") == "False ContainersNotReady containers with unready status: [c]");
}

}  // namespace podo::pod
