#include "cluster/controllers/volume_plan.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::find_at;
using kube::text_at;

void set_phase(const Volume& self, std::string_view phase, std::string_view message, Plan& plan) {
  if (self.phase == phase) return;
  json::Tree status;
  status.root().member("phase").set_string(phase);
  if (!message.empty()) status.root().member("message").set_string(message);
  plan.writes.push_back(patch_status(Kind::volume, self, status.root()));
}

bool is_ours(const json::Item& volume) {
  const json::Item* by =
      kube::part_at(volume, "metadata.annotations").find("pv.kubernetes.io/provisioned-by");
  return by != nullptr && by->string_or("") == local_path_provisioner;
}

// The claim is gone.
VolumePlan plan_released(const json::Item& volume, const Volume& self) {
  VolumePlan planned;
  if (self.phase == "Failed") return planned;
  set_phase(self, "Released", "", planned.plan);
  const std::string_view policy = text_at(volume, "spec.persistentVolumeReclaimPolicy");
  const auto fail = [&](std::string reason, std::string why) {
    planned.plan.said.push_back({std::move(reason), why, true});
    Volume released = self;
    released.phase = "Released";
    set_phase(released, "Failed", why, planned.plan);
  };
  if (policy == "Recycle")
    fail("VolumeFailedRecycle", "Recycle is not supported. Delete the volume, and make it anew");
  if (policy != "Delete") return planned;
  if (is_ours(volume)) planned.reclaim = Reclaim::remove;
  else
    fail("VolumeFailedDelete",
         text("error getting deleter volume plugin for volume \"{}\": no volume plugin matched", self.name));
  return planned;
}

void unbind(const json::Item& volume, Plan& plan) {
  constexpr std::string_view note = "pv.kubernetes.io/bound-by-controller";
  json::Tree changed = json::Tree::copy_of(volume);
  json::Item& notes = changed.root().member("metadata").member("annotations");
  if (notes.find(note) != nullptr) {
    notes.remove(note);
    changed.root().member("spec").remove("claimRef");
  } else {
    changed.root().member("spec").member("claimRef").remove("uid");
    changed.root().member("spec").member("claimRef").remove("resourceVersion");
  }
  plan.writes.push_back(update(Kind::volume, std::move(changed)));
}

}  // namespace

VolumePlan plan_volume(const json::Item& volume, const Volume& self, const json::Item* claim) {
  VolumePlan planned;
  if (self.claim_uid.empty()) {  // nobody's, or kept for one that has not come
    if (!self.deleting()) set_phase(self, "Available", "", planned.plan);
    return planned;
  }
  if (claim == nullptr) return plan_released(volume, self);
  const std::string_view named = text_at(*claim, "spec.volumeName");
  if (named == self.name) set_phase(self, "Bound", "", planned.plan);
  else if (!named.empty() && is_ours(volume)) return plan_released(volume, self);
  else if (!named.empty()) unbind(volume, planned.plan);
  return planned;  // it names none yet: the claim's own plan binds them
}

std::string folder_of(std::string_view storage_folder, std::string_view volume, std::string_view claim_key) {
  std::string claim(claim_key);
  std::ranges::replace(claim, '/', '_');
  return text("{}/{}_{}", storage_folder, volume, claim);
}

json::Tree local_path_storage_class() {
  json::Tree tree;
  json::Item& object = tree.root();
  object.member("apiVersion").set_string("storage.k8s.io/v1");
  object.member("kind").set_string("StorageClass");
  json::Item& metadata = object.member("metadata");
  metadata.member("name").set_string(local_path_class);
  metadata.member("annotations").member("storageclass.kubernetes.io/is-default-class").set_string("true");
  object.member("provisioner").set_string(local_path_provisioner);
  object.member("reclaimPolicy").set_string("Delete");
  object.member("volumeBindingMode").set_string("WaitForFirstConsumer");
  return tree;
}

Write patch_status(Kind kind, const Facts& what, const json::Item& status) {
  json::Tree patch;
  patch.root().member("metadata").member("uid").set_string(what.uid);
  patch.root().member("status").copy(status);
  return {.verb = Write::Verb::patch,
          .kind = kind,
          .name_space = what.name_space,
          .name = what.name,
          .change = patch.to_text(),
          .subresource = "status"};
}

std::optional<Write> without_finalizer(Kind kind, const json::Item& object, std::string_view finalizer) {
  json::Tree changed = json::Tree::copy_of(object);
  json::Item* finalizers = changed.root().find("metadata", "finalizers");
  if (finalizers == nullptr) return std::nullopt;
  const std::size_t before = finalizers->size();
  finalizers->keep_if([&](const json::Item& one) { return one.string_or("") != finalizer; });
  if (finalizers->size() == before) return std::nullopt;
  return update(kind, std::move(changed));
}

}  // namespace podo::controllers
