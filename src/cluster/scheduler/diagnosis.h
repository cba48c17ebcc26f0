// Diagnosis: why a pod fits nowhere, in upstream's words, and what the smallest change would be that lets it.
//
//   0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). preemption: 0/3 nodes
//   are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for
//   scheduling. It would fit on n2 with 200m more cpu.
#pragma once

#include "cluster/scheduler/fitting.h"

namespace podo::scheduler {

struct Diagnosis {
  std::size_t nodes = 0;                                    // all there are
  std::string refused;                                      // by no node's fault; "" otherwise
  std::vector<std::pair<std::uint32_t, Verdict>> verdicts;  // of those that were looked at
  std::string preemption;                                   // what came of it; "": there are victims
};

// "0/3 nodes are available: 1 Insufficient cpu, 2 ...": verdicts counted; `others`: of nodes without one.
std::string describe(const Diagnosis& diagnosis, const PodShape& shape,
                     Obstacle others = Obstacle::not_chosen);
std::string message_of(const Diagnosis& diagnosis, const PodShape& shape);

// One sentence, or "": of the node that is nearest to fit, what it or the pod lacks.
std::string smallest_change(const Diagnosis& diagnosis, const Fitting& fitting);

}  // namespace podo::scheduler
