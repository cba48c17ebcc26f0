// Fitting: one pod, held against the nodes: all filters in upstream's order. What has to be known of the
// whole cluster is counted once, when it is made; a node then costs little. It is copied for what-ifs
// (preemption).
//
// There is no filter for spec.nodeName: a pod that names its node is never queued.
#pragma once

#include "cluster/scheduler/affinity.h"
#include "cluster/scheduler/node_filters.h"
#include "cluster/scheduler/spread.h"
#include "cluster/scheduler/storage.h"

namespace podo::scheduler {

class Fitting {
 public:
  Fitting(Snapshot& snapshot, const Storage& storage, PodPtr pod);

  const std::string& refused() const { return volumes_.refused(); }  // by no node's fault; "" otherwise
  Verdict check(std::size_t node) const { return check(node, snapshot_->nodes()[node]); }
  Verdict check(std::size_t node, const NodeInfo& info) const;  // info: as it might be
  // Those that wait for their victims to go have their place already, if they are no less important.
  Verdict check_beside_nominated(std::size_t node) const;
  Verdict check_beside_nominated(std::size_t node, const NodeInfo& info) const;
  void shift(const Pod& pod, std::size_t node, int by);  // what if it were there too, or no more
  VolumePlan plan_volumes(std::size_t node) const { return volumes_.plan(snapshot_->nodes()[node].node); }

  const Pod& pod() const { return *pod_; }
  const PodShape& shape() const { return *pod_->shape; }
  Snapshot& snapshot() const { return *snapshot_; }

 private:
  Snapshot* snapshot_;
  PodPtr pod_;
  VolumeNeeds volumes_;
  Spreading spreading_;
  Neighbours neighbours_;
};

}  // namespace podo::scheduler
