// Deployments: one ReplicaSet per template there ever was; the newest grows while the older ones shrink.
//
//   rolling    never more than replicas + maxSurge pods, never fewer than replicas - maxUnavailable
//              available ones
//   recreate   all old pods end before the first new one begins
//   paused     no new ReplicaSet; replicas may change, and all ReplicaSets grow or shrink in proportion
//
// A ReplicaSet's annotations keep its place in history (deployment.kubernetes.io/revision) and the size of
// the Deployment that it was scaled for (desired-replicas, max-replicas).
#pragma once

#include "cluster/control/plan.h"

namespace podo::controllers {

struct DeploymentInput {
  const json::Item& wanted;  // the whole object
  const Facts& self;
  std::vector<json::Tree> sets;  // the ReplicaSets that it controls
  const Pods& pods;              // of all of these
  Seconds now;
};

// One step; the next one follows when the mirrors show this one. A ReplicaSet to be made is the first write.
Plan plan_deployment(DeploymentInput in);

// The status after its ReplicaSet could not be made: `taken`, its name belongs to another one.
std::optional<Write> plan_create_failure(const json::Item& wanted, std::string_view set, bool taken,
                                         std::string_view problem, Seconds now);

}  // namespace podo::controllers
