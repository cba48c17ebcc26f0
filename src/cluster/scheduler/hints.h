// Which parked pods something that happened could help: not too few, or they would wait for nothing, and
// not too many, or every change would try them all. Pure.
#pragma once

#include "cluster/scheduler/queue.h"
#include "cluster/scheduler/snapshot.h"

namespace podo::scheduler {

enum class Happening : std::uint8_t {
  node_changed,  // is new, or has other labels, taints or room
  node_gone,
  pod_placed,  // or has other labels now
  pod_gone,    // its room is free, its anti-affinity ends
  storage,     // claims, volumes, classes
  namespaces,  // labels of one
};

// `node`: of nodes and pods.
bool could_help(Happening what, std::optional<std::size_t> node, const Waiting& waiting,
                const Snapshot& snapshot);

}  // namespace podo::scheduler
