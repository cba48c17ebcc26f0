// StorageObjectInUseProtection: claims, volumes and their attributes are not gone before nobody uses them.
// PersistentVolumeClaimResize: only what can grow is asked to.
#include "cluster/admission/plugin.h"
#include "model/schema/quantity.h"

namespace podo::admission {
namespace {

using kube::text_at;

std::string_view protection_of(const Review& review) {
  if (review.is("", "persistentvolumeclaims")) return "kubernetes.io/pvc-protection";
  if (review.is("", "persistentvolumes")) return "kubernetes.io/pv-protection";
  if (review.is("storage.k8s.io", "volumeattributesclasses")) return "kubernetes.io/vac-protection";
  return "";
}

schema::Quantity size_of(const Item& claim) {
  return schema::Quantity::parse(text_at(claim, "spec.resources.requests.storage"))
      .value_or(schema::Quantity());
}

std::string class_of(const Item& claim) {
  const Item* annotation = claim.find("metadata", "annotations", "volume.beta.kubernetes.io/storage-class");
  return std::string(annotation ? annotation->string_or("") : text_at(claim, "spec.storageClassName"));
}

}  // namespace

Result<> protect_storage(const Review& review, Item& object) {
  const std::string_view finalizer = protection_of(review);
  if (finalizer.empty() || !review.creates()) return {};
  Item& finalizers = object.member("metadata").member("finalizers");
  for (const Item& item : kube::children(&finalizers))
    if (item.string_or("") == finalizer) return {};
  finalizers.append().set_string(finalizer);
  return {};
}

Result<> check_volume_resize(const Review& review) {
  if (!review.is("", "persistentvolumeclaims") || !review.updates() || review.old == nullptr) return {};
  const Item &claim = *review.object, &old = *review.old;
  if (size_of(claim) <= size_of(old)) return {};
  if (text_at(old, "status.phase") != "Bound")
    return review.forbid("Only bound persistent volume claims can be expanded");
  const std::string name = class_of(claim);
  const json::Tree found = find(*review.known.storage_classes, "", name);
  const bool may_grow =
      !name.empty() && name == class_of(old) && kube::is_true_at(found.root(), "allowVolumeExpansion");
  if (may_grow) return {};
  return review.forbid(
      "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
      "support resize");
}

}  // namespace podo::admission
