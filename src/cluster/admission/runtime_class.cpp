// RuntimeClass: what a class of runtimes costs, and where it runs, becomes part of its pods.
#include "base/core/text.h"
#include "cluster/admission/plugin.h"

namespace podo::admission {
namespace {

using kube::text_at;

json::Tree class_of(const Review& review, const Item& pod) {
  const std::string_view name = text_at(pod, "spec.runtimeClassName");
  return name.empty() ? json::Tree() : find(*review.known.runtime_classes, "", name);
}

Result<> add_node_selector(const Review& review, Item& spec, const Item& wanted) {
  Item& selector = spec.member("nodeSelector");
  for (const Item& item : kube::children(&wanted)) {
    const std::string_view key = item.key(), value = item.string_or("");
    const Item* present = selector.find(key);
    if (present != nullptr && present->string_or("") != value) {
      return review.forbid(
          text("conflict: runtimeClass.scheduling.nodeSelector[{}] = {}; "
               "pod.spec.nodeSelector[{}] = {}",
               key, value, key, present->string_or("")));
    }
    selector.member(key).set_string(value);
  }
  return {};
}

void add_tolerations(Item& spec, const Item& wanted) {
  for (const Item& toleration : kube::children(&wanted)) {
    bool there = false;
    for (const Item& own : kube::children_at(spec, "tolerations"))
      there = there || json::same(own, toleration);
    if (!there) spec.member("tolerations").append().copy(toleration);
  }
}

}  // namespace

Result<> apply_runtime_class(const Review& review, Item& object) {
  if (!review.is("", "pods") || !review.creates()) return {};
  const std::string_view name = text_at(object, "spec.runtimeClassName");
  if (name.empty()) return {};
  const json::Tree found = class_of(review, object);
  if (found.root().is(json::Kind::null))
    return review.forbid(text("pod rejected: RuntimeClass \"{}\" not found", name));
  Item& spec = object.member("spec");
  if (const Item* overhead = kube::find_at(found.root(), "overhead.podFixed")) {
    const Item* own = spec.find("overhead");
    if (own != nullptr && own->size() != 0 && !json::same(*own, *overhead))
      return review.forbid("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    spec.member("overhead").copy(*overhead);
  }
  if (const Item* selector = kube::find_at(found.root(), "scheduling.nodeSelector"))
    TRY(add_node_selector(review, spec, *selector));
  if (const Item* tolerations = kube::find_at(found.root(), "scheduling.tolerations"))
    add_tolerations(spec, *tolerations);
  return {};
}

Result<> check_overhead(const Review& review) {
  if (!review.is("", "pods") || !review.creates()) return {};
  const Item* overhead = review.object->find("spec", "overhead");
  if (overhead == nullptr || overhead->size() == 0) return {};
  const json::Tree found = class_of(review, *review.object);
  if (kube::find_at(found.root(), "overhead.podFixed") != nullptr) return {};
  return review.forbid("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
}

}  // namespace podo::admission
