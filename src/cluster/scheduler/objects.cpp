#include "cluster/scheduler/objects.h"

#include <algorithm>

#include "model/kube/path.h"
#include "model/schema/instant.h"

namespace podo::scheduler {
namespace {

using kube::children_at;
using kube::find_at;
using kube::text_at;

std::int64_t time_at(const json::Item& object, std::string_view path) {
  const std::string_view written = text_at(object, path);
  if (written.empty()) return 0;
  const auto at = schema::parse_instant(written, schema::Precision::seconds);
  return at ? at->seconds : 0;
}

void read_conditions(const json::Item& object, Pod& pod) {
  for (const json::Item& condition : children_at(object, "status.conditions")) {
    const std::string_view type = text_at(condition, "type"), status = text_at(condition, "status");
    if (type == "PodScheduled" && status == "False") pod.scheduled_said = text_at(condition, "message");
    if (type == "DisruptionTarget" && status == "True")
      pod.preempted = text_at(condition, "reason") == "PreemptionByScheduler";
  }
}

void read_claims(const json::Item& object, Pod& pod) {
  for (const json::Item& volume : children_at(object, "spec.volumes")) {
    if (const auto claim = text_at(volume, "persistentVolumeClaim.claimName"); !claim.empty())
      pod.claims.push_back({std::string(claim)});
    if (volume.find("ephemeral") != nullptr)
      pod.claims.push_back({text("{}-{}", pod.name, text_at(volume, "name")), true});
  }
}

}  // namespace

Pod pod_of(const json::Item& object, ShapePtr shape) {
  Pod pod;
  pod.name = text_at(object, "metadata.name");
  pod.uid = text_at(object, "metadata.uid");
  pod.node = text_at(object, "spec.nodeName");
  pod.nominated = text_at(object, "status.nominatedNodeName");
  pod.started = time_at(object, "status.startTime");
  pod.generation = kube::number_at(object, "metadata.generation");
  pod.ending = find_at(object, "metadata.deletionTimestamp") != nullptr;
  const std::string_view phase = text_at(object, "status.phase");
  pod.ended = phase == "Succeeded" || phase == "Failed";
  pod.gated = kube::size_at(object, "spec.schedulingGates") != 0;
  read_conditions(object, pod);
  read_claims(object, pod);
  pod.shape = std::move(shape);
  return pod;
}

PodPtr placed(const Pod& pod, std::string_view node) {
  auto made = std::make_shared<Pod>(pod);
  made->node = node;
  return made;
}

Node node_of(const json::Item& object) {
  Node node;
  node.name = text_at(object, "metadata.name");
  node.labels = kube::labels_of(find_at(object, "metadata.labels"));
  node.taints = kube::taints_of(object);
  node.unschedulable = kube::is_true_at(object, "spec.unschedulable");
  const json::Item* allocatable = find_at(object, "status.allocatable");
  if (allocatable == nullptr) allocatable = find_at(object, "status.capacity");
  const strategy::Amounts amounts = strategy::amounts_of(allocatable);
  node.allocatable = resources_of(amounts);
  if (const auto pods = amounts.find("pods"); pods != amounts.end())
    node.pods_max = pods->second.rounded_up();
  for (const json::Item& image : children_at(object, "status.images"))
    for (const json::Item& name : children_at(image, "names"))
      node.images.emplace_back(name.string_or(""), kube::number_at(image, "sizeBytes"));
  std::ranges::sort(node.images);
  return node;
}

}  // namespace podo::scheduler
