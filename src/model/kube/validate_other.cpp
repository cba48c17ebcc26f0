// Configuration, storage, access and the rest.
#include <algorithm>

#include "model/kube/validate_rules.h"
#include "model/schema/quantity.h"

namespace podo::kube::rules {
namespace {

constexpr std::size_t data_max = 1u << 20;

FieldPath in_spec(std::string_view field) { return FieldPath("spec") / field; }

std::size_t bytes_of(std::string_view base64) {
  const std::size_t padding = base64.ends_with("==") ? 2 : base64.ends_with('=') ? 1 : 0;
  return base64.size() / 4 * 3 - (base64.empty() ? 0 : padding);
}

void check_frozen(Errors& errors, const Item& object, const Item* old,
                  std::initializer_list<std::string_view> fields) {
  if (old == nullptr || !is_true_at(*old, "immutable")) return;
  constexpr std::string_view frozen = "field is immutable when `immutable` is set";
  if (!is_true_at(object, "immutable")) errors.forbidden(FieldPath("immutable"), frozen);
  for (const std::string_view field : fields) {
    if (!same_or_absent(object.find(field), old->find(field))) errors.forbidden(FieldPath(field), frozen);
  }
}

}  // namespace

void config_map(Errors& errors, const Item& object, const Item* old) {
  std::size_t total = 0;
  const Item* binary = object.find("binaryData");
  for (const Item& value : children_at(object, "data")) {
    const FieldPath path = FieldPath("data").key(value.key());
    errors.invalid_each(path, value.key(), check_config_key(value.key()));
    if (binary && binary->find(value.key())) {
      errors.invalid(path, value.key(), "duplicate of key present in binaryData");
    }
    total += value.string_or("").size();
  }
  for (const Item& value : children(binary)) {
    errors.invalid_each(FieldPath("binaryData").key(value.key()), value.key(), check_config_key(value.key()));
    total += bytes_of(value.string_or(""));
  }
  if (total > data_max) errors.too_long(FieldPath("[]"), data_max);
  check_frozen(errors, object, old, {"data", "binaryData"});
}

void secret(Errors& errors, const Item& object, const Item* old) {
  std::size_t total = 0;
  const Item* data = object.find("data");
  for (const Item& value : children(data)) {
    errors.invalid_each(FieldPath("data").key(value.key()), value.key(), check_config_key(value.key()));
    total += bytes_of(value.string_or(""));
  }
  if (total > data_max) errors.too_long(FieldPath("data"), data_max);
  constexpr std::pair<std::string_view, std::string_view> needed[] = {
      {"kubernetes.io/dockercfg", ".dockercfg"},
      {"kubernetes.io/dockerconfigjson", ".dockerconfigjson"},
      {"kubernetes.io/ssh-auth", "ssh-privatekey"},
      {"kubernetes.io/tls", "tls.crt"},
      {"kubernetes.io/tls", "tls.key"},
  };
  for (const auto& [type, key] : needed) {
    if (text_at(object, "type") != type || (data && data->find(key))) continue;
    errors.required(FieldPath("data").key(key));
  }
  if (old == nullptr) return;
  if (text_at(object, "type") != text_at(*old, "type")) {
    errors.invalid(FieldPath("type"), text_at(object, "type"), "field is immutable");
  }
  check_frozen(errors, object, old, {"data"});
}

void volume_claim(Errors& errors, const Item& object, const Item* old) {
  const Item* spec = object.find("spec");
  if (size_at(object, "spec.accessModes") == 0) {
    errors.required(in_spec("accessModes"), "at least 1 access mode is required");
  }
  const std::string_view storage = text_at(object, "spec.resources.requests.storage");
  const FieldPath path = in_spec("resources").key("storage");
  const auto wanted = schema::Quantity::parse(storage).value_or(schema::Quantity());
  if (storage.empty()) errors.required(path);
  else if (wanted.sign() <= 0) errors.invalid(path, storage, "must be greater than zero");
  const Item* before = old ? old->find("spec") : nullptr;
  if (spec == nullptr || before == nullptr) return;
  json::Tree copy = json::Tree::copy_of(*spec);
  for (const std::string_view field :
       {"resources", "volumeAttributesClassName", "volumeName", "storageClassName"}) {
    if (field == "volumeName" && !text_at(*before, field).empty()) continue;      // bound once
    if (field == "storageClassName" && before->find(field) != nullptr) continue;  // the default one, once
    if (const Item* value = before->find(field)) copy.root().member(field).copy(*value);
    else copy.root().remove(field);
  }
  if (!same(copy.root(), *before)) {
    errors.forbidden(FieldPath("spec"),
                     "spec is immutable after creation except resources.requests and "
                     "volumeAttributesClassName for bound claims");
  }
  const auto had = schema::Quantity::parse(text_at(*old, "spec.resources.requests.storage"));
  if (had && wanted < *had) {
    errors.forbidden(in_spec("resources") / "requests" / "storage",
                     "field can not be less than previous value");
  }
}

void volume(Errors& errors, const Item& object, const Item* old) {
  if (size_at(object, "spec.accessModes") == 0) errors.required(in_spec("accessModes"));
  const Item* capacity = find_at(object, "spec.capacity");
  if (capacity == nullptr || capacity->size() == 0) errors.required(in_spec("capacity"));
  for (const Item& amount : children(capacity)) {
    if (amount.key() == "storage") continue;
    constexpr std::string_view supported[] = {"storage"};
    errors.not_supported(in_spec("capacity"), amount.key(), supported);
  }
  constexpr std::string_view others[] = {
      "capacity",     "accessModes", "claimRef",     "persistentVolumeReclaimPolicy", "storageClassName",
      "mountOptions", "volumeMode",  "nodeAffinity", "volumeAttributesClassName"};
  std::size_t sources = 0;
  for (const Item& member : children(object.find("spec"))) {
    if (std::ranges::contains(others, member.key())) continue;
    if (++sources > 1) errors.forbidden(in_spec(member.key()), "may not specify more than 1 volume type");
    const Item* before = old ? old->find("spec", member.key()) : nullptr;
    if (old != nullptr && !same_or_absent(&member, before)) {
      errors.forbidden(in_spec("persistentvolumesource"),
                       "spec.persistentvolumesource is immutable after creation");
    }
  }
  if (sources == 0) errors.required(FieldPath("spec"), "must specify a volume type");
  if (text_at(object, "spec.hostPath.path") == "/" &&
      text_at(object, "spec.persistentVolumeReclaimPolicy") == "Recycle") {
    errors.forbidden(in_spec("persistentVolumeReclaimPolicy"),
                     "may not be 'recycle' for a hostPath mount of '/'");
  }
}

void storage_class(Errors& errors, const Item& object, const Item* old) {
  if (text_at(object, "provisioner").empty()) errors.required(FieldPath("provisioner"));
  if (old == nullptr) return;
  if (!same_or_absent(object.find("parameters"), old->find("parameters"))) {
    errors.forbidden(FieldPath("parameters"), "updates to parameters are forbidden.");
  }
  if (text_at(object, "provisioner") != text_at(*old, "provisioner")) {
    errors.forbidden(FieldPath("provisioner"), "updates to provisioner are forbidden.");
  }
  if (text_at(object, "reclaimPolicy") != text_at(*old, "reclaimPolicy")) {
    errors.forbidden(FieldPath("reclaimPolicy"), "updates to reclaimPolicy are forbidden.");
  }
  check_immutable(errors, FieldPath("volumeBindingMode"), object.find("volumeBindingMode"),
                  old->find("volumeBindingMode"));
}

void priority_class(Errors& errors, const Item& object, const Item* old) {
  constexpr std::int64_t user_max = 1'000'000'000;
  const std::string_view name = text_at(object, "metadata.name");
  const std::int64_t value = number_at(object, "value");
  const bool ours = name == "system-node-critical" || name == "system-cluster-critical";
  if (name.starts_with("system-") && !ours) {
    errors.forbidden(FieldPath("metadata.name"),
                     "priority class names with 'system-' prefix are reserved for system use only");
  } else if (value > user_max && !ours) {
    errors.forbidden(FieldPath("value"),
                     text("maximum allowed value of a user defined priority is {}", user_max));
  }
  if (old == nullptr) return;
  if (value != number_at(*old, "value")) {
    errors.forbidden(FieldPath("value"), "may not be changed in an update.");
  }
  check_immutable(errors, FieldPath("preemptionPolicy"), object.find("preemptionPolicy"),
                  old->find("preemptionPolicy"));
}

namespace {

void check_policy_rule(Errors& errors, const FieldPath& path, const Item& rule, bool namespaced) {
  if (size_at(rule, "verbs") == 0) errors.required(path / "verbs", "verbs must contain at least one value");
  if (size_at(rule, "nonResourceURLs") > 0) {
    if (namespaced) {
      errors.invalid(path / "nonResourceURLs", rule.find("nonResourceURLs"),
                     "namespaced rules cannot apply to non-resource URLs");
    }
    if (size_at(rule, "apiGroups") + size_at(rule, "resources") + size_at(rule, "resourceNames") > 0) {
      errors.invalid(path / "nonResourceURLs", rule.find("nonResourceURLs"),
                     "rules cannot apply to both regular resources and non-resource URLs");
    }
    return;
  }
  if (size_at(rule, "apiGroups") == 0) {
    errors.required(path / "apiGroups", "resource rules must supply at least one api group");
  }
  if (size_at(rule, "resources") == 0) {
    errors.required(path / "resources", "resource rules must supply at least one resource");
  }
}

void check_policy_rules(Errors& errors, const Item& object, bool namespaced) {
  std::size_t index = 0;
  for (const Item& rule : children_at(object, "rules")) {
    check_policy_rule(errors, FieldPath("rules")[index++], rule, namespaced);
  }
}

void check_subject(Errors& errors, const FieldPath& path, const Item& subject, bool namespaced) {
  const std::string_view kind = text_at(subject, "kind"), name = text_at(subject, "name");
  const std::string_view group = text_at(subject, "apiGroup");
  if (name.empty()) errors.required(path / "name");
  if (kind == "ServiceAccount") {
    if (!name.empty()) errors.invalid_each(path / "name", name, check_dns_subdomain(name));
    constexpr std::string_view supported[] = {""};
    if (!group.empty()) errors.not_supported(path / "apiGroup", group, supported);
    if (!namespaced && text_at(subject, "namespace").empty()) errors.required(path / "namespace");
  } else if (kind == "User" || kind == "Group") {
    constexpr std::string_view supported[] = {"rbac.authorization.k8s.io"};
    if (group != supported[0]) errors.not_supported(path / "apiGroup", group, supported);
  } else {
    constexpr std::string_view supported[] = {"ServiceAccount", "User", "Group"};
    errors.not_supported(path / "kind", kind, supported);
  }
}

}  // namespace

void role(Errors& errors, const Item& object, const Item*) { check_policy_rules(errors, object, true); }

void cluster_role(Errors& errors, const Item& object, const Item*) {
  check_policy_rules(errors, object, false);
  const Item* aggregation = object.find("aggregationRule");
  if (aggregation && size_at(*aggregation, "clusterRoleSelectors") == 0) {
    errors.required(FieldPath("aggregationRule.clusterRoleSelectors"),
                    "at least one clusterRoleSelector required if aggregationRule is non-nil");
  }
}

// Of a namespace when it has one.
void role_binding(Errors& errors, const Item& object, const Item* old) {
  const bool namespaced = !text_at(object, "metadata.namespace").empty();
  const FieldPath path("roleRef");
  constexpr std::string_view groups[] = {"rbac.authorization.k8s.io"}, kinds[] = {"Role", "ClusterRole"};
  const std::string_view group = text_at(object, "roleRef.apiGroup"), kind = text_at(object, "roleRef.kind");
  if (group != groups[0]) errors.not_supported(path / "apiGroup", group, groups);
  const std::span<const std::string_view> supported =
      namespaced ? std::span(kinds) : std::span(kinds).subspan(1);
  if (!std::ranges::contains(supported, kind)) errors.not_supported(path / "kind", kind, supported);
  const std::string_view name = text_at(object, "roleRef.name");
  if (name.empty()) errors.required(path / "name");
  else errors.invalid_each(path / "name", name, check_path_segment(name));
  std::size_t index = 0;
  for (const Item& subject : children_at(object, "subjects")) {
    check_subject(errors, FieldPath("subjects")[index++], subject, namespaced);
  }
  if (old != nullptr) {
    check_immutable(errors, path, object.find("roleRef"), old->find("roleRef"), "cannot change roleRef");
  }
}

void lease(Errors& errors, const Item& object, const Item*) {
  const Item* duration = find_at(object, "spec.leaseDurationSeconds");
  if (duration && duration->as_int64().value_or(0) <= 0) {
    errors.invalid(in_spec("leaseDurationSeconds"), duration->as_int64().value_or(0),
                   "must be greater than 0");
  }
  check_at_least(errors, in_spec("leaseTransitions"), find_at(object, "spec.leaseTransitions"), 0);
}

void runtime_class(Errors& errors, const Item& object, const Item* old) {
  const std::string_view handler = text_at(object, "handler");
  if (handler.empty()) errors.required(FieldPath("handler"));
  else errors.invalid_each(FieldPath("handler"), handler, check_dns_label(handler));
  if (old != nullptr)
    check_immutable(errors, FieldPath("handler"), object.find("handler"), old->find("handler"));
}

void node(Errors& errors, const Item& object, const Item* old) {
  std::vector<std::string> seen;
  std::size_t index = 0;
  for (const Item& taint : children_at(object, "spec.taints")) {
    const FieldPath path = in_spec("taints")[index++];
    const std::string_view key = text_at(taint, "key"), value = text_at(taint, "value");
    errors.invalid_each(path / "key", key, check_qualified_name(key));
    errors.invalid_each(path / "value", value, check_label_value(value));
    if (text_at(taint, "effect").empty()) errors.required(path / "effect");
    std::string both = text("{}:{}", key, text_at(taint, "effect"));
    if (std::ranges::contains(seen, both)) errors.duplicate(path, taint);
    seen.push_back(std::move(both));
  }
  if (old == nullptr) return;
  for (const std::string_view field : {"podCIDRs", "providerID"}) {
    const Item* before = old->find("spec", field);
    if (before == nullptr || same_or_absent(object.find("spec", field), before)) continue;
    errors.forbidden(in_spec(field),
                     "node updates may not change " + std::string(field) + " except from \"\" to valid");
  }
}

}  // namespace podo::kube::rules
