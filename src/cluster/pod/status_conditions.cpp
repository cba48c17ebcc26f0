#include <algorithm>

#include "cluster/pod/status_parts.h"
#include "model/kube/path.h"
#include "model/kube/stamp.h"

namespace podo::pod {
namespace {

using kube::find_at;
using kube::text_at;

struct Condition {
  std::string type;
  bool holds = false;
  std::string reason = {}, message = {};
};

std::string bracketed(const std::vector<std::string_view>& names) {
  std::string out = "[";
  for (const std::string_view name : names) out.append(out.size() > 1 ? " " : "").append(name);
  return out + "]";
}

Condition sandbox_condition(const Telling& telling) {
  const bool terminal = is_terminal(text_at(telling.status, "phase"));
  return {"PodReadyToStartContainers", telling.seen.sandbox && !terminal};
}

Condition initialized_condition(const Telling& telling) {
  Condition condition{"Initialized", true};
  std::vector<std::string_view> incomplete;
  for (const Part& part : telling.parts) {
    if (part.role != Role::init && part.role != Role::sidecar) continue;
    const std::string_view field = part.role == Role::sidecar ? "started" : "ready";
    if (!kube::is_true_at(*told_of(telling, part), field)) incomplete.push_back(part.name);
  }
  if (text_at(telling.status, "phase") == "Succeeded") {
    condition.reason = "PodCompleted";
  } else if (!has_main_started(telling) && !incomplete.empty()) {
    condition = {"Initialized", false, "ContainersNotInitialized",
                 "containers with incomplete status: " + bracketed(incomplete)};
  }
  return condition;
}

Condition containers_condition(const Telling& telling) {
  const std::string_view phase = text_at(telling.status, "phase");
  if (phase == "Succeeded") return {"ContainersReady", false, "PodCompleted"};
  if (phase == "Failed") return {"ContainersReady", false, "PodFailed"};
  std::vector<std::string_view> unready;
  for (const Part& part : telling.parts) {
    if (part.role != Role::main && part.role != Role::sidecar) continue;
    if (!kube::is_true_at(*told_of(telling, part), "ready")) unready.push_back(part.name);
  }
  if (unready.empty()) return {"ContainersReady", true};
  return {"ContainersReady", false, "ContainersNotReady",
          "containers with unready status: " + bracketed(unready)};
}

const json::Item* condition_of(const json::Item& status, std::string_view type) {
  for (const json::Item& condition : kube::children_at(status, "conditions"))
    if (text_at(condition, "type") == type) return &condition;
  return nullptr;
}

Condition ready_condition(const Telling& telling, const Condition& containers) {
  if (!containers.holds) return {"Ready", false, containers.reason, containers.message};
  std::string messages;
  for (const json::Item& gate : kube::children_at(telling.pod, "spec.readinessGates")) {
    const std::string_view type = text_at(gate, "conditionType");
    const json::Item* condition = condition_of(kube::part_at(telling.pod, "status"), type);
    const std::string_view value = condition != nullptr ? text_at(*condition, "status") : std::string_view();
    if (value == "True") continue;
    if (!messages.empty()) messages += ", ";
    messages += condition == nullptr
                    ? text("corresponding condition of pod readiness gate \"{}\" does not exist.", type)
                    : text("the status of pod readiness gate \"{}\" is not \"True\", but {}", type, value);
  }
  if (messages.empty()) return {"Ready", true};
  return {"Ready", false, "ReadinessGatesNotReady", messages};
}

void tell(Telling& telling, const Condition& condition) {
  const std::string_view value = condition.holds ? "True" : "False";
  json::Item& out = telling.status.member("conditions").append();
  out.member("type").set_string(condition.type);
  if (const json::Item* generation = find_at(telling.pod, "metadata.generation"))
    out.member("observedGeneration").copy(*generation);
  out.member("status").set_string(value);
  out.member("lastProbeTime").set_null();
  const json::Item* before = condition_of(telling.previous, condition.type);
  const bool same = before != nullptr && text_at(*before, "status") == value;
  const std::string_view since = same ? text_at(*before, "lastTransitionTime") : std::string_view();
  out.member("lastTransitionTime")
      .set_string(since.empty() ? kube::time_text(telling.now.wall) : std::string(since));
  if (!condition.reason.empty()) out.member("reason").set_string(condition.reason);
  if (!condition.message.empty()) out.member("message").set_string(condition.message);
}

}  // namespace

bool is_own_condition(std::string_view type) {
  constexpr std::string_view types[] = {"PodReadyToStartContainers", "Initialized", "Ready",
                                        "ContainersReady", "PodScheduled"};
  return std::ranges::contains(types, type);
}

void tell_conditions(Telling& telling) {
  const Condition containers = containers_condition(telling);
  tell(telling, sandbox_condition(telling));
  tell(telling, initialized_condition(telling));
  tell(telling, ready_condition(telling, containers));
  tell(telling, containers);
  tell(telling, {"PodScheduled", true});
  for (const json::Item& condition : kube::children_at(telling.pod, "status.conditions"))
    if (!is_own_condition(text_at(condition, "type")))
      telling.status.member("conditions").append().copy(condition);
}

}  // namespace podo::pod
