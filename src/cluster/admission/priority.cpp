// Priority: a pod's class becomes the number that it stands for; one class may be that of all other pods.
#include "base/core/text.h"
#include "cluster/admission/plugin.h"

namespace podo::admission {
namespace {

using kube::number_at;
using kube::text_at;

struct Class {
  std::string name;
  std::int64_t value = 0;
  std::string preemption = "PreemptLowerPriority";
};

Class class_of(const Item& object) {
  Class out{std::string(text_at(object, "metadata.name")), number_at(object, "value")};
  const std::string_view preemption = text_at(object, "preemptionPolicy");
  if (!preemption.empty()) out.preemption = preemption;
  return out;
}

// Of several that say so (made at the same moment) the least counts.
Class default_class(const Known& known) {
  std::optional<Class> found;
  for (const json::Tree& tree : all(*known.priority_classes)) {
    if (!kube::is_true_at(tree.root(), "globalDefault")) continue;
    Class one = class_of(tree.root());
    if (!found || one.value < found->value) found = std::move(one);
  }
  return found.value_or(Class());
}

Result<> set_for_new_pod(const Review& review, Item& spec) {
  Class chosen;
  if (const std::string_view name = text_at(spec, "priorityClassName"); !name.empty()) {
    const json::Tree found = find(*review.known.priority_classes, "", name);
    if (found.root().is(json::Kind::null))
      return review.forbid(text("no PriorityClass with name {} was found", name));
    chosen = class_of(found.root());
  } else {
    chosen = default_class(review.known);
    if (!chosen.name.empty()) spec.member("priorityClassName").set_string(chosen.name);
  }
  if (spec.find("priority") != nullptr && number_at(spec, "priority") != chosen.value) {
    return review.forbid(
        text("the integer value of priority ({}) must not be provided in pod spec; priority "
             "admission controller computed {} from the given PriorityClass name",
             number_at(spec, "priority"), chosen.value));
  }
  const std::string_view preemption = text_at(spec, "preemptionPolicy");
  if (!preemption.empty() && preemption != chosen.preemption) {
    return review.forbid(
        text("the string value of PreemptionPolicy ({}) must not be provided in pod spec; "
             "priority admission controller computed {} from the given PriorityClass name",
             preemption, chosen.preemption));
  }
  spec.member("priority").set_number(chosen.value);
  spec.member("preemptionPolicy").set_string(chosen.preemption);
  return {};
}

}  // namespace

Result<> set_priority(const Review& review, Item& object) {
  if (!review.is("", "pods")) return {};
  Item& spec = object.member("spec");
  if (review.creates()) return set_for_new_pod(review, spec);
  for (const std::string_view key : {"priority", "preemptionPolicy"}) {
    const Item* before = review.old ? review.old->find("spec", key) : nullptr;
    if (before != nullptr && spec.find(key) == nullptr) spec.member(key).copy(*before);
  }
  return {};
}

Result<> check_default_priority(const Review& review) {
  if (!review.is("scheduling.k8s.io", "priorityclasses")) return {};
  if (!kube::is_true_at(*review.object, "globalDefault")) return {};
  const Class is_default = default_class(review.known);
  if (is_default.name.empty() || is_default.name == review.attributes.name) return {};
  return review.forbid(
      text("PriorityClass {} is already marked as default. Only one default can exist", is_default.name));
}

}  // namespace podo::admission
