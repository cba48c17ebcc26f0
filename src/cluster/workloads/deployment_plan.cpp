#include "cluster/workloads/deployment_plan.h"

#include <algorithm>

#include "cluster/control/conditions.h"
#include "cluster/workloads/deployment_rollout.h"
#include "cluster/workloads/pod_template.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::find_at;
using kube::number_at;
using kube::text_at;

bool has_empty_selector(const json::Item& wanted) {
  return kube::size_at(wanted, "spec.selector.matchLabels") == 0 &&
         kube::size_at(wanted, "spec.selector.matchExpressions") == 0;
}

// Pods of old ReplicaSets that have not ended, whatever their ReplicaSets say.
bool old_pods_run(const Rollout& rollout) {
  if (std::ranges::any_of(rollout.old, [](const SetInRollout* set) { return set->replicas > 0; }))
    return true;
  return std::ranges::any_of(rollout.in.pods, [&](const Pod* pod) {
    return !pod->ended() &&
           (rollout.fresh == nullptr || !pod->owner || pod->owner->uid != rollout.fresh->uid);
  });
}

void roll(Rollout& rollout) {
  if (rollout.fresh == nullptr) return rollout.create_fresh();
  if (!rollout.grow_fresh()) rollout.shrink_old();
}

void recreate(Rollout& rollout) {
  if (rollout.remove_old() || old_pods_run(rollout)) return;
  if (rollout.fresh == nullptr) return rollout.create_fresh();
  rollout.set_size(*rollout.fresh, rollout.replicas);
}

}  // namespace

Rollout::Rollout(DeploymentInput& input)
    : in(input),
      replicas(number_at(in.wanted, "spec.replicas")),
      rolling(text_at(in.wanted, "spec.strategy.type") != "Recreate"),
      paused(kube::is_true_at(in.wanted, "spec.paused")) {
  if (!rolling) return;
  surge = resolve(find_at(in.wanted, "spec.strategy.rollingUpdate.maxSurge"), replicas, Round::up);
  unavailable =
      resolve(find_at(in.wanted, "spec.strategy.rollingUpdate.maxUnavailable"), replicas, Round::down);
  if (surge == 0 && unavailable == 0) unavailable = 1;  // a percentage of few: it must be able to move
  unavailable = std::min(unavailable, replicas);
}

std::vector<SetInRollout*> Rollout::all() {
  std::vector<SetInRollout*> every = old;
  if (fresh != nullptr) every.push_back(fresh);
  return every;
}

std::vector<const SetInRollout*> Rollout::all() const {
  std::vector<const SetInRollout*> every(old.begin(), old.end());
  if (fresh != nullptr) every.push_back(fresh);
  return every;
}

Plan plan_deployment(DeploymentInput in) {
  Rollout rollout(in);
  rollout.find_sets();
  if (has_empty_selector(in.wanted)) {
    rollout.plan.said.push_back(
        {"SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.", true});
    return std::move(rollout.plan);
  }
  if (in.self.deleting()) {
    rollout.write_status(false);
    return std::move(rollout.plan);
  }
  if (rollout.sync_revision()) return std::move(rollout.plan);
  const bool sizes_only = rollout.paused || rollout.is_scaling();
  if (sizes_only) rollout.scale_in_proportion();
  else if (rollout.rolling) roll(rollout);
  else recreate(rollout);
  if (!rollout.plan.writes.empty()) return std::move(rollout.plan);  // a ReplicaSet is being made
  rollout.write_sets();
  const json::Tree counted = rollout.counted_status();
  if (rollout.paused || rollout.is_complete(counted.root())) rollout.clean_up_history();
  rollout.write_status(!sizes_only);
  return std::move(rollout.plan);
}

}  // namespace podo::controllers
