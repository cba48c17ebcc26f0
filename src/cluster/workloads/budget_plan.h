// PodDisruptionBudgets: how many pods may be evicted now. Whoever evicts takes one of these away and leaves
// the pod's name in status.disruptedPods, where it stays until the pod is seen to go, two minutes at most.
#pragma once

#include "cluster/control/plan.h"

namespace podo::controllers {

struct BudgetInput {
  const json::Item& wanted;
  const Facts& self;
  Pods pods;  // that it selects
  // How many pods their controllers want together; absent: one of them has none, or none that can be scaled.
  std::optional<std::int64_t> expected;
  std::string problem = {};  // why it is absent
  Seconds now = 0;
};
Plan plan_budget(const BudgetInput& in);

}  // namespace podo::controllers
