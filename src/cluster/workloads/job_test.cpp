#include "cluster/workloads/job_plan.h"

#include "cluster/control/conditions.h"
#include "cluster/control/plans_testing.h"
#include "cluster/workloads/job_indexes.h"
#include "cluster/workloads/job_policy.h"

namespace podo::controllers {
namespace {

struct JobCase {
  std::string_view spec = R"("completions":3,"parallelism":2,"backoffLimit":6)";
  std::string_view status = R"({"startTime":"1970-01-01T00:00:10Z"})";
  Seconds now = 1000;
};

Plan plan_of(const JobCase& in, const PodTable& table) {
  const json::Tree job = tree_of(text(
      R"({{"metadata":{{"name":"j","namespace":"default","uid":"u"}},
    "spec":{{{},"template":{{"spec":{{"containers":[{{"name":"c"}}]}}}}}},"status":{}}})",
      in.spec, in.status));
  const Facts self = self_of(Kind::job, job);
  return plan_job({job.root(), self, table.pods, in.now});
}

const json::Item& status_of(const Plan& plan) {
  REQUIRE(!plan.writes.empty());
  REQUIRE(plan.writes[0].verb == Write::Verb::update_status);
  return kube::part_at(plan.writes[0].object.root(), "status");
}

std::string without_status(const Plan& plan) {
  const std::string all = told(plan);
  return all.starts_with("status Job j") ? all.substr(std::min(all.size(), std::size_t{14})) : all;
}

constexpr std::string_view indexed =
    R"("completions":3,"parallelism":3,"completionMode":"Indexed","backoffLimit":6)";

}  // namespace

TEST_CASE("a Job makes as many pods as may run at once") {
  CHECK(without_status(plan_of({}, PodTable{})) == "create Pod j-, create Pod j-");
  CHECK(without_status(plan_of({}, PodTable{"a running tracked"})) == "create Pod j-");
  CHECK(without_status(plan_of({.status = R"({"startTime":"1970-01-01T00:00:10Z","succeeded":2})"},
                               PodTable{})) == "create Pod j-");
  const Plan first = plan_of({.status = "{}"}, PodTable{});
  CHECK(kube::text_at(status_of(first), "startTime") == "1970-01-01T00:16:40Z");
  CHECK(kube::number_at(status_of(first), "active") == 2);
  CHECK(kube::text_at(first.writes[1].object.root(), "metadata.finalizers[0]") ==
        "batch.kubernetes.io/job-tracking");
}

TEST_CASE("an ended pod is noted, freed, and then counted") {
  const Plan noted = plan_of({}, PodTable{"a succeeded tracked", "b running tracked", "c running tracked"});
  CHECK(without_status(noted) == "patch Pod a");
  CHECK(kube::text_at(status_of(noted), "uncountedTerminatedPods.succeeded[0]") == "uid-a");
  const JobCase freed{
      .status = R"({"startTime":"1970-01-01T00:00:10Z","uncountedTerminatedPods":{"succeeded":["uid-a"]}})"};
  const Plan counted = plan_of(freed, PodTable{"a succeeded", "b running tracked", "c running tracked"});
  CHECK(kube::number_at(status_of(counted), "succeeded") == 1);
  CHECK(kube::size_at(status_of(counted), "uncountedTerminatedPods.succeeded") == 0);
}

TEST_CASE("a Job is complete when enough has succeeded and nothing is left") {
  const Plan done =
      plan_of({.status = R"({"startTime":"1970-01-01T00:00:10Z","succeeded":3})"}, PodTable{"a succeeded"});
  CHECK(reason_of(status_of(done), "Complete") == "CompletionsReached");
  CHECK(condition_holds(status_of(done), "SuccessCriteriaMet"));
  CHECK(kube::text_at(status_of(done), "completionTime") == "1970-01-01T00:16:40Z");
  REQUIRE(done.said.size() == 1);
  CHECK(done.said[0].message == "Job completed");
}

TEST_CASE("back-off, its limit, and the deadline") {
  const Plan waits = plan_of({.now = 505}, PodTable{"a failed"});
  CHECK(without_status(waits).empty());
  CHECK(waits.again_after == 5);
  CHECK(job_backoff_left(PodTable{"a failed", "b failed", "c failed"}.pods, 505) == 35);
  const JobCase over{.spec = R"("completions":3,"parallelism":2,"backoffLimit":0)"};
  const Plan failing = plan_of(over, PodTable{"a failed tracked", "b running tracked"});
  CHECK(without_status(failing) == "patch Pod a, remove Pod b");
  CHECK(reason_of(status_of(failing), "FailureTarget") == "BackoffLimitExceeded");
  CHECK_FALSE(condition_holds(status_of(failing), "Failed"));
  const JobCase late{.spec = R"("completions":3,"activeDeadlineSeconds":900)"};
  const Plan ended = plan_of(late, PodTable{});
  CHECK(reason_of(status_of(ended), "Failed") == "DeadlineExceeded");
}

