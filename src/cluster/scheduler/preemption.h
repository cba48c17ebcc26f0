// Preemption: a pod that fits nowhere takes the place of less important ones. On each node where that could
// help all of them are thought away, and as many as possible brought back, the most important first; of the
// nodes the one is taken where it costs least:
//
//   fewest broken PodDisruptionBudgets, then the least important of the highest victims, then the smallest
//   sum of priorities, then the fewest victims, then the most recently started
//
// Pure: who is thought away stays where he is.
#pragma once

#include "base/core/random.h"
#include "cluster/scheduler/diagnosis.h"

namespace podo::scheduler {

// A PodDisruptionBudget.
struct Budget {
  std::string name_space;
  kube::LabelSelector selector;
  std::int64_t allowed = 0;
  std::vector<std::string> disrupted;  // names of pods that are counted already
};
Budget budget_of(const json::Item& object);

struct Preemption {
  std::optional<std::size_t> node;
  std::vector<PodPtr> victims;  // the most important first
  std::string refused;          // why there is none, as conditions and Events say it
};
Preemption plan_preemption(const Fitting& fitting, const Diagnosis& diagnosis,
                           const std::vector<Budget>& budgets, Random& random);

// One node's part.
struct Victims {
  std::vector<PodPtr> pods;
  std::int64_t broken_budgets = 0;
};
std::optional<Victims> find_victims(const Fitting& fitting, std::size_t node,
                                    const std::vector<Budget>& budgets, Verdict& refused);

}  // namespace podo::scheduler
