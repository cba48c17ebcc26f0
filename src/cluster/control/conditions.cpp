#include "cluster/control/conditions.h"

#include "model/kube/path.h"

namespace podo::controllers {

const json::Item* find_condition(const json::Item& status, std::string_view type) {
  for (const json::Item& condition : kube::children_at(status, "conditions"))
    if (kube::text_at(condition, "type") == type) return &condition;
  return nullptr;
}

bool condition_holds(const json::Item& status, std::string_view type) {
  const json::Item* found = find_condition(status, type);
  return found != nullptr && kube::text_at(*found, "status") == "True";
}

std::string_view reason_of(const json::Item& status, std::string_view type) {
  const json::Item* found = find_condition(status, type);
  return found != nullptr ? kube::text_at(*found, "reason") : std::string_view();
}

void set_condition(json::Item& status, const Condition& condition, Seconds now, Times times) {
  const json::Item* before = find_condition(status, condition.type);
  std::string since = time_text(now);
  if (before != nullptr && kube::text_at(*before, "status") == condition.status) {
    if (kube::text_at(*before, "reason") == condition.reason &&
        (times == Times::update || kube::text_at(*before, "message") == condition.message))
      return;
    since = kube::text_at(*before, "lastTransitionTime");
  }
  json::Tree tree;
  json::Item& made = tree.root();
  made.member("type").set_string(condition.type);
  made.member("status").set_string(condition.status);
  if (times == Times::update) made.member("lastUpdateTime").set_string(time_text(now));
  if (times == Times::probe) made.member("lastProbeTime").set_string(time_text(now));
  made.member("lastTransitionTime").set_string(since);
  if (!condition.reason.empty()) made.member("reason").set_string(condition.reason);
  if (!condition.message.empty()) made.member("message").set_string(condition.message);
  remove_condition(status, condition.type);
  status.member("conditions").append().copy(made);
}

void remove_condition(json::Item& status, std::string_view type) {
  json::Item* conditions = status.find("conditions");
  if (conditions == nullptr) return;
  conditions->keep_if([&](const json::Item& each) { return kube::text_at(each, "type") != type; });
  if (conditions->size() == 0) status.remove("conditions");
}

}  // namespace podo::controllers
