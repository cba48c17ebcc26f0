// ReplicaSets and ReplicationControllers: so many pods of a template.
#pragma once

#include "cluster/control/plan.h"

namespace podo::controllers {

struct ReplicaSetInput {
  Kind kind = Kind::replica_set;
  const json::Item& wanted;  // the whole object
  const Facts& self;
  const Pods& pods;     // all that it controls
  const Pods& related;  // active ones of its siblings and itself
  Seconds now;
};

// Pods to make and to remove.
Plan plan_replicas(const ReplicaSetInput& in);
// The status that `in` shows; `problem`: what kept the plan from being performed, or "".
std::optional<Write> plan_replica_status(const ReplicaSetInput& in, std::string_view problem);
// When a pod that is ready will have been so for long enough.
std::optional<Seconds> next_available(const Pods& pods, Seconds min_ready, Seconds now);

inline constexpr std::int64_t replicas_at_once = 500;  // made or removed by one plan

}  // namespace podo::controllers
