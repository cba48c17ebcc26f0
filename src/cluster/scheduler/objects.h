// What the scheduler knows of pods and nodes, decoded once per change. A Pod never changes: who learns more
// of it makes another one. Times are seconds since 1970; 0: none.
#pragma once

#include "cluster/scheduler/pod_shape.h"

namespace podo::scheduler {

struct ClaimUse {
  std::string claim;       // a PersistentVolumeClaim of the pod's namespace
  bool ephemeral = false;  // made for this pod alone
};

struct Pod {
  std::string name, uid, node;  // node: "" while it has none
  std::string nominated;        // status.nominatedNodeName
  std::string scheduled_said;   // the message of its condition PodScheduled, while that is False
  std::vector<ClaimUse> claims;
  std::int64_t started = 0, generation = 0;
  bool ending = false;     // is being deleted
  bool ended = false;      // Succeeded or Failed: it takes no room
  bool gated = false;      // has scheduling gates
  bool preempted = false;  // is going because the scheduler wanted its place
  ShapePtr shape;

  const std::string& name_space() const { return shape->name_space; }
  std::int64_t priority() const { return shape->priority; }
  std::string key() const { return name_space() + "/" + name; }
};
using PodPtr = std::shared_ptr<const Pod>;
Pod pod_of(const json::Item& object, ShapePtr shape);
PodPtr placed(const Pod& pod, std::string_view node);  // the same on that node

struct Node {
  std::string name;
  kube::Labels labels;
  std::vector<kube::Taint> taints;
  Resources allocatable;
  std::int64_t pods_max = 0;
  bool unschedulable = false;
  std::vector<std::pair<std::string, std::int64_t>> images;  // by name, with their sizes
  bool operator==(const Node&) const = default;
};
Node node_of(const json::Item& object);

}  // namespace podo::scheduler
