#include <algorithm>
#include <initializer_list>

#include "base/core/text.h"
#include "base/core/timestamp.h"
#include "model/strategy/parts.h"
#include "model/strategy/strategy.h"

namespace podo::strategy {
namespace {

using kube::text_at;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> of) {
  return std::ranges::find(of, text) != of.end();
}

// Kinds whose status writers change no metadata at all.
bool keeps_metadata_from_status(std::string_view type) {
  return is_one_of(type,
                   {"admissionregistration.v1.ValidatingAdmissionPolicy",
                    "apiextensions.v1.CustomResourceDefinition", "apiregistration.v1.APIService",
                    "flowcontrol.v1.FlowSchema", "flowcontrol.v1.PriorityLevelConfiguration",
                    "networking.v1.ServiceCIDR", "resource.v1.ResourceClaim", "storage.v1.VolumeAttachment"});
}

// What a client may leave out, or must not change.
void keep_system_metadata(Item& metadata, const Item& old) {
  for (const std::string_view key :
       {"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    if (metadata.find(key) == nullptr) take_over(metadata, old, key);
  }
  take_over(metadata, old, "generation");
}

void keep_all_but_status(Item& object, const Item& old, std::string_view type) {
  for (const Item& member : kube::children(&old)) {
    if (!is_one_of(member.key(), {"apiVersion", "kind", "metadata", "status"}))
      take_over(object, old, member.key());
  }
  object.keep_if([&](const Item& member) {
    return is_one_of(member.key(), {"apiVersion", "kind", "metadata", "status"}) || old.find(member.key());
  });
  Item& metadata = object.member("metadata");
  const Item& before = kube::part_at(old, "metadata");
  if (keeps_metadata_from_status(type)) {
    for (const std::string_view key : {"labels", "annotations", "finalizers", "ownerReferences"})
      take_over(metadata, before, key);
  } else if (type == "apps.v1.Deployment") {
    take_over(metadata, before, "labels");
  }
}

const Item* condition_like(const Item& request, const Item& wanted) {
  for (const Item& one : kube::children_at(request, "status.conditions")) {
    if (text_at(one, "type") == text_at(wanted, "type") &&
        text_at(one, "status") == text_at(wanted, "status"))
      return &one;
  }
  return nullptr;
}

void date_conditions(Item& request, const Item& old, Wall now) {
  Item* conditions = request.find("status", "conditions");
  for (Item* one = conditions ? conditions->first() : nullptr; one != nullptr; one = one->next()) {
    if (text_at(*one, "lastUpdateTime").empty()) one->member("lastUpdateTime").set_string(instant_text(now));
    if (!text_at(*one, "lastTransitionTime").empty()) continue;
    const Item* before = condition_like(old, *one);
    const std::string_view since = before == nullptr ? "" : text_at(*before, "lastTransitionTime");
    one->member("lastTransitionTime").set_string(since.empty() ? instant_text(now) : std::string(since));
  }
}

// Who may write the status of a certificate request may not approve it, nor the other way round.
void keep_decisions(Item& request, const Item& old) {
  const auto is_decision = [](const Item& condition) {
    return is_one_of(text_at(condition, "type"), {"Approved", "Denied"});
  };
  Item& conditions = request.member("status").member("conditions");
  conditions.keep_if([&](const Item& one) { return !is_decision(one); });
  for (const Item& one : kube::children_at(old, "status.conditions"))
    if (is_decision(one)) conditions.append().copy(one);
}

void update_request(Item& request, const Item& old, std::string_view subresource, Wall now) {
  take_over(request, old, "spec");
  if (subresource == "status") {
    keep_decisions(request, old);
    date_conditions(request, old, now);
  } else if (subresource == "approval") {
    json::Tree asked = json::Tree::copy_of(request);
    take_over(request, old, "status");
    take_over(request.member("status"), kube::part_at(asked.root(), "status"), "conditions");
    date_conditions(request, old, now);
  }
}

void update_volume_status(Item& volume, const Item& old, Wall now) {
  if (text_at(volume, "status.phase") == text_at(old, "status.phase")) return;
  const std::string_view at = text_at(volume, "status.lastPhaseTransitionTime");
  if (at.empty() || at == text_at(old, "status.lastPhaseTransitionTime"))
    volume.member("status").member("lastPhaseTransitionTime").set_string(instant_text(now));
}

void update_daemon_set(Item& object, const Item& old) {
  constexpr std::string_view key = "deprecated.daemonset.template.generation";
  const Item* noted = old.find("metadata", "annotations", key);
  std::int64_t number = 0;
  for (const char digit : noted == nullptr ? std::string_view() : noted->string_or(""))
    number = digit >= '0' && digit <= '9' && number < 1'000'000'000 ? number * 10 + (digit - '0') : number;
  if (!same_part(object.find("spec", "template"), old.find("spec", "template"))) ++number;
  object.member("metadata").member("annotations").member(key).set_string(text("{}", number));
}

void update_claim(Item& claim) {
  Item& spec = claim.member("spec");
  const Item* source = spec.find("dataSource");
  if (source != nullptr && spec.find("dataSourceRef") == nullptr) spec.member("dataSourceRef").copy(*source);
}

void update_whole(Item& object, const Item& old, std::string_view type) {
  if (type == "core.v1.Service") update_service(object, old);
  else if (type == "core.v1.Secret") merge_string_data(object);
  else if (type == "apps.v1.DaemonSet") update_daemon_set(object, old);
  else if (type == "core.v1.PersistentVolumeClaim") update_claim(object);
  else if (type == "core.v1.Namespace")
    take_over(object.member("spec"), kube::part_at(old, "spec"), "finalizers");
}

}  // namespace

bool same_part(const Item* a, const Item* b) {
  const auto is_set = [](const Item* item) {
    const bool container = item != nullptr && (item->is(json::Kind::object) || item->is(json::Kind::array));
    return item != nullptr && !item->is(json::Kind::null) && !(container && item->size() == 0);
  };
  if (!is_set(a) || !is_set(b)) return is_set(a) == is_set(b);
  return json::same(*a, *b);
}

void take_over(Item& object, const Item& old, std::string_view key) {
  const Item* before = old.find(key);
  if (before == nullptr) object.remove(key);
  else object.member(key).copy(*before);
}

std::string instant_text(Wall at) { return rfc3339_nano({at.ns - (at.ns % 1'000'000'000)}); }

void prepare_update(json::Item& object, const json::Item& old, const schema::Resource& resource,
                    std::string_view subresource, Wall now) {
  const std::string_view type = resource.type->name;
  const bool has_status = resource.find("status") != nullptr;
  if (subresource == "ephemeralcontainers") keep_all_but_ephemeral_containers(object, old);
  if (subresource == "resize") keep_all_but_resources(object, old);
  keep_system_metadata(object.member("metadata"), kube::part_at(old, "metadata"));

  if (subresource == "status") {
    keep_all_but_status(object, old, type);
    if (type == "core.v1.Pod") update_pod_status(object, old);
    if (type == "core.v1.PersistentVolume") update_volume_status(object, old, now);
  } else if (subresource != "approval" && has_status) {
    take_over(object, old, "status");
  }
  if (subresource.empty()) update_whole(object, old, type);
  if (type == "certificates.v1.CertificateSigningRequest") update_request(object, old, subresource, now);
  if (subresource != "status") count_generation(object, old, type);
}

void count_deletion(json::Item& object) {
  const std::int64_t before = kube::number_at(object, "metadata.generation");
  if (before > 0) object.member("metadata").member("generation").set_number(before + 1);
}

}  // namespace podo::strategy
