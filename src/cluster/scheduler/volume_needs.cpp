// The claims of one pod (storage.h).
#include <algorithm>

#include "cluster/scheduler/storage.h"

namespace podo::scheduler {
namespace {

constexpr std::string_view makes_none = "kubernetes.io/no-provisioner";

bool has_modes(const Volume& volume, const Claim& claim) {
  return std::ranges::all_of(
      claim.modes, [&](const std::string& mode) { return std::ranges::contains(volume.modes, mode); });
}

bool is_there(const Volume& volume, const Node& node) {
  return !volume.has_terms || kube::select_any(volume.terms, node.name, node.labels);
}

// The values of a label of volumes may be several: "a__b".
bool is_among(std::string_view value, std::string_view values) {
  while (!values.empty()) {
    const std::size_t end = std::min(values.find("__"), values.size());
    if (values.substr(0, end) == value) return true;
    values.remove_prefix(std::min(values.size(), end + 2));
  }
  return false;
}

// Volumes of clouds say their zone by labels.
bool is_in_zone(const Volume& volume, const Node& node) {
  constexpr std::string_view keys[] = {"topology.kubernetes.io/zone", "topology.kubernetes.io/region",
                                       "failure-domain.beta.kubernetes.io/zone",
                                       "failure-domain.beta.kubernetes.io/region"};
  return std::ranges::all_of(keys, [&](std::string_view key) {
    const std::string* values = kube::find_label(volume.labels, key);
    if (values == nullptr) return true;
    const std::string* value = kube::find_label(node.labels, key);
    return value != nullptr && is_among(*value, *values);
  });
}

}  // namespace

VolumeNeeds::VolumeNeeds(const Snapshot& snapshot, const Storage& storage, const Pod& pod)
    : storage_(storage), pod_(pod) {
  for (const ClaimUse& use : pod.claims) {
    const std::string key = pod.name_space() + "/" + use.claim;
    const Claim* claim = storage.claim(key);
    if (claim != nullptr) {
      take(use, *claim);
    } else {
      refused_ =
          use.ephemeral
              ? text("waiting for ephemeral volume controller to create the persistentvolumeclaim \"{}\"",
                     use.claim)
              : text("persistentvolumeclaim \"{}\" not found", use.claim);
    }
    if (!refused_.empty()) return;
    if (!claim->exclusive) continue;
    exclusive_users_ += snapshot.claim_users(key);
    exclusive_.push_back(key);
  }
}

void VolumeNeeds::take(const ClaimUse& use, const Claim& claim) {
  if (claim.lost) {
    refused_ = text("persistentvolumeclaim \"{}\" bound to non-existent persistentvolume \"{}\"", use.claim,
                    claim.volume);
  } else if (claim.ending) {
    refused_ = text("persistentvolumeclaim \"{}\" is being deleted", use.claim);
  } else if (use.ephemeral && claim.owner != pod_.uid) {
    refused_ = text("PVC {} was not created for pod {} (pod is not owner)", claim.key, pod_.key());
  } else if (claim.bound) {
    const Volume* volume = storage_.volume(claim.volume);
    volume_gone_ = volume_gone_ || volume == nullptr;
    if (volume != nullptr) bound_.push_back(volume);
  } else {
    const StorageClass* made_by = storage_.storage_class(claim.storage_class);
    if (made_by != nullptr && made_by->waits && claim.volume.empty()) waiting_.push_back(&claim);
    else refused_ = "pod has unbound immediate PersistentVolumeClaims";
  }
}

Verdict VolumeNeeds::check(const Node& node) const {
  if (exclusive_users_ > 0) return {.obstacle = Obstacle::exclusive_claim};
  if (volume_gone_) return {.obstacle = Obstacle::volume_gone, .hopeless = true};
  for (const Volume* volume : bound_)
    if (!is_there(*volume, node)) return {.obstacle = Obstacle::volume_node, .hopeless = true};
  VolumePlan plan;
  if (!serve(node, plan)) return {.obstacle = Obstacle::volume_none, .hopeless = true};
  for (const Volume* volume : bound_)
    if (!is_in_zone(*volume, node)) return {.obstacle = Obstacle::volume_zone, .hopeless = true};
  return {};
}

VolumePlan VolumeNeeds::plan(const Node& node) const {
  VolumePlan plan;
  serve(node, plan);
  return plan;
}

bool VolumeNeeds::serve(const Node& node, VolumePlan& plan) const {
  for (const Claim* claim : waiting_) {
    if (!claim->selected_node.empty()) {  // somebody has begun to make it there
      if (claim->selected_node != node.name) return false;
      plan.make.push_back(claim->key);
    } else if (const Volume* free = find_free(*claim, node, plan)) {
      plan.bind.emplace_back(free->name, claim->key);
    } else if (can_make(*claim, node)) {
      plan.make.push_back(claim->key);
    } else {
      return false;
    }
  }
  return true;
}

// The smallest that will do; one that was made for this claim goes first.
const Volume* VolumeNeeds::find_free(const Claim& claim, const Node& node, const VolumePlan& plan) const {
  const Volume* best = nullptr;
  for (const auto& [name, volume] : storage_.volumes()) {
    if (volume.storage_class != claim.storage_class || volume.ending || volume.block != claim.block) continue;
    if (volume.bytes < claim.bytes || !has_modes(volume, claim) || !is_there(volume, node)) continue;
    const bool own = volume.claim == claim.key && (volume.claim_uid.empty() || volume.claim_uid == claim.uid);
    if (own) return &volume;
    const auto given = [&](const auto& pair) { return pair.first == name; };
    if (!volume.claim.empty() || !volume.available || storage_.is_assumed(name)) continue;
    if (claim.selector && !claim.selector->matches(volume.labels)) continue;
    if (std::ranges::any_of(plan.bind, given)) continue;
    if (best == nullptr || volume.bytes < best->bytes) best = &volume;
  }
  return best;
}

bool VolumeNeeds::can_make(const Claim& claim, const Node& node) const {
  const StorageClass* made_by = storage_.storage_class(claim.storage_class);
  if (made_by == nullptr || made_by->provisioner.empty() || made_by->provisioner == makes_none) return false;
  return made_by->topologies.empty() || kube::select_any(made_by->topologies, node.name, node.labels);
}

void VolumeNeeds::shift(const Pod& pod, int by) {
  for (const ClaimUse& use : pod.claims)
    if (std::ranges::contains(exclusive_, pod.name_space() + "/" + use.claim)) exclusive_users_ += by;
}

}  // namespace podo::scheduler
