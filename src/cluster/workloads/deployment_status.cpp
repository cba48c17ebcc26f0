#include <algorithm>

#include "cluster/control/conditions.h"
#include "cluster/workloads/deployment_rollout.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::find_at;
using kube::number_at;
using kube::part_at;

constexpr std::int64_t no_deadline = 2'147'483'647;
constexpr std::string_view timed_out = "ProgressDeadlineExceeded", available = "NewReplicaSetAvailable";

void set_count(json::Item& status, std::string_view name, std::int64_t count) {
  if (count != 0) status.member(name).set_number(count);
  else status.remove(name);
}

bool has_moved(const json::Item& before, const json::Item& now) {
  const auto old_pods = [](const json::Item& status) {
    return number_at(status, "replicas") - number_at(status, "updatedReplicas");
  };
  return number_at(now, "updatedReplicas") > number_at(before, "updatedReplicas") ||
         old_pods(now) < old_pods(before) ||
         number_at(now, "readyReplicas") > number_at(before, "readyReplicas") ||
         number_at(now, "availableReplicas") > number_at(before, "availableReplicas");
}

}  // namespace

bool Rollout::has_deadline() const {
  const json::Item* deadline = find_at(in.wanted, "spec.progressDeadlineSeconds");
  return deadline != nullptr && deadline->as_int64().value_or(no_deadline) < no_deadline;
}

bool Rollout::is_complete(const json::Item& status) const {
  return number_at(status, "updatedReplicas") == replicas && number_at(status, "replicas") == replicas &&
         number_at(status, "availableReplicas") == replicas &&
         number_at(status, "observedGeneration") >= number_at(in.wanted, "metadata.generation");
}

json::Tree Rollout::counted_status() const {
  json::Tree tree = json::Tree::copy_of(part_at(in.wanted, "status"));
  json::Item& status = tree.root();
  std::int64_t there = 0, ready = 0, reachable = 0, ending = 0, specified = 0;
  for (const SetInRollout* set : all()) {
    there += set->replicas;
    ready += set->ready;
    reachable += set->available;
    ending += set->ending;
    specified += set->wanted;
  }
  status.member("observedGeneration").set_number(number_at(in.wanted, "metadata.generation"));
  set_count(status, "replicas", there);
  set_count(status, "updatedReplicas", fresh != nullptr ? fresh->replicas : 0);
  set_count(status, "readyReplicas", ready);
  set_count(status, "availableReplicas", reachable);
  set_count(status, "unavailableReplicas", std::max<std::int64_t>(specified - reachable, 0));
  status.member("terminatingReplicas").set_number(ending);
  const bool enough = reachable >= replicas - unavailable;
  set_condition(status,
                enough ? Condition{"Available", "True", "MinimumReplicasAvailable",
                                   "Deployment has minimum availability."}
                       : Condition{"Available", "False", "MinimumReplicasUnavailable",
                                   "Deployment does not have minimum availability."},
                in.now, Times::update);
  return tree;
}

// True: the pause alone is what changes.
bool Rollout::sync_pause(json::Item& status) const {
  if (!has_deadline()) return false;
  const std::string_view reason = reason_of(status, "Progressing");
  if (reason == timed_out) return false;
  const bool noted = reason == "DeploymentPaused";
  if (paused == noted) return false;
  set_condition(status,
                paused ? Condition{"Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"}
                       : Condition{"Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed"},
                in.now, Times::update);
  return true;
}

void Rollout::progress(json::Item& status) {
  const json::Item& before = part_at(in.wanted, "status");
  const json::Item* current = find_condition(before, "Progressing");
  const std::string_view reason = reason_of(before, "Progressing");
  const std::string who =
      fresh != nullptr ? text("ReplicaSet \"{}\"", fresh->name) : text("Deployment \"{}\"", in.self.name);
  const bool was_complete =
      number_at(status, "replicas") == number_at(status, "updatedReplicas") && reason == available;
  if (was_complete) return;
  if (is_complete(status))
    return set_condition(status, {"Progressing", "True", available, who + " has successfully progressed."},
                         in.now, Times::update);
  if (has_moved(before, status)) {
    // The deadline runs anew: a condition of the same reason would keep its time.
    std::string since;
    if (current != nullptr && kube::text_at(*current, "status") == "True")
      since = kube::text_at(*current, "lastTransitionTime");
    remove_condition(status, "Progressing");
    set_condition(status, {"Progressing", "True", "ReplicaSetUpdated", who + " is progressing."}, in.now,
                  Times::update);
    if (!since.empty())
      for (json::Item* each = status.find("conditions")->first(); each != nullptr; each = each->next())
        if (kube::text_at(*each, "type") == "Progressing")
          each->member("lastTransitionTime").set_string(since);
    return;
  }
  if (current == nullptr || reason == available || reason == timed_out) return;
  const Seconds ends =
      time_at(*current, "lastUpdateTime") + number_at(in.wanted, "spec.progressDeadlineSeconds");
  if (ends < in.now)
    set_condition(status, {"Progressing", "False", timed_out, who + " has timed out progressing."}, in.now,
                  Times::update);
}

void Rollout::copy_failure(json::Item& status) const {
  const json::Item* failure = nullptr;
  if (fresh != nullptr) failure = find_condition(part_at(fresh->object.root(), "status"), "ReplicaFailure");
  for (const SetInRollout* set : old)
    if (failure == nullptr) failure = find_condition(part_at(set->object.root(), "status"), "ReplicaFailure");
  if (failure == nullptr) return remove_condition(status, "ReplicaFailure");
  set_condition(status,
                {"ReplicaFailure", kube::text_at(*failure, "status"), kube::text_at(*failure, "reason"),
                 kube::text_at(*failure, "message")},
                in.now, Times::update);
}

void Rollout::write_status(bool rolling_out) {
  json::Tree counted = counted_status();
  json::Item& status = counted.root();
  if (!has_deadline()) remove_condition(status, "Progressing");
  const bool pause_changed = sync_pause(status);
  if (rolling_out) {
    if (has_deadline() && !pause_changed) progress(status);
    copy_failure(status);
  }
  // One that was complete has no deadline any more, though its pods may be unready again.
  if (const json::Item* current = find_condition(status, "Progressing");
      current != nullptr && has_deadline() && !paused && !is_complete(status) &&
      reason_of(status, "Progressing") != timed_out && reason_of(status, "Progressing") != available)
    plan.look_again(time_at(*current, "lastUpdateTime") +
                    number_at(in.wanted, "spec.progressDeadlineSeconds") - in.now + 1);
  if (auto written = update_status(Kind::deployment, in.wanted, status))
    plan.writes.push_back(*std::move(written));
}

}  // namespace podo::controllers
