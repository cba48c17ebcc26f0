#include <algorithm>

#include "model/strategy/parts.h"

namespace podo::strategy {
namespace {

struct Counted {
  std::string_view type;
  std::string_view parts[3];  // paths; none: it stays 1
  bool from_the_beginning = true;
};

// By type, for a search by halves. Kinds that are not here have no generation of their own.
constexpr Counted counted[] = {
    {"admissionregistration.v1.MutatingAdmissionPolicy", {"spec"}},
    {"admissionregistration.v1.MutatingAdmissionPolicyBinding", {"spec"}},
    {"admissionregistration.v1.MutatingWebhookConfiguration", {"webhooks"}},
    {"admissionregistration.v1.ValidatingAdmissionPolicy", {"spec"}},
    {"admissionregistration.v1.ValidatingAdmissionPolicyBinding", {"spec"}},
    {"admissionregistration.v1.ValidatingWebhookConfiguration", {"webhooks"}},
    {"apiextensions.v1.CustomResourceDefinition", {"spec"}},
    {"apps.v1.DaemonSet", {"spec"}},
    {"apps.v1.Deployment", {"spec", "metadata.annotations"}},
    {"apps.v1.ReplicaSet", {"spec"}},
    {"apps.v1.StatefulSet", {"spec"}},
    {"batch.v1.CronJob", {"spec"}},
    {"batch.v1.Job", {"spec"}},
    {"core.v1.Pod", {"spec"}},
    {"core.v1.PodTemplate", {"template"}},
    {"core.v1.ReplicationController", {"spec"}},
    {"discovery.v1.EndpointSlice", {"endpoints", "ports", "metadata.labels"}},
    {"flowcontrol.v1.FlowSchema", {"spec"}},
    {"flowcontrol.v1.PriorityLevelConfiguration", {"spec"}},
    {"networking.v1.Ingress", {"spec"}},
    {"networking.v1.IngressClass", {"spec"}},
    {"networking.v1.NetworkPolicy", {"spec"}},
    {"policy.v1.PodDisruptionBudget", {"spec"}},
    {"resource.v1.DeviceClass", {"spec"}},
    {"resource.v1.ResourceSlice", {"spec"}},
    {"scheduling.v1.PriorityClass", {}},
    {"storage.v1.CSIDriver",
     {"spec.tokenRequests", "spec.requiresRepublish", "spec.seLinuxMount"},
     /*from_the_beginning=*/false},
};
static_assert(std::ranges::is_sorted(counted, {}, &Counted::type));

const Counted* find_counted(std::string_view type) {
  const Counted* found = std::ranges::lower_bound(counted, type, {}, &Counted::type);
  return found != std::end(counted) && found->type == type ? found : nullptr;
}

}  // namespace

void begin_generation(Item& object, std::string_view type) {
  const Counted* found = find_counted(type);
  if (found != nullptr && found->from_the_beginning)
    object.member("metadata").member("generation").set_number(1);
}

void count_generation(Item& object, const Item& old, std::string_view type) {
  const Counted* found = find_counted(type);
  if (found == nullptr) return;
  const bool changed = std::ranges::any_of(found->parts, [&](std::string_view part) {
    return !part.empty() && !same_part(kube::find_at(object, part), kube::find_at(old, part));
  });
  const std::int64_t before = kube::number_at(old, "metadata.generation");
  if (changed) object.member("metadata").member("generation").set_number(before + 1);
}

}  // namespace podo::strategy
