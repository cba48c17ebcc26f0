#include <algorithm>

#include "cluster/pod/status_parts.h"
#include "model/kube/path.h"

namespace podo::pod {
namespace {

using kube::text_at;

// What this machine alone says; members that are absent from a new status go.
constexpr std::string_view own_members[] = {"observedGeneration",
                                            "phase",
                                            "message",
                                            "reason",
                                            "hostIP",
                                            "hostIPs",
                                            "podIP",
                                            "podIPs",
                                            "startTime",
                                            "initContainerStatuses",
                                            "containerStatuses",
                                            "ephemeralContainerStatuses",
                                            "qosClass"};

bool is_empty(const json::Item* item) {
  return item == nullptr || item->is(json::Kind::null) ||
         ((item->is(json::Kind::array) || item->is(json::Kind::object)) && item->size() == 0);
}

bool same_value(const json::Item* a, const json::Item* b) {
  if (is_empty(a) || is_empty(b)) return is_empty(a) && is_empty(b);
  if (a->kind() != b->kind()) return false;
  if (a->is(json::Kind::object)) {
    for (const json::Item& member : kube::children(a))
      if (!same_value(&member, b->find(member.key()))) return false;
    for (const json::Item& member : kube::children(b))
      if (a->find(member.key()) == nullptr && !is_empty(&member)) return false;
    return true;
  }
  if (!a->is(json::Kind::array)) return json::same(*a, *b);
  const json::Item *x = a->first(), *y = b->first();
  for (; x != nullptr && y != nullptr; x = x->next(), y = y->next())
    if (!same_value(x, y)) return false;
  return x == nullptr && y == nullptr;
}

// An unset string and "" are the same in an object of the API.
bool same_member(const json::Item& before, const json::Item& now, std::string_view key) {
  const json::Item *a = before.find(key), *b = now.find(key);
  return same_value(a, b);
}

const json::Item* condition_of(const json::Item& status, std::string_view type) {
  for (const json::Item& condition : kube::children_at(status, "conditions"))
    if (text_at(condition, "type") == type) return &condition;
  return nullptr;
}

void copy_new_conditions(json::Item& patch, const json::Item& before, const json::Item& now) {
  for (const json::Item& condition : kube::children_at(now, "conditions")) {
    if (!is_own_condition(text_at(condition, "type"))) continue;
    const json::Item* old = condition_of(before, text_at(condition, "type"));
    if (old != nullptr && same_value(old, &condition)) continue;
    json::Item& told = patch.member("conditions").append();
    told.copy(condition);
    for (const std::string_view key : {"reason", "message"})
      if (old != nullptr && old->find(key) != nullptr && condition.find(key) == nullptr)
        told.member(key).set_null();
  }
}

}  // namespace

std::optional<std::string> status_patch(const json::Item& pod, const json::Item& status) {
  const json::Item& before = kube::part_at(pod, "status");
  json::Tree tree;
  json::Item& patch = tree.root().member("status");
  patch.set_object();
  for (const std::string_view key : own_members) {
    if (same_member(before, status, key)) continue;
    json::Item& told = patch.member(key);
    const json::Item* now = status.find(key);
    if (now == nullptr) continue;  // null: it goes
    const bool merged = key == "hostIPs" || key == "podIPs";
    if (!merged || is_empty(before.find(key))) {
      told.copy(*now);
      continue;
    }
    told.append().member("$patch").set_string("replace");
    for (const json::Item& item : kube::children(now)) told.append().copy(item);
  }
  copy_new_conditions(patch, before, status);
  if (patch.size() == 0) return {};
  tree.root().member("metadata").member("uid").set_string(text_at(pod, "metadata.uid"));
  return tree.to_text();
}

}  // namespace podo::pod