TEST_CASE("indexed: each index once") {
  const Plan first = plan_of({.spec = indexed}, PodTable{"a succeeded tracked #1", "b running tracked #0"});
  CHECK(without_status(first) == "patch Pod a, create Pod j-2-");
  CHECK(kube::text_at(status_of(first), "completedIndexes") == "1");
  const json::Item& pod = first.writes[2].object.root();
  CHECK(kube::text_at(pod, "spec.hostname") == "j-2");
  CHECK(kube::text_at(pod, "spec.containers[0].env[0].name") == "JOB_COMPLETION_INDEX");
  const Plan twice =
      plan_of({.spec = indexed}, PodTable{"a running #0", "b running #0", "c running #1", "d running #2"});
  CHECK(without_status(twice) == "remove Pod a");
}

TEST_CASE("a limit per index") {
  const std::string_view spec =
      R"("completions":2,"parallelism":2,"completionMode":"Indexed","backoffLimitPerIndex":0)";
  const Plan one = plan_of({.spec = spec}, PodTable{"a failed tracked #0", "b running tracked #1"});
  CHECK(kube::text_at(status_of(one), "failedIndexes") == "0");
  CHECK(without_status(one) == "patch Pod a");
  const JobCase rest{
      .spec = spec,
      .status = R"({"startTime":"1970-01-01T00:00:10Z","failedIndexes":"0","completedIndexes":"1"})"};
  CHECK(reason_of(status_of(plan_of(rest, PodTable{})), "Failed") == "FailedIndexes");
}

TEST_CASE("suspended and resumed") {
  const JobCase suspend{.spec = R"("completions":3,"parallelism":2,"suspend":true)"};
  const Plan stops = plan_of(suspend, PodTable{"a running tracked"});
  CHECK(without_status(stops) == "remove Pod a");
  CHECK(reason_of(status_of(stops), "Suspended") == "JobSuspended");
  const JobCase resume{.status =
                           R"({"conditions":[{"type":"Suspended","status":"True","reason":"JobSuspended"}],
    "startTime":"1970-01-01T00:00:10Z"})"};
  const Plan again = plan_of(resume, PodTable{});
  CHECK(reason_of(status_of(again), "Suspended") == "JobResumed");
  CHECK(kube::text_at(status_of(again), "startTime") == "1970-01-01T00:16:40Z");
}

TEST_CASE("what is done is cleared after its time") {
  const JobCase done{.spec = R"("ttlSecondsAfterFinished":600)",
                     .status = R"({"conditions":[{"type":"Complete","status":"True",
    "lastTransitionTime":"1970-01-01T00:10:00Z"}]})"};
  CHECK(plan_of(done, PodTable{}).again_after == 200);
  JobCase later = done;
  later.now = 1200;
  CHECK(told(plan_of(later, PodTable{"a succeeded tracked"})) == "patch Pod a, remove Job j");
}

TEST_CASE("policies of failure and success") {
  const json::Tree policy = tree_of(R"({"rules":[
    {"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget","status":"True"}]},
    {"action":"FailJob","onExitCodes":{"containerName":"c","operator":"In","values":[42]}},
    {"action":"FailIndex","onExitCodes":{"operator":"NotIn","values":[1,2]}}]})");
  Pod pod = pod_of_line("p failed");
  pod.exits = {{"c", 1}};
  CHECK(judge_failure(&policy.root(), pod).what == PodFailure::count);
  pod.exits = {{"c", 42}};
  CHECK(judge_failure(&policy.root(), pod).why ==
        "Container c for pod default/p failed with exit code 42 matching FailJob rule at index 1");
  pod.exits = {{"d", 42}};
  CHECK(judge_failure(&policy.root(), pod).what == PodFailure::fail_index);
  pod.conditions = {{"DisruptionTarget", "True"}};
  CHECK(judge_failure(&policy.root(), pod).what == PodFailure::ignore);
  const json::Tree success = tree_of(R"({"rules":[{"succeededIndexes":"0,2-3","succeededCount":2}]})");
  CHECK_FALSE(success_met(&success.root(), Indexes::parse("1-2", 5), 5));
  CHECK(success_met(&success.root(), Indexes::parse("2-4", 5), 5) == "Matched rules at index 0");
}

TEST_CASE("sets of indexes") {
  Indexes indexes = Indexes::parse("1,3-5,9", 8);
  CHECK(indexes.text() == "1,3-5");
  CHECK(indexes.size() == 4);
  indexes.insert(2);
  CHECK(indexes.text() == "1-5");
  indexes.insert(7);
  indexes.insert(7);
  CHECK(indexes.text() == "1-5,7");
  CHECK(indexes.contains(5));
  CHECK_FALSE(indexes.contains(6));
  CHECK(Indexes::parse("0-1", 8).text() == "0,1");
}

}  // namespace podo::controllers
