#include "cluster/workloads/replica_set_plan.h"

#include <algorithm>

#include "cluster/control/conditions.h"
#include "cluster/workloads/deletion_order.h"
#include "cluster/workloads/pod_template.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::find_at;
using kube::number_at;
using kube::part_at;

Pods active_of(const Pods& pods) {
  Pods active;
  std::ranges::copy_if(pods, std::back_inserter(active), [](const Pod* pod) { return pod->active(); });
  return active;
}

void count_pods(const ReplicaSetInput& in, const Pods& active, json::Item& status) {
  const Seconds min_ready = number_at(in.wanted, "spec.minReadySeconds");
  const Labels labels = labels_of(find_at(in.wanted, "spec.template.metadata.labels"));
  std::int64_t labeled = 0, ready = 0, available = 0, ending = 0;
  for (const Pod* pod : active) {
    labeled += std::ranges::includes(pod->labels, labels);
    ready += pod->ready;
    available += pod->available(min_ready, in.now);
  }
  for (const Pod* pod : in.pods) ending += pod->deleting() && !pod->ended();
  const auto set = [&](std::string_view name, std::int64_t count) {
    if (count != 0) status.member(name).set_number(count);
    else status.remove(name);
  };
  status.member("replicas").set_number(static_cast<std::int64_t>(active.size()));
  set("fullyLabeledReplicas", labeled);
  set("readyReplicas", ready);
  set("availableReplicas", available);
  if (in.kind == Kind::replica_set) status.member("terminatingReplicas").set_number(ending);
}

}  // namespace

Plan plan_replicas(const ReplicaSetInput& in) {
  Plan plan;
  if (in.self.deleting()) return plan;
  Pods active = active_of(in.pods);
  const std::int64_t missing =
      number_at(in.wanted, "spec.replicas") - static_cast<std::int64_t>(active.size());
  for (std::int64_t i = 0; i < std::min(missing, replicas_at_once); ++i)
    plan.writes.push_back(create_pod(pod_of(part_at(in.wanted, "spec.template"), in.kind, in.self)));
  if (missing < 0) {
    sort_for_deletion(active, in.related, in.now);
    for (std::int64_t i = 0; i < std::min(-missing, replicas_at_once); ++i)
      plan.writes.push_back(remove_pod(*active[static_cast<std::size_t>(i)]));
  }
  return plan;
}

std::optional<Write> plan_replica_status(const ReplicaSetInput& in, std::string_view problem) {
  const Pods active = active_of(in.pods);
  json::Tree tree = json::Tree::copy_of(part_at(in.wanted, "status"));
  json::Item& status = tree.root();
  count_pods(in, active, status);
  status.member("observedGeneration").set_number(number_at(in.wanted, "metadata.generation"));
  const bool too_few = static_cast<std::int64_t>(active.size()) < number_at(in.wanted, "spec.replicas");
  if (problem.empty()) remove_condition(status, "ReplicaFailure");
  else if (find_condition(status, "ReplicaFailure") == nullptr)
    set_condition(status, {"ReplicaFailure", "True", too_few ? "FailedCreate" : "FailedDelete", problem},
                  in.now);
  return update_status(in.kind, in.wanted, status);
}

std::optional<Seconds> next_available(const Pods& pods, Seconds min_ready, Seconds now) {
  std::optional<Seconds> next;
  for (const Pod* pod : pods) {
    if (!pod->active() || !pod->ready || pod->available(min_ready, now)) continue;
    const Seconds wait = pod->ready_since + min_ready - now;
    if (!next || wait < *next) next = wait;
  }
  return next;
}

}  // namespace podo::controllers
