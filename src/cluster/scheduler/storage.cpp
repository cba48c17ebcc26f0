#include "cluster/scheduler/storage.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::scheduler {
namespace {

using kube::children_at;
using kube::find_at;
using kube::text_at;

std::vector<std::string> modes_of(const json::Item& object) {
  std::vector<std::string> modes;
  for (const json::Item& mode : children_at(object, "spec.accessModes"))
    modes.emplace_back(mode.string_or(""));
  return modes;
}

std::int64_t bytes_at(const json::Item& object, std::string_view path) {
  const auto quantity = schema::Quantity::parse(text_at(object, path));
  return quantity ? quantity->rounded_up() : 0;
}

template <class Map>
auto* find_in(Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found != map.end() ? &found->second : nullptr;
}

template <class Map>
void erase_from(Map& map, std::string_view key) {
  if (const auto found = map.find(key); found != map.end()) map.erase(found);
}

}  // namespace

Claim claim_of(const json::Item& object) {
  Claim claim;
  claim.key = text("{}/{}", text_at(object, "metadata.namespace"), text_at(object, "metadata.name"));
  claim.uid = text_at(object, "metadata.uid");
  claim.version = text_at(object, "metadata.resourceVersion");
  claim.volume = text_at(object, "spec.volumeName");
  claim.storage_class = text_at(object, "spec.storageClassName");
  claim.modes = modes_of(object);
  claim.exclusive = std::ranges::contains(claim.modes, "ReadWriteOncePod");
  if (const json::Item* selector = find_at(object, "spec.selector"))
    if (auto parsed = kube::LabelSelector::of(selector)) claim.selector = *std::move(parsed);
  claim.bytes = bytes_at(object, "spec.resources.requests.storage");
  claim.lost = text_at(object, "status.phase") == "Lost";
  claim.ending = find_at(object, "metadata.deletionTimestamp") != nullptr;
  claim.block = text_at(object, "spec.volumeMode") == "Block";
  for (const json::Item& note : children_at(object, "metadata.annotations")) {
    if (note.key() == "volume.kubernetes.io/selected-node") claim.selected_node = note.string_or("");
    if (note.key() == "pv.kubernetes.io/bind-completed") claim.bound = !claim.volume.empty();
    if (note.key() == "volume.beta.kubernetes.io/storage-class") claim.storage_class = note.string_or("");
  }
  for (const json::Item& owner : children_at(object, "metadata.ownerReferences"))
    if (kube::is_true_at(owner, "controller")) claim.owner = text_at(owner, "uid");
  return claim;
}

Volume volume_of(const json::Item& object) {
  Volume volume;
  volume.name = text_at(object, "metadata.name");
  volume.storage_class = text_at(object, "spec.storageClassName");
  if (const json::Item* claim = find_at(object, "spec.claimRef")) {
    volume.claim = text("{}/{}", text_at(*claim, "namespace"), text_at(*claim, "name"));
    volume.claim_uid = text_at(*claim, "uid");
  }
  volume.modes = modes_of(object);
  volume.labels = kube::labels_of(find_at(object, "metadata.labels"));
  const json::Item* required = find_at(object, "spec.nodeAffinity.required");
  volume.has_terms = required != nullptr;
  volume.terms = kube::node_terms_of(required);
  volume.bytes = bytes_at(object, "spec.capacity.storage");
  volume.available = text_at(object, "status.phase") == "Available";
  volume.ending = find_at(object, "metadata.deletionTimestamp") != nullptr;
  volume.block = text_at(object, "spec.volumeMode") == "Block";
  return volume;
}

StorageClass storage_class_of(const json::Item& object) {
  StorageClass made;
  made.name = text_at(object, "metadata.name");
  made.provisioner = text_at(object, "provisioner");
  made.waits = text_at(object, "volumeBindingMode") == "WaitForFirstConsumer";
  for (const json::Item& each : children_at(object, "allowedTopologies")) {
    kube::NodeTerm term;
    for (const json::Item& item : children_at(each, "matchLabelExpressions")) {
      kube::Requirement in{std::string(text_at(item, "key")), kube::Operator::in, {}};
      for (const json::Item& value : children_at(item, "values")) in.values.emplace_back(value.string_or(""));
      std::ranges::sort(in.values);
      term.labels.push_back(std::move(in));
    }
    made.topologies.push_back(std::move(term));
  }
  return made;
}

void Storage::set(Claim claim) {
  std::string key = claim.key;
  claims_.insert_or_assign(std::move(key), std::move(claim));
}
void Storage::set(Volume volume) {
  std::string name = volume.name;
  volumes_.insert_or_assign(std::move(name), std::move(volume));
}
void Storage::set(StorageClass made) {
  std::string name = made.name;
  classes_.insert_or_assign(std::move(name), std::move(made));
}
void Storage::remove_claim(std::string_view key) { erase_from(claims_, key); }
void Storage::remove_volume(std::string_view name) { erase_from(volumes_, name); }
void Storage::remove_class(std::string_view name) { erase_from(classes_, name); }

const Claim* Storage::claim(std::string_view key) const { return find_in(claims_, key); }
const Volume* Storage::volume(std::string_view name) const { return find_in(volumes_, name); }
const StorageClass* Storage::storage_class(std::string_view name) const { return find_in(classes_, name); }

void Storage::assume(const VolumePlan& plan) {
  for (const auto& [volume, claim] : plan.bind) assumed_.insert_or_assign(volume, claim);
}
void Storage::forget(const VolumePlan& plan) {
  for (const auto& [volume, claim] : plan.bind) erase_from(assumed_, volume);
}

}  // namespace podo::scheduler
