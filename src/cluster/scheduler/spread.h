// PodTopologySpread: how evenly the pods that a rule means lie over the values of a node label.
//
//   skew := pods in the node's domain + 1 if the pod is one of them - pods in the emptiest domain
//
// The emptiest of the domains that count: of nodes with all labels of the rules, and, if the rule honors
// them, that the pod may choose and whose taints it tolerates. Fewer of them than minDomains count as if one
// were empty.
#pragma once

#include "cluster/scheduler/snapshot.h"
#include "cluster/scheduler/verdict.h"

namespace podo::scheduler {

class Spreading {
 public:
  Spreading(Snapshot& snapshot, const PodShape& shape);  // of its hard rules
  Verdict check(std::size_t node) const;
  // What if one more pod (by 1), or one less (-1), were there.
  void shift(const Pod& pod, std::size_t node, int by);

 private:
  struct Domains {
    const SpreadRule* rule;
    const PodQuery* query;
    const Topology* topology;
    std::vector<std::int64_t> pods = {};  // by domain; absent ones do not count: -1
    std::vector<bool> node_counts = {};   // by node; empty: all with the labels do
    std::int64_t emptiest = 0;
  };
  static std::int64_t find_emptiest(const Domains& domains);
  std::vector<Domains> rules_;
};

// Scores of soft rules, by place in `nodes`: the fewer, the better. Ignored nodes: -1.
std::vector<std::int64_t> spread_costs(Snapshot& snapshot, const PodShape& shape,
                                       const std::vector<std::uint32_t>& nodes);

}  // namespace podo::scheduler
