// DefaultStorageClass and DefaultIngressClass: who names no class gets the one that is marked as default; the
// youngest of several.
#include <algorithm>

#include "base/core/text.h"
#include "cluster/admission/plugin.h"

namespace podo::admission {
namespace {

using kube::text_at;

bool is_marked(const Item& object, std::initializer_list<std::string_view> marks) {
  return std::ranges::any_of(marks, [&](std::string_view mark) {
    const Item* value = object.find("metadata", "annotations", mark);
    return value != nullptr && value->string_or("") == "true";
  });
}

std::string default_of(const objects::Mirror& classes, std::initializer_list<std::string_view> marks) {
  std::string name, since;
  for (const json::Tree& tree : all(classes)) {
    if (!is_marked(tree.root(), marks)) continue;
    const std::string_view made = text_at(tree.root(), "metadata.creationTimestamp");
    if (!name.empty() && made <= since) continue;  // by name: of the same age, the first
    name = text_at(tree.root(), "metadata.name");
    since = made;
  }
  return name;
}

bool has_annotation(const Item& object, std::string_view key) {
  return object.find("metadata", "annotations", key) != nullptr;
}

}  // namespace

Result<> set_storage_class(const Review& review, Item& object) {
  if (!review.is("", "persistentvolumeclaims") || !review.creates()) return {};
  // An empty name is a choice, too: no class.
  if (object.find("spec", "storageClassName") != nullptr) return {};
  if (has_annotation(object, "volume.beta.kubernetes.io/storage-class")) return {};
  const std::string name = default_of(
      *review.known.storage_classes,
      {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"});
  if (!name.empty()) object.member("spec").member("storageClassName").set_string(name);
  return {};
}

Result<> set_ingress_class(const Review& review, Item& object) {
  if (!review.is("networking.k8s.io", "ingresses") || !review.creates()) return {};
  if (object.find("spec", "ingressClassName") != nullptr) return {};
  if (has_annotation(object, "kubernetes.io/ingress.class")) return {};
  const std::string name =
      default_of(*review.known.ingress_classes, {"ingressclass.kubernetes.io/is-default-class"});
  if (!name.empty()) object.member("spec").member("ingressClassName").set_string(name);
  return {};
}

}  // namespace podo::admission
