// How good each of the nodes that fit is: upstream's scores, each 0 to 100, added up with upstream's weights.
//
//   TaintToleration 3, NodeAffinity 2, PodTopologySpread 2, InterPodAffinity 2,
//   NodeResourcesFit (LeastAllocated) 1, NodeResourcesBalancedAllocation 1, ImageLocality 1
//
// A score that would be the same everywhere is left out. Pure.
#pragma once

#include "cluster/scheduler/fitting.h"

namespace podo::scheduler {

using Scores = std::vector<std::int64_t>;  // by place in `nodes`

Scores total_scores(const Fitting& fitting, const std::vector<std::uint32_t>& nodes);

// Each of one node, 0 to 100.
std::int64_t least_allocated(const PodShape& shape, const NodeInfo& info);
std::int64_t balanced_allocation(const PodShape& shape, const NodeInfo& info);
std::int64_t image_locality(const PodShape& shape, const NodeInfo& info, const Snapshot& snapshot);

// Of all of them: so that the best has 100. normalized: 0 stays 0; spread: the lowest cost has 100.
void normalize(Scores& scores);
void normalize_reversed(Scores& scores);
void normalize_spread(Scores& costs);
void normalize_between(Scores& scores);  // the lowest has 0

}  // namespace podo::scheduler
