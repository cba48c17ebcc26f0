#include "cluster/admission/quota_scope.h"

#include "cluster/admission/quota_usage.h"
#include "model/kube/path.h"

namespace podo::admission {
namespace {

using json::Item;
using kube::children_at;
using kube::text_at;

bool is_terminating(const Item& pod) { return pod.find("spec", "activeDeadlineSeconds") != nullptr; }

bool is_best_effort(const Item& pod) {
  return strategy::qos_class(kube::part_at(pod, "spec")) == "BestEffort";
}

bool reaches_out(const Item& term) {
  return kube::size_at(term, "namespaces") != 0 || term.find("namespaceSelector") != nullptr;
}

bool has_cross_namespace_affinity(const Item& pod) {
  for (const std::string_view kind : {"podAffinity", "podAntiAffinity"}) {
    const Item* affinity = pod.find("spec", "affinity", kind);
    if (affinity == nullptr) continue;
    for (const Item& term : children_at(*affinity, "requiredDuringSchedulingIgnoredDuringExecution"))
      if (reaches_out(term)) return true;
    for (const Item& one : children_at(*affinity, "preferredDuringSchedulingIgnoredDuringExecution"))
      if (reaches_out(kube::part_at(one, "podAffinityTerm"))) return true;
  }
  return false;
}

bool is_selected(const Item& selector, std::string_view value) {
  const std::string_view op = text_at(selector, "operator");
  bool listed = false;
  for (const Item& item : children_at(selector, "values")) listed = listed || item.string_or("") == value;
  if (op == "Exists") return !value.empty();
  if (op == "DoesNotExist") return value.empty();
  if (op == "In") return !value.empty() && listed;
  return op == "NotIn" && !listed;
}

bool has_scope(std::string_view scope, const Item& selector, const schema::Resource& resource,
               const Item& object) {
  const bool is_core = resource.group_version->group.empty();
  if (is_core && resource.plural == "persistentvolumeclaims") {
    return scope == "VolumeAttributesClass" &&
           is_selected(selector, text_at(object, "spec.volumeAttributesClassName"));
  }
  if (!is_core || resource.plural != "pods") return false;
  if (scope == "Terminating") return is_terminating(object);
  if (scope == "NotTerminating") return !is_terminating(object);
  if (scope == "BestEffort") return is_best_effort(object);
  if (scope == "NotBestEffort") return !is_best_effort(object);
  if (scope == "CrossNamespacePodAffinity") return has_cross_namespace_affinity(object);
  return scope == "PriorityClass" && is_selected(selector, text_at(object, "spec.priorityClassName"));
}

}  // namespace

bool has_ended(const Item& pod) {
  const std::string_view phase = text_at(pod, "status.phase");
  return phase == "Succeeded" || phase == "Failed";
}

bool is_in_scope(const Item& quota, const schema::Resource& resource, const Item& object) {
  json::Tree exists;
  exists.root().member("operator").set_string("Exists");
  for (const Item& scope : children_at(quota, "spec.scopes"))
    if (!has_scope(scope.string_or(""), exists.root(), resource, object)) return false;
  for (const Item& selector : children_at(quota, "spec.scopeSelector.matchExpressions"))
    if (!has_scope(text_at(selector, "scopeName"), selector, resource, object)) return false;
  return true;
}

}  // namespace podo::admission
