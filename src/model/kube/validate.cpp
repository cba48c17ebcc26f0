#include "model/kube/validate.h"

#include <algorithm>

#include "model/kube/validate_rules.h"

namespace podo::kube {
namespace {

struct KindRule {
  std::string_view type;
  rules::Rule rule;
};

constexpr KindRule kind_rules[] = {
    {"apps.v1.ControllerRevision", rules::controller_revision},
    {"apps.v1.DaemonSet", rules::daemon_set},
    {"apps.v1.Deployment", rules::deployment},
    {"apps.v1.ReplicaSet", rules::replica_set},
    {"apps.v1.StatefulSet", rules::stateful_set},
    {"autoscaling.v2.HorizontalPodAutoscaler", rules::autoscaler},
    {"batch.v1.CronJob", rules::cron_job},
    {"batch.v1.Job", rules::job},
    {"coordination.v1.Lease", rules::lease},
    {"core.v1.ConfigMap", rules::config_map},
    {"core.v1.Node", rules::node},
    {"core.v1.PersistentVolume", rules::volume},
    {"core.v1.PersistentVolumeClaim", rules::volume_claim},
    {"core.v1.Pod", rules::pod},
    {"core.v1.ReplicationController", rules::replication_controller},
    {"core.v1.Secret", rules::secret},
    {"core.v1.Service", rules::service},
    {"networking.v1.Ingress", rules::ingress},
    {"networking.v1.NetworkPolicy", rules::network_policy},
    {"node.v1.RuntimeClass", rules::runtime_class},
    {"policy.v1.PodDisruptionBudget", rules::disruption_budget},
    {"rbac.v1.ClusterRole", rules::cluster_role},
    {"rbac.v1.ClusterRoleBinding", rules::role_binding},
    {"rbac.v1.Role", rules::role},
    {"rbac.v1.RoleBinding", rules::role_binding},
    {"scheduling.v1.PriorityClass", rules::priority_class},
    {"storage.v1.StorageClass", rules::storage_class},
};
static_assert(std::ranges::is_sorted(kind_rules, {}, &KindRule::type));

// Published enumerations are closed: a value is one of them.
class EnumWalk {
 public:
  explicit EnumWalk(Errors& errors) : errors_(errors) {}

  void object(const json::Item& object, const schema::Struct& type, const FieldPath& path) {
    if (type.custom_json) return;
    for (const json::Item& item : children(&object)) {
      const schema::Field* field = type.find(item.key());
      if (field == nullptr) continue;
      if (field->values ? field->values->published : leads_to_object(field->type)) {
        value(item, field->type, *field, path / item.key());
      }
    }
  }

 private:
  static bool leads_to_object(const schema::Type& type) {
    const schema::Type* at = &type;
    while (at->item != nullptr) at = at->item;
    return at->kind == schema::Kind::object;
  }

  void value(const json::Item& item, const schema::Type& type, const schema::Field& field,
             const FieldPath& path) {
    if (type.kind == schema::Kind::object) return object(item, *type.object, path);
    if (type.kind == schema::Kind::string) {
      const std::string_view text = item.string_or("");
      if (!std::ranges::contains(field.values->values, text))
        errors_.not_supported(path, text, field.values->values);
      return;
    }
    std::size_t index = 0;
    for (const json::Item& child : children(&item)) {
      value(child, *type.item, field, type.kind == schema::Kind::map ? path.key(child.key()) : path[index++]);
    }
  }

  Errors& errors_;
};

void check(Errors& errors, const json::Item& object, const json::Item* old, const schema::Resource& resource,
           std::string_view subresource) {
  rules::check_metadata(errors, object, resource);
  if (old != nullptr) rules::check_metadata_update(errors, object, *old);
  for (const json::Item& item : children(&object)) {
    const schema::Field* field = resource.type->find(item.key());
    const bool walked = field != nullptr && item.key() != "metadata" && item.key() != "status";
    if (walked && field->type.kind == schema::Kind::object) {
      EnumWalk(errors).object(item, *field->type.object, FieldPath(item.key()));
    }
  }
  if (old != nullptr && resource.type->name == "core.v1.Pod")
    return rules::pod_update(errors, object, *old, subresource);
  const auto found = std::ranges::lower_bound(kind_rules, resource.type->name, {}, &KindRule::type);
  if (found != std::end(kind_rules) && found->type == resource.type->name) found->rule(errors, object, old);
}

}  // namespace

Errors validate(const json::Item& object, const schema::Resource& resource) {
  Errors errors;
  check(errors, object, nullptr, resource, "");
  return errors;
}

Errors validate_update(const json::Item& object, const json::Item& old, const schema::Resource& resource,
                       std::string_view subresource) {
  Errors errors;
  check(errors, object, &old, resource, subresource);
  return errors;
}

}  // namespace podo::kube
