#include "cluster/scheduler/verdict.h"

namespace podo::scheduler {
namespace {

// In the order of Obstacle; resources are told one by one.
constexpr std::string_view words[obstacles] = {
    "",
    "node(s) were unschedulable",
    "node(s) had untolerated taint(s)",
    "node(s) didn't match Pod's node affinity/selector",
    "node(s) didn't have free ports for the requested pod ports",
    "",
    "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
    "node(s) didn't match PersistentVolume's node affinity",
    "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
    "node(s) didn't find available persistent volumes to bind",
    "node(s) had no available volume zone",
    "node(s) didn't match pod topology spread constraints (missing required label)",
    "node(s) didn't match pod topology spread constraints",
    "node(s) didn't match pod affinity rules",
    "node(s) didn't match pod anti-affinity rules",
    "node(s) didn't satisfy existing pods anti-affinity rules",
    "node(s) didn't satisfy plugin(s) [NodeAffinity]",
    "No preemption victims found for incoming pod",
    "Preemption is not helpful for scheduling",
};

}  // namespace

std::vector<std::string> reasons_of(const Verdict& verdict, const PodShape& shape) {
  if (verdict.obstacle != Obstacle::resources)
    return {std::string(words[static_cast<std::size_t>(verdict.obstacle)])};
  std::vector<std::string> reasons;
  if (verdict.lacks & lacks_pods) reasons.emplace_back("Too many pods");
  if (verdict.lacks & lacks_cpu) reasons.emplace_back("Insufficient cpu");
  if (verdict.lacks & lacks_memory) reasons.emplace_back("Insufficient memory");
  if (verdict.lacks & lacks_storage) reasons.emplace_back("Insufficient ephemeral-storage");
  for (std::size_t i = 0; i < shape.requests.others.size(); ++i)
    if (verdict.lacks & lacks_other(i)) reasons.push_back("Insufficient " + shape.requests.others[i].first);
  return reasons;
}

}  // namespace podo::scheduler
