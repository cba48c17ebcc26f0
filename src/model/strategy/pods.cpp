// Pods: what a new one begins with, and the subresources that may change a part of one.
#include "model/strategy/parts.h"
#include "model/strategy/pod_resources.h"

namespace podo::strategy {
namespace {

using kube::children_at;
using kube::text_at;

void add_gate_condition(Item& pod, Wall now) {
  if (kube::size_at(pod, "spec.schedulingGates") == 0) return;
  Item& condition = pod.member("status").member("conditions").append();
  condition.add("type").set_string("PodScheduled");
  condition.add("status").set_string("False");
  condition.add("lastTransitionTime").set_string(instant_text(now));
  condition.add("reason").set_string("SchedulingGated");
  condition.add("message").set_string("Scheduling is blocked due to non-empty scheduling gates");
}

// A selector that follows the pod's own labels says so with their values from now on.
void merge_label_keys(Item& term, const Item* labels, std::string_view keys, std::string_view op) {
  Item* selector = term.find("labelSelector");
  if (selector == nullptr || labels == nullptr) return;
  for (const Item& key : kube::children(term.find(keys))) {
    const Item* value = labels->find(key.string_or(""));
    if (value == nullptr) continue;
    json::Tree expression;
    expression.root().member("key").set_string(key.string_or(""));
    expression.root().add("operator").set_string(op);
    expression.root().add("values").append().copy(*value);
    bool there = false;
    for (const Item& one : children_at(*selector, "matchExpressions"))
      there = there || json::same(one, expression.root());
    if (!there) selector->member("matchExpressions").append().copy(expression.root());
  }
}

void merge_affinity(Item& affinity, const Item* labels) {
  if (Item* required = affinity.find("requiredDuringSchedulingIgnoredDuringExecution")) {
    for (Item* term = required->first(); term != nullptr; term = term->next()) {
      merge_label_keys(*term, labels, "matchLabelKeys", "In");
      merge_label_keys(*term, labels, "mismatchLabelKeys", "NotIn");
    }
  }
  Item* preferred = affinity.find("preferredDuringSchedulingIgnoredDuringExecution");
  for (Item* item = preferred ? preferred->first() : nullptr; item != nullptr; item = item->next()) {
    Item* term = item->find("podAffinityTerm");
    if (term == nullptr) continue;
    merge_label_keys(*term, labels, "matchLabelKeys", "In");
    merge_label_keys(*term, labels, "mismatchLabelKeys", "NotIn");
  }
}

void merge_selectors(Item& pod) {
  const Item* labels = kube::find_at(pod, "metadata.labels");
  for (const std::string_view kind : {"podAffinity", "podAntiAffinity"}) {
    if (Item* affinity = pod.find("spec", "affinity", kind)) merge_affinity(*affinity, labels);
  }
  Item* spread = pod.find("spec", "topologySpreadConstraints");
  for (Item* one = spread ? spread->first() : nullptr; one != nullptr; one = one->next())
    merge_label_keys(*one, labels, "matchLabelKeys", "In");
}

// All of `old`, but for what says who wrote it and upon which version.
void become_old(Item& pod, const Item& old) {
  json::Tree asked = json::Tree::copy_of(pod);
  const Item* metadata = asked.root().find("metadata");
  pod.copy(old);
  if (metadata == nullptr) return;
  take_over(pod.member("metadata"), *metadata, "managedFields");
  if (const Item* version = metadata->find("resourceVersion"))
    pod.member("metadata").member("resourceVersion").copy(*version);
}

const Item* container_named(const Item& spec, std::string_view list, std::string_view name) {
  for (const Item& container : children_at(spec, list)) {
    if (text_at(container, "name") == name) return &container;
  }
  return nullptr;
}

}  // namespace

void create_pod(Item& pod, Wall now) {
  Item& status = pod.member("status");
  status.set_object();
  status.add("phase").set_string("Pending");
  status.add("qosClass").set_string(qos_class(kube::part_at(pod, "spec")));
  add_gate_condition(pod, now);
  merge_selectors(pod);
}

// Old nodes do not know all fields of an owner reference and would cut them off.
void update_pod_status(Item& pod, const Item& old) {
  const Item* metadata = old.find("metadata");
  if (metadata != nullptr) take_over(pod.member("metadata"), *metadata, "ownerReferences");
  const Item* before = old.find("status", "qosClass");
  if (before != nullptr && text_at(pod, "status.qosClass").empty())
    pod.member("status").member("qosClass").copy(*before);
}

void keep_all_but_ephemeral_containers(Item& pod, const Item& old) {
  json::Tree asked = json::Tree::copy_of(pod);
  become_old(pod, old);
  take_over(pod.member("spec"), kube::part_at(asked.root(), "spec"), "ephemeralContainers");
}

void keep_all_but_resources(Item& pod, const Item& old) {
  json::Tree asked = json::Tree::copy_of(pod);
  const Item& wanted = kube::part_at(asked.root(), "spec");
  become_old(pod, old);
  Item& spec = pod.member("spec");
  for (const std::string_view list : {"containers", "initContainers"}) {
    Item* containers = spec.find(list);
    for (Item* one = containers ? containers->first() : nullptr; one != nullptr; one = one->next()) {
      const Item* now = container_named(wanted, list, text_at(*one, "name"));
      if (now == nullptr) continue;
      take_over(*one, *now, "resources");
      take_over(*one, *now, "resizePolicy");
    }
  }
}

}  // namespace podo::strategy
