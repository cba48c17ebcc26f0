#include <algorithm>

#include "model/strategy/parts.h"
#include "model/strategy/strategy.h"

namespace podo::strategy {
namespace {

constexpr std::int64_t grace_max_s = 10LL * 365 * 24 * 3600;  // times stay times

constexpr std::string_view created_by_put[] = {
    "coordination.v1.Lease", "core.v1.Endpoints",   "core.v1.Event",       "core.v1.LimitRange",
    "core.v1.Service",       "events.v1.Event",     "rbac.v1.ClusterRole", "rbac.v1.ClusterRoleBinding",
    "rbac.v1.Role",          "rbac.v1.RoleBinding",
};

// These want to hear which version a change is made to.
constexpr std::string_view asks_for_version[] = {
    "admissionregistration.v1.MutatingAdmissionPolicy",
    "admissionregistration.v1.MutatingAdmissionPolicyBinding",
    "admissionregistration.v1.MutatingWebhookConfiguration",
    "admissionregistration.v1.ValidatingAdmissionPolicy",
    "admissionregistration.v1.ValidatingAdmissionPolicyBinding",
    "admissionregistration.v1.ValidatingWebhookConfiguration",
    "apiextensions.v1.CustomResourceDefinition",
    "apiregistration.v1.APIService",
    "coordination.v1.Lease",
    "flowcontrol.v1.FlowSchema",
    "flowcontrol.v1.PriorityLevelConfiguration",
    "node.v1.RuntimeClass",
    "policy.v1.PodDisruptionBudget",
    "storage.v1.CSIDriver",
    "storage.v1.CSINode",
    "storage.v1.CSIStorageCapacity",
    "storage.v1.VolumeAttachment",
};

}  // namespace

bool creates_on_update(const schema::Resource& resource) {
  return std::ranges::contains(created_by_put, resource.type->name);
}

bool updates_unconditionally(const schema::Resource& resource) {
  return !std::ranges::contains(asks_for_version, resource.type->name);
}

std::int64_t grace_of(const json::Item& object, const schema::Resource& resource,
                      std::optional<std::int64_t> asked) {
  if (resource.type->name != "core.v1.Pod") return -1;
  const std::int64_t grace = asked.value_or(kube::number_at(object, "spec.terminationGracePeriodSeconds"));
  const std::string_view phase = kube::text_at(object, "status.phase");
  const bool runs =
      !kube::text_at(object, "spec.nodeName").empty() && phase != "Failed" && phase != "Succeeded";
  if (!runs) return 0;
  return grace < 0 ? 1 : std::min(grace, grace_max_s);
}

}  // namespace podo::strategy
