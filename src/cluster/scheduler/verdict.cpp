#include "cluster/scheduler/verdict.h"

namespace podo::scheduler {
namespace {

struct Words {
  std::string_view plugin, reason;
};

// In the order of Obstacle.
constexpr Words words[obstacles] = {
    {"", ""},
    {"NodeUnschedulable", "node(s) were unschedulable"},
    {"TaintToleration", "node(s) had untolerated taint(s)"},
    {"NodeAffinity", "node(s) didn't match Pod's node affinity/selector"},
    {"NodePorts", "node(s) didn't have free ports for the requested pod ports"},
    {"NodeResourcesFit", ""},
    {"VolumeRestrictions",
     "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"},
    {"VolumeBinding", "node(s) didn't match PersistentVolume's node affinity"},
    {"VolumeBinding", "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"},
    {"VolumeBinding", "node(s) didn't find available persistent volumes to bind"},
    {"VolumeZone", "node(s) had no available volume zone"},
    {"PodTopologySpread", "node(s) didn't match pod topology spread constraints (missing required label)"},
    {"PodTopologySpread", "node(s) didn't match pod topology spread constraints"},
    {"InterPodAffinity", "node(s) didn't match pod affinity rules"},
    {"InterPodAffinity", "node(s) didn't match pod anti-affinity rules"},
    {"InterPodAffinity", "node(s) didn't satisfy existing pods anti-affinity rules"},
    {"NodeAffinity", "node(s) didn't satisfy plugin(s) [NodeAffinity]"},
    {"DefaultPreemption", "No preemption victims found for incoming pod"},
    {"DefaultPreemption", "Preemption is not helpful for scheduling"},
};

}  // namespace

std::string_view plugin_of(Obstacle obstacle) { return words[static_cast<std::size_t>(obstacle)].plugin; }

std::vector<std::string> reasons_of(const Verdict& verdict, const PodShape& shape) {
  if (verdict.obstacle != Obstacle::resources)
    return {std::string(words[static_cast<std::size_t>(verdict.obstacle)].reason)};
  std::vector<std::string> reasons;
  if (verdict.lacks & lacks_pods) reasons.emplace_back("Too many pods");
  if (verdict.lacks & lacks_cpu) reasons.emplace_back("Insufficient cpu");
  if (verdict.lacks & lacks_memory) reasons.emplace_back("Insufficient memory");
  if (verdict.lacks & lacks_storage) reasons.emplace_back("Insufficient ephemeral-storage");
  for (std::size_t i = 0; i < shape.requests.others.size(); ++i)
    if (verdict.lacks & (lacks_others << i))
      reasons.push_back("Insufficient " + shape.requests.others[i].first);
  return reasons;
}

}  // namespace podo::scheduler
