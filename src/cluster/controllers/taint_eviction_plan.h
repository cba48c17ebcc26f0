// When a pod has to leave its node because of the node's taints (effect NoExecute): at once when one of them
// is not tolerated, after the shortest tolerationSeconds of those that are, or never.
#pragma once

#include "cluster/control/plan.h"

namespace podo::controllers {

// Absent: it may stay. `seen`: when the controller saw the taints first, for those that do not say since when
// they are there. A pod that came later has its time from then on.
std::optional<Seconds> end_by_taints(const json::Item& pod, const json::Item& node, Seconds seen);

// Marks the pod with the condition DisruptionTarget, then deletes it.
std::vector<Write> evict_by_taint(const Pod& pod, Seconds now);

// A patch of a pod's status: the condition DisruptionTarget; with `phase`, that too.
Write mark_disrupted(const Pod& pod, std::string_view reason, std::string_view message, Seconds now,
                     std::string_view phase = {});

}  // namespace podo::controllers
