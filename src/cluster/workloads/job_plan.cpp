#include "cluster/workloads/job_plan.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "cluster/control/conditions.h"
#include "cluster/workloads/deletion_order.h"
#include "cluster/workloads/job_policy.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::find_at;
using kube::number_at;
using kube::part_at;
using kube::text_at;

constexpr std::size_t pods_at_once = 500, uncounted_max = 500;

std::optional<std::int64_t> optional_number(const json::Item& object, std::string_view path) {
  const json::Item* found = find_at(object, path);
  return found != nullptr ? found->as_int64() : std::nullopt;
}

struct JobPlan {
  explicit JobPlan(const JobInput& input);

  void count_pods();  // finished ones into the status
  void count(const Pod& pod, std::set<std::string, std::less<>>& known);
  void settle_uncounted();
  void decide();  // whether it has failed or succeeded
  void decide_indexes();
  void manage();  // pods to make and to remove
  void remove_some(std::int64_t at_least);
  void make_some(std::int64_t missing);
  void make_indexes(std::int64_t missing);
  void suspend_or_resume();
  void finish();
  Plan result();

  void target(std::string_view type, std::string_view reason, std::string message) {
    set_condition(status.root(), {type, "True", reason, message}, in.now, Times::probe);
    target_type = type;
  }
  bool has_failed(const Pod& pod) const {
    return pod.phase == Phase::failed ||
           (pod.deleting() && pod.phase != Phase::succeeded && !replace_failed_only && policy == nullptr);
  }
  std::int64_t index_of(const Pod& pod) const;  // -1: none that is valid
  std::int64_t succeeded() const {
    return indexed ? completed.size()
                   : number_at(status.root(), "succeeded") +
                         static_cast<std::int64_t>(
                             kube::size_at(status.root(), "uncountedTerminatedPods.succeeded"));
  }
  std::int64_t failed() const {
    return number_at(status.root(), "failed") +
           static_cast<std::int64_t>(kube::size_at(status.root(), "uncountedTerminatedPods.failed"));
  }

  const JobInput& in;
  const json::Item* const policy;
  const bool indexed, suspended, replace_failed_only;
  const std::int64_t parallelism, backoff_limit;
  const std::optional<std::int64_t> completions, per_index;
  Indexes completed, failed_indexes;
  std::map<std::int64_t, std::int64_t> index_failures;  // that count, by index
  json::Tree status;
  Pods active;
  std::int64_t ending = 0, active_after = 0;
  std::string_view target_type;  // "": not decided
  std::vector<Write> untracked;  // finalizers to remove
  std::string job_failure;       // by the policy
  Plan plan;
};

JobPlan::JobPlan(const JobInput& input)
    : in(input),
      policy(find_at(in.wanted, "spec.podFailurePolicy")),
      indexed(text_at(in.wanted, "spec.completionMode") == "Indexed"),
      suspended(kube::is_true_at(in.wanted, "spec.suspend")),
      replace_failed_only(text_at(in.wanted, "spec.podReplacementPolicy") == "Failed"),
      parallelism(optional_number(in.wanted, "spec.parallelism").value_or(1)),
      backoff_limit(optional_number(in.wanted, "spec.backoffLimit").value_or(6)),
      completions(optional_number(in.wanted, "spec.completions")),
      per_index(indexed ? optional_number(in.wanted, "spec.backoffLimitPerIndex") : std::nullopt),
      status(json::Tree::copy_of(part_at(in.wanted, "status"))) {
  completed = Indexes::parse(text_at(status.root(), "completedIndexes"), completions.value_or(0));
  failed_indexes = Indexes::parse(text_at(status.root(), "failedIndexes"), completions.value_or(0));
  for (const Pod* pod : in.pods) {
    if (pod->active()) active.push_back(pod);
    else if (pod->deleting() && !pod->ended()) ++ending;
  }
  active_after = static_cast<std::int64_t>(active.size());
  for (const std::string_view type : {"FailureTarget", "SuccessCriteriaMet"})
    if (condition_holds(status.root(), type)) target_type = type;
}

