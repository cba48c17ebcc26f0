#include "model/kube/defaults.h"

#include <algorithm>

#include "model/kube/default_rules.h"
#include "model/schema/convert.h"
#include "model/schema/quantity.h"

namespace podo::kube {
namespace {

using schema::Field;
using schema::Kind;

struct TypeRule {
  std::string_view type;
  rules::Rule rule;
};

// By name, for a search by halves.
constexpr TypeRule type_rules[] = {
    {"apiextensions.v1.CustomResourceDefinition", rules::custom_resource_definition},
    {"apps.v1.DaemonSetSpec", rules::daemon_set_spec},
    {"apps.v1.DeploymentSpec", rules::deployment_spec},
    {"apps.v1.StatefulSetSpec", rules::stateful_set_spec},
    {"autoscaling.v1.HorizontalPodAutoscalerSpec", rules::autoscaler_v1_spec},
    {"autoscaling.v2.HorizontalPodAutoscalerSpec", rules::autoscaler_spec},
    {"batch.v1.Job", rules::job},
    {"core.v1.Container", rules::container},
    {"core.v1.EphemeralContainer", rules::container},
    {"core.v1.ImageVolumeSource", rules::image_volume},
    {"core.v1.LimitRangeItem", rules::limit_range_item},
    {"core.v1.Namespace", rules::namespace_object},
    {"core.v1.NodeStatus", rules::node_status},
    {"core.v1.Pod", rules::pod},
    {"core.v1.PodSpec", rules::pod_spec},
    {"core.v1.ReplicationController", rules::replication_controller},
    {"core.v1.Service", rules::service},
    {"core.v1.Volume", rules::volume},
    {"networking.v1.NetworkPolicySpec", rules::network_policy_spec},
    {"rbac.v1.Subject", rules::subject},
    {"resource.v1.DeviceSubRequest", rules::device_request},
    {"resource.v1.DeviceTaint", rules::device_taint},
    {"resource.v1.ExactDeviceRequest", rules::device_request},
    {"resource.v1.NodeAllocatableResourceMapping", rules::resource_mapping},
};
static_assert(std::ranges::is_sorted(type_rules, {}, &TypeRule::type));

// Amounts of resources are whole thousandths.
void round_up(json::Item& resources) {
  for (json::Item* i = resources.first(); i != nullptr; i = i->next()) {
    const auto quantity = schema::Quantity::parse(i->string_or("0"));
    if (!quantity) continue;
    const std::string rounded = quantity->rounded_up_to_milli().text();
    if (rounded != i->string_or("")) i->set_string(rounded);
  }
}

class Walk {
 public:
  explicit Walk(Wall now) : now_(now) {}

  void object(json::Item& item, const schema::Struct& type) {
    if (!item.is(json::Kind::object) || type.custom_json) return;
    const auto found = std::ranges::lower_bound(type_rules, type.name, {}, &TypeRule::type);
    if (found != std::end(type_rules) && found->type == type.name) found->rule(item, now_);
    for (json::Item* i = item.first(); i != nullptr; i = i->next()) {
      if (!i->is(json::Kind::object) && !i->is(json::Kind::array)) continue;
      const Field* field = type.find(i->key());
      if (field == nullptr) continue;
      value(*i, field->type);
      if (field->type.kind == Kind::map && field->type.item->kind == Kind::quantity && field->key_values)
        round_up(*i);
    }
  }

 private:
  void value(json::Item& item, const schema::Type& type) {
    if (type.kind == Kind::object) return object(item, *type.object);
    if (type.item == nullptr || (type.item->kind != Kind::object && type.item->item == nullptr)) return;
    for (json::Item* i = item.first(); i != nullptr; i = i->next()) value(*i, *type.item);
  }

  Wall now_;
};

}  // namespace

void apply_defaults(json::Item& object, const schema::Struct& type, Wall now) {
  // An empty spec has rules too.
  const Field* spec = type.root && object.is(json::Kind::object) ? type.find("spec") : nullptr;
  if (spec != nullptr && spec->type.kind == Kind::object && !spec->pointer) {
    json::Item& item = object.member("spec");
    if (item.is(json::Kind::null)) item.set_object();
  }
  Walk(now).object(object, type);
  schema::apply_defaults(object, type);
}

namespace rules {

bool is_unset(const Item& object, std::string_view field) {
  const Item* item = object.find(field);
  if (item == nullptr || item->is(json::Kind::null)) return true;
  if (item->is(json::Kind::number)) return item->as_int64() == 0;
  if (item->is(json::Kind::boolean)) return false;
  return item->is(json::Kind::string) ? item->string().empty()
                                      : item->size() == 0 && item->is(json::Kind::array);
}

void set_if_unset(Item& object, std::string_view field, std::string_view value) {
  if (is_unset(object, field)) object.member(field).set_string(value);
}

// Numbers and booleans here are pointers: an explicit zero is a value.
void set_if_unset(Item& object, std::string_view field, std::int64_t value) {
  Item& item = object.member(field);
  if (item.is(json::Kind::null)) item.set_number(value);
}

void set_flag_if_unset(Item& object, std::string_view field, bool value) {
  Item& item = object.member(field);
  if (item.is(json::Kind::null)) item.set_boolean(value);
}

void take_template_labels(Item& object) {
  const Item* labels = object.find("spec", "template", "metadata", "labels");
  if (labels == nullptr || labels->size() == 0) return;
  Item& own = object.member("metadata").member("labels");
  if (own.size() == 0) own.copy(*labels);
}

}  // namespace rules
}  // namespace podo::kube
