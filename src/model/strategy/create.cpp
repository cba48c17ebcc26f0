#include <algorithm>

#include "base/format/base64.h"
#include "model/strategy/parts.h"
#include "model/strategy/strategy.h"

namespace podo::strategy {
namespace {

using kube::text_at;

void reset_status(Item& object, std::string_view phase) {
  Item& status = object.member("status");
  status.set_object();
  status.add("phase").set_string(phase);
}

void create_namespace(Item& object, Wall) {
  reset_status(object, "Active");
  Item& finalizers = object.member("spec").member("finalizers");
  bool there = false;
  for (const Item& item : kube::children(&finalizers)) there = there || item.string_or("") == "kubernetes";
  if (!there) finalizers.append().set_string("kubernetes");
}

void create_volume(Item& object, Wall now) {
  reset_status(object, "Pending");
  object.member("status").add("lastPhaseTransitionTime").set_string(instant_text(now));
}

// dataSource is the old name of what dataSourceRef says; each gets what the other one has.
void create_volume_claim(Item& object, Wall) {
  reset_status(object, "Pending");
  Item& spec = object.member("spec");
  const Item* source = spec.find("dataSource");
  const Item* reference = spec.find("dataSourceRef");
  if (source != nullptr && reference == nullptr) spec.member("dataSourceRef").copy(*source);
  if (source == nullptr && reference != nullptr && text_at(*reference, "namespace").empty())
    spec.member("dataSource").copy(*reference);
}

void set_if_absent(Item& map, std::string_view key, std::string_view value) {
  if (map.find(key) == nullptr) map.add(key).set_string(value);
}

// A Job's pods are told from others by its uid, unless the user has chosen a selector.
void create_job(Item& object, Wall) {
  if (kube::is_true_at(object, "spec.manualSelector")) return;
  const std::string uid(text_at(object, "metadata.uid")), name(text_at(object, "metadata.name"));
  if (uid.empty()) return;
  Item& spec = object.member("spec");
  Item& labels = spec.member("template").member("metadata").member("labels");
  set_if_absent(labels, "batch.kubernetes.io/job-name", name);
  set_if_absent(labels, "job-name", name);
  set_if_absent(labels, "controller-uid", uid);
  set_if_absent(labels, "batch.kubernetes.io/controller-uid", uid);
  set_if_absent(spec.member("selector").member("matchLabels"), "batch.kubernetes.io/controller-uid", uid);
}

// apps/v1 has no templateGeneration: it lives on in an annotation.
void create_daemon_set(Item& object, Wall) {
  Item& annotations = object.member("metadata").member("annotations");
  if (text_at(annotations, "deprecated.daemonset.template.generation").empty())
    annotations.member("deprecated.daemonset.template.generation").set_string("1");
}

void create_service_account(Item& object, Wall) {
  Item* secrets = object.find("secrets");
  for (Item* one = secrets ? secrets->first() : nullptr; one != nullptr; one = one->next())
    one->keep_if([](const Item& member) { return member.key() == "name"; });
}

// What no other server answers for is served here, and so it is available.
void create_api_service(Item& object, Wall now) {
  if (object.find("spec", "service") != nullptr) return;
  Item& condition = object.member("status").member("conditions").append();
  condition.add("type").set_string("Available");
  condition.add("status").set_string("True");
  condition.add("lastTransitionTime").set_string(instant_text(now));
  condition.add("reason").set_string("Local");
  condition.add("message").set_string("Local APIServices are always available");
}

// Its defaults: the versions that objects have been stored in.
void create_definition(Item& object, Wall) {
  for (const Item& version : kube::children_at(object, "spec.versions")) {
    if (kube::is_true_at(version, "storage"))
      object.member("status").member("storedVersions").append().set_string(text_at(version, "name"));
  }
}

void make_secret(Item& object, Wall) { merge_string_data(object); }
void make_service(Item& object, Wall) { create_service(object); }

struct CreateRule {
  std::string_view type;
  void (*prepare)(Item& object, Wall now);
};

constexpr CreateRule create_rules[] = {
    {"apiextensions.v1.CustomResourceDefinition", create_definition},
    {"apiregistration.v1.APIService", create_api_service},
    {"apps.v1.DaemonSet", create_daemon_set},
    {"batch.v1.Job", create_job},
    {"core.v1.Namespace", create_namespace},
    {"core.v1.PersistentVolume", create_volume},
    {"core.v1.PersistentVolumeClaim", create_volume_claim},
    {"core.v1.Pod", create_pod},
    {"core.v1.Secret", make_secret},
    {"core.v1.Service", make_service},
    {"core.v1.ServiceAccount", create_service_account},
};
static_assert(std::ranges::is_sorted(create_rules, {}, &CreateRule::type));

}  // namespace

// stringData is for writers: text that becomes data. It wins over data of the same key.
void merge_string_data(Item& secret) {
  const Item* text = secret.find("stringData");
  if (text == nullptr) return;
  Item& data = secret.member("data");
  for (const Item& item : kube::children(text))
    data.member(item.key()).set_string(base64::encode(item.string_or("")));
  secret.remove("stringData");
}

void prepare_create(json::Item& object, const schema::Resource& resource, Wall now) {
  Item& metadata = object.member("metadata");
  metadata.remove("deletionTimestamp");
  metadata.remove("deletionGracePeriodSeconds");
  const std::string_view type = resource.type->name;
  // Nodes register themselves with what they know about themselves.
  if (resource.find("status") != nullptr && type != "core.v1.Node") object.remove("status");
  begin_generation(object, type);
  const auto found = std::ranges::lower_bound(create_rules, type, {}, &CreateRule::type);
  if (found != std::end(create_rules) && found->type == type) found->prepare(object, now);
}

}  // namespace podo::strategy
