// DaemonSets: one pod on every node that fits. Each pod is bound to its node by a required affinity to the
// node's name, and the scheduler puts it there.
//
//   rolling    at most maxUnavailable nodes are without an available pod; or, with maxSurge, so many nodes
//              have the old pod and the new one until the new one is available
//   OnDelete   who deletes an old pod gets a new one
#pragma once

#include <map>

#include "cluster/workloads/revisions.h"

namespace podo::controllers {

struct DaemonSetInput {
  const json::Item& wanted;
  const Facts& self;
  const std::vector<const Node*>& nodes;
  const Pods& pods;  // all that it controls
  const Revisions& revisions;
  const std::map<std::string, Seconds>& resting;  // nodes whose pod failed: not to be cleared before then
  Seconds now;
};
struct DaemonSetPlan {
  Plan plan;
  std::vector<std::string> failed_on;  // nodes whose failed pod goes now
};
DaemonSetPlan plan_daemon_set(const DaemonSetInput& in);

// The template with what every daemon tolerates; `node` "": for no node yet.
json::Tree daemon_template(const json::Item& wanted, std::string_view node);

}  // namespace podo::controllers
