#include "cluster/workloads/job_policy.h"

#include "base/core/text.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

using kube::children_at;
using kube::find_at;
using kube::text_at;

bool has_value(const json::Item& rule, std::int64_t code) {
  for (const json::Item& value : children_at(rule, "values"))
    if (value.as_int64() == code) return true;
  return false;
}

// The container whose exit code matches; containers that ended well are not looked at.
const Pod::Exit* match_exit(const json::Item& rule, const Pod& pod) {
  const std::string_view only = text_at(rule, "containerName");
  const bool wants_in = text_at(rule, "operator") == "In";
  for (const Pod::Exit& exit : pod.exits) {
    if (exit.code == 0 || (!only.empty() && only != exit.container)) continue;
    if (has_value(rule, exit.code) == wants_in) return &exit;
  }
  return nullptr;
}

const Pod::Condition* match_condition(const json::Item& rule, const Pod& pod) {
  for (const json::Item& pattern : children_at(rule, "onPodConditions"))
    for (const Pod::Condition& condition : pod.conditions)
      if (condition.type == text_at(pattern, "type") && condition.status == text_at(pattern, "status"))
        return &condition;
  return nullptr;
}

PodFailure action_named(std::string_view name) {
  if (name == "Ignore") return PodFailure::ignore;
  if (name == "FailIndex") return PodFailure::fail_index;
  return name == "FailJob" ? PodFailure::fail_job : PodFailure::count;
}

}  // namespace

FailureVerdict judge_failure(const json::Item* policy, const Pod& pod) {
  if (policy == nullptr) return {};
  int place = -1;
  for (const json::Item& rule : children_at(*policy, "rules")) {
    ++place;
    const std::string_view action = text_at(rule, "action");
    if (const json::Item* exits = find_at(rule, "onExitCodes")) {
      if (const Pod::Exit* exit = match_exit(*exits, pod))
        return {action_named(action),
                text("Container {} for pod {}/{} failed with exit code {} matching {} rule at index {}",
                     exit->container, pod.name_space, pod.name, exit->code, action, place)};
    } else if (const Pod::Condition* condition = match_condition(rule, pod)) {
      return {action_named(action), text("Pod {}/{} has condition {} matching {} rule at index {}",
                                         pod.name_space, pod.name, condition->type, action, place)};
    }
  }
  return {};
}

std::optional<std::string> success_met(const json::Item* policy, const Indexes& completed,
                                       std::int64_t completions) {
  if (policy == nullptr) return std::nullopt;
  int place = -1;
  for (const json::Item& rule : children_at(*policy, "rules")) {
    ++place;
    const json::Item* named = find_at(rule, "succeededIndexes");
    const json::Item* count = find_at(rule, "succeededCount");
    const Indexes wanted = Indexes::parse(named != nullptr ? named->string_or("") : "", completions);
    const std::int64_t there = named != nullptr ? completed.shared_with(wanted) : completed.size();
    const std::int64_t enough = count != nullptr ? count->as_int64().value_or(0) : wanted.size();
    if (there >= enough && (named != nullptr || count != nullptr))
      return text("Matched rules at index {}", place);
  }
  return std::nullopt;
}

}  // namespace podo::controllers