std::int64_t JobPlan::index_of(const Pod& pod) const {
  std::int64_t index = -1;
  const auto [end, problem] =
      std::from_chars(pod.job_index.data(), pod.job_index.data() + pod.job_index.size(), index);
  return problem == std::errc() && index >= 0 && index < completions.value_or(0) ? index : -1;
}

// Uids whose finalizer has gone become numbers.
void JobPlan::settle_uncounted() {
  std::set<std::string_view> tracked;
  for (const Pod* pod : in.pods)
    if (pod->tracked) tracked.insert(pod->uid);
  json::Item* uncounted = status.root().find("uncountedTerminatedPods");
  if (uncounted == nullptr) return;
  for (const std::string_view which : {"succeeded", "failed"}) {
    json::Item* uids = uncounted->find(which);
    if (uids == nullptr) continue;
    const std::size_t before = uids->size();
    uids->keep_if([&](const json::Item& uid) { return tracked.contains(uid.string_or("")); });
    const auto settled = static_cast<std::int64_t>(before - uids->size());
    if (settled != 0) status.root().member(which).set_number(number_at(status.root(), which) + settled);
    if (uids->size() == 0) uncounted->remove(which);
  }
}

void JobPlan::count_pods() {
  settle_uncounted();
  std::set<std::string, std::less<>> known;
  for (const std::string_view which : {"uncountedTerminatedPods.succeeded", "uncountedTerminatedPods.failed"})
    for (const json::Item& uid : kube::children_at(status.root(), which)) known.emplace(uid.string_or(""));
  for (const Pod* pod : in.pods) count(*pod, known);
  if (!indexed) return;
  status.root().member("succeeded").set_number(completed.size());
  if (completed.size() != 0) status.root().member("completedIndexes").set_string(completed.text());
  if (per_index) status.root().member("failedIndexes").set_string(failed_indexes.text());
}

void JobPlan::count(const Pod& pod, std::set<std::string, std::less<>>& known) {
  const bool done = pod.phase == Phase::succeeded, lost = has_failed(pod);
  if (!done && !lost) return;
  const std::int64_t index = indexed ? index_of(pod) : -1;
  const FailureVerdict verdict = pod.phase == Phase::failed ? judge_failure(policy, pod) : FailureVerdict{};
  if (lost) {
    if (verdict.what == PodFailure::fail_job && job_failure.empty()) job_failure = verdict.why;
    const std::int64_t failures = pod.index_failures + (verdict.what == PodFailure::ignore ? 0 : 1);
    if (index >= 0) {
      std::int64_t& most = index_failures[index];
      most = std::max(most, failures);
      const bool over = per_index && (failures > *per_index || verdict.what == PodFailure::fail_index);
      if (over && !completed.contains(index)) failed_indexes.insert(index);
    }
  }
  if (!pod.tracked || untracked.size() >= uncounted_max) return;
  untracked.push_back(remove_finalizer(pod));
  if (known.contains(pod.uid) || (lost && verdict.what == PodFailure::ignore)) return;
  if (done && indexed) {
    if (index >= 0) completed.insert(index);
    return;
  }
  known.insert(pod.uid);
  status.root()
      .member("uncountedTerminatedPods")
      .member(done ? "succeeded" : "failed")
      .append()
      .set_string(pod.uid);
}

void JobPlan::decide() {
  if (!target_type.empty()) return;
  const std::optional<std::int64_t> deadline = optional_number(in.wanted, "spec.activeDeadlineSeconds");
  const Seconds started = time_at(status.root(), "startTime");
  std::int64_t restarts = 0;
  if (text_at(in.wanted, "spec.template.spec.restartPolicy") == "OnFailure")
    for (const Pod* pod : in.pods)
      if (!pod->ended()) restarts += pod->all_restarts;
  const bool restarted_too_often = backoff_limit == 0 ? restarts > 0 : restarts >= backoff_limit;
  if (!job_failure.empty()) target("FailureTarget", "PodFailurePolicy", job_failure);
  else if (failed() > backoff_limit || restarted_too_often)
    target("FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
  else if (deadline && !suspended && started != 0 && in.now - started >= *deadline)
    target("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline");
  else if (indexed) decide_indexes();
  if (deadline && !suspended && started != 0 && target_type.empty())
    plan.look_again(started + *deadline - in.now);
  if (!target_type.empty()) return;
  // Without completions, one success is enough, and the others end by themselves.
  if (completions ? succeeded() >= *completions : succeeded() > 0 && active.empty())
    if (!completions || active.empty())
      target("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods");
}

void JobPlan::decide_indexes() {
  const std::optional<std::int64_t> most = optional_number(in.wanted, "spec.maxFailedIndexes");
  const std::int64_t lost = failed_indexes.size();
  if (per_index && most && lost > *most)
    target("FailureTarget", "MaxFailedIndexesExceeded",
           "Job has exceeded the specified maximal number of failed indexes");
  else if (per_index && lost > 0 && lost + completed.size() >= completions.value_or(0))
    target("FailureTarget", "FailedIndexes", "Job has failed indexes");
  else if (auto met =
               success_met(find_at(in.wanted, "spec.successPolicy"), completed, completions.value_or(0)))
    target("SuccessCriteriaMet", "SuccessPolicy", *std::move(met));
}

void JobPlan::manage() {
  if (!target_type.empty() || suspended) return remove_some(static_cast<std::int64_t>(active.size()));
  std::int64_t wanted = completions ? std::min(*completions - succeeded(), parallelism) : parallelism;
  if (completions && per_index) wanted = std::min(wanted, *completions - succeeded() - failed_indexes.size());
  if (!completions && succeeded() > 0) wanted = std::min(parallelism, active_after);
  wanted = std::max<std::int64_t>(wanted, 0);
  remove_some(active_after - wanted);
  if (active_after != static_cast<std::int64_t>(active.size())) return;  // the rest after it shows
  const std::int64_t missing = wanted - active_after - (replace_failed_only ? ending : 0);
  if (missing > 0) make_some(missing);
}

// Of an Indexed one, those without an index of their own first.
void JobPlan::remove_some(std::int64_t at_least) {
  Pods sorted = active;
  sort_for_deletion(sorted, active, in.now);
  Pods leaving;
  if (indexed) {
    std::set<std::int64_t> seen;
    for (auto it = sorted.rbegin(); it != sorted.rend(); ++it) {
      const std::int64_t index = index_of(**it);
      if (index < 0 || !seen.insert(index).second) leaving.push_back(*it);
    }
  }
  for (const Pod* pod : sorted)
    if (static_cast<std::int64_t>(leaving.size()) < at_least && !std::ranges::contains(leaving, pod))
      leaving.push_back(pod);
  leaving.resize(std::min(leaving.size(), pods_at_once));
  for (const Pod* pod : leaving) plan.writes.push_back(remove_pod(*pod));
  active_after -= static_cast<std::int64_t>(leaving.size());
  ending += static_cast<std::int64_t>(leaving.size());
}

void JobPlan::make_some(std::int64_t missing) {
  missing = std::min<std::int64_t>(missing, pods_at_once);
  if (per_index) return make_indexes(missing);  // each index waits by itself
  if (const Seconds left = job_backoff_left(in.pods, in.now); left > 0) return plan.look_again(left);
  if (indexed) return make_indexes(missing);
  for (std::int64_t i = 0; i < missing; ++i) plan.writes.push_back(create_pod(job_pod(in, std::nullopt, 0)));
  active_after += missing;
}

void JobPlan::make_indexes(std::int64_t missing) {
  std::set<std::int64_t> taken;
  std::map<std::int64_t, Pods> ended;
  for (const Pod* pod : in.pods) {
    const std::int64_t index = index_of(*pod);
    if (pod->active() || (replace_failed_only && !pod->ended())) taken.insert(index);
    else if (pod->ended()) ended[index].push_back(pod);
  }
  for (std::int64_t index = 0; index < completions.value_or(0) && missing > 0; ++index) {
    if (completed.contains(index) || failed_indexes.contains(index) || taken.contains(index)) continue;
    if (per_index)
      if (const Seconds left = job_backoff_left(ended[index], in.now); left > 0) {
        plan.look_again(left);
        continue;
      }
    plan.writes.push_back(create_pod(job_pod(in, index, index_failures[index])));
    ++active_after;
    --missing;
  }
}

void JobPlan::suspend_or_resume() {
  json::Item& root = status.root();
  const bool was = condition_holds(root, "Suspended");
  if (suspended && !was) {
    set_condition(root, {"Suspended", "True", "JobSuspended", "Job suspended"}, in.now, Times::probe);
    plan.said.push_back({"Suspended", "Job suspended"});
  } else if (!suspended && was) {
    set_condition(root, {"Suspended", "False", "JobResumed", "Job resumed"}, in.now, Times::probe);
    root.member("startTime").set_string(time_text(in.now));
    plan.said.push_back({"Resumed", "Job resumed"});
  }
}

// The decision becomes final when nothing of the Job is left.
void JobPlan::finish() {
  json::Item& root = status.root();
  if (target_type.empty() || active_after > 0 || ending > 0 || !untracked.empty()) return;
  if (kube::size_at(root, "uncountedTerminatedPods.succeeded") +
      kube::size_at(root, "uncountedTerminatedPods.failed"))
    return;
  const bool good = target_type == "SuccessCriteriaMet";
  const json::Item& decided = *find_condition(root, target_type);
  const std::string reason(text_at(decided, "reason")), message(text_at(decided, "message"));
  set_condition(root, {good ? "Complete" : "Failed", "True", reason, message}, in.now, Times::probe);
  if (good) root.member("completionTime").set_string(time_text(in.now));
  plan.said.push_back(good ? Said{"Completed", "Job completed"} : Said{reason, message, true});
}

Plan JobPlan::result() {
  json::Item& root = status.root();
  const auto set = [&](std::string_view name, std::int64_t count) {
    if (count != 0) root.member(name).set_number(count);
    else root.remove(name);
  };
  std::int64_t ready = 0;
  for (const Pod* pod : active) ready += pod->ready;
  set("active", active_after);
  set("succeeded", number_at(root, "succeeded"));
  root.member("terminating").set_number(ending);
  root.member("ready").set_number(std::min(ready, active_after));
  root.member("uncountedTerminatedPods");
  if (root.find("uncountedTerminatedPods")->is(json::Kind::null))
    root.member("uncountedTerminatedPods").set_object();
  // The status comes first: what a finalizer keeps must be in it before the finalizer goes.
  std::vector<Write> writes;
  if (auto written = update_status(Kind::job, in.wanted, root)) writes.push_back(*std::move(written));
  for (Write& write : untracked) writes.push_back(std::move(write));
  for (Write& write : plan.writes) writes.push_back(std::move(write));
  plan.writes = std::move(writes);
  return std::move(plan);
}

Plan plan_finished(const JobInput& in) {
  Plan plan;
  for (const Pod* pod : in.pods)
    if (pod->tracked) plan.writes.push_back(remove_finalizer(*pod));
  const std::optional<std::int64_t> ttl = optional_number(in.wanted, "spec.ttlSecondsAfterFinished");
  if (!ttl || in.self.deleting()) return plan;
  const json::Item& status = part_at(in.wanted, "status");
  const json::Item* end = find_condition(status, condition_holds(status, "Complete") ? "Complete" : "Failed");
  const Seconds expires = time_at(*end, "lastTransitionTime") + *ttl;
  if (expires > in.now) plan.look_again(expires - in.now);
  else plan.writes.push_back(remove(Kind::job, in.self));
  return plan;
}

}  // namespace

bool is_finished(const json::Item& job) {
  const json::Item& status = part_at(job, "status");
  return condition_holds(status, "Complete") || condition_holds(status, "Failed");
}

Plan plan_job(const JobInput& in) {
  if (is_finished(in.wanted)) return plan_finished(in);
  if (in.self.deleting()) {
    Plan plan;
    for (const Pod* pod : in.pods)
      if (pod->tracked) plan.writes.push_back(remove_finalizer(*pod));
    return plan;
  }
  JobPlan job(in);
  if (find_at(job.status.root(), "startTime") == nullptr && !job.suspended)
    job.status.root().member("startTime").set_string(time_text(in.now));
  job.count_pods();
  job.decide();
  job.manage();
  if (job.target_type.empty()) job.suspend_or_resume();
  job.finish();
  return job.result();
}

}  // namespace podo::controllers
