#include "cluster/pod/lifecycle.h"

#include <algorithm>

#include "base/core/timestamp.h"
#include "cluster/pod/container_request.h"
#include "model/kube/path.h"

namespace podo::pod {
namespace {

using kube::text_at;

bool has_code(const json::Item& rule, int exit_code) {
  const bool in = text_at(rule, "exitCodes.operator") != "NotIn";
  bool found = false;
  for (const json::Item& value : kube::children_at(rule, "exitCodes.values"))
    found |= value.as_int64() == exit_code;
  return found == in;
}

bool restarts_by(std::string_view policy, int exit_code) {
  if (policy == "Never") return false;
  return policy != "OnFailure" || exit_code != 0;
}

void add_parts(std::vector<Part>& parts, const json::Item& pod, std::string_view list, Role role) {
  for (const json::Item& container : kube::children_at(pod, list)) {
    const bool sidecar = role == Role::init && text_at(container, "restartPolicy") == "Always";
    parts.push_back({&container, sidecar ? Role::sidecar : role, text_at(container, "name")});
  }
}

bool is_done(const Part& part, const Observation& seen) {
  const Run* run = run_of(part, seen);
  return run != nullptr && run->state == Run::State::exited && run->exit_code == 0;
}

// Nothing of it runs any more or will run: its work is done, or cannot be.
bool is_completed(const json::Item& pod, const std::vector<Part>& parts, const Observation& seen) {
  for (const Part& part : parts) {
    if (part.role == Role::ephemeral || part.role == Role::sidecar) continue;
    const ContainerFacts& facts = facts_of(part, seen);
    const Run* run = facts.newest();
    const bool ended = run != nullptr && run->state == Run::State::exited;
    if (part.role == Role::init) {
      if (ended && run->exit_code != 0 && !facts.starting && !is_to_start(pod, part, seen)) return true;
      continue;
    }
    if (!ended || facts.starting || is_to_start(pod, part, seen)) return false;
  }
  return true;
}

// The namespaces are gone, and with them all that ran; nobody may start any of it again.
bool is_cut_short(const json::Item& pod, const std::vector<Part>& parts, const Observation& seen) {
  if (seen.sandbox || text_at(pod, "spec.restartPolicy") != "Never") return false;
  return std::ranges::any_of(parts, [&](const Part& part) { return !facts_of(part, seen).runs.empty(); });
}

}  // namespace

std::vector<Part> parts_of(const json::Item& pod) {
  std::vector<Part> parts;
  add_parts(parts, pod, "spec.initContainers", Role::init);
  add_parts(parts, pod, "spec.containers", Role::main);
  add_parts(parts, pod, "spec.ephemeralContainers", Role::ephemeral);
  return parts;
}

std::string field_path_of(const json::Item& pod, std::string_view container) {
  for (const Part& part : parts_of(pod)) {
    if (part.name != container) continue;
    const bool early = part.role == Role::init || part.role == Role::sidecar;
    const std::string_view list = early                          ? "initContainers"
                                  : part.role == Role::ephemeral ? "ephemeralContainers"
                                                                 : "containers";
    return text("spec.{}{{{}}}", list, container);
  }
  return {};
}

bool restarts_after(const json::Item& pod, const Part& part, int exit_code) {
  if (part.role == Role::ephemeral) return false;
  if (part.role == Role::sidecar) return true;
  if (part.role == Role::init && exit_code == 0) return false;
  const std::string_view own = text_at(*part.container, "restartPolicy");
  if (own.empty()) return restarts_by(text_at(pod, "spec.restartPolicy"), exit_code);
  for (const json::Item& rule : kube::children_at(*part.container, "restartPolicyRules"))
    if (has_code(rule, exit_code)) return true;
  return restarts_by(own, exit_code);
}

bool is_changed(const Part& part, const Run& run) {
  return run.spec_hash != 0 && run.spec_hash != spec_hash(*part.container);
}

const ContainerFacts& facts_of(const Part& part, const Observation& seen) {
  static const ContainerFacts none;
  const auto found = seen.containers.find(part.name);
  return found != seen.containers.end() ? found->second : none;
}

const Run* run_of(const Part& part, const Observation& seen) {
  const Run* run = facts_of(part, seen).newest();
  if (run == nullptr || run->is_up() || part.role == Role::main) return run;
  return run->created < seen.sandbox_created ? nullptr : run;
}

bool is_to_start(const json::Item& pod, const Part& part, const Observation& seen) {
  const ContainerFacts& facts = facts_of(part, seen);
  const Run* run = run_of(part, seen);
  if (run == nullptr || facts.restart_wanted) return true;
  if (run->state == Run::State::created) return true;
  return run->state == Run::State::exited && restarts_after(pod, part, run->exit_code);
}

bool has_started(const Part& part, const Observation& seen) {
  const ContainerFacts& facts = facts_of(part, seen);
  if (!facts.is_up() || facts.starting) return false;
  return kube::find_at(*part.container, "startupProbe") == nullptr || facts.startup == true;
}

bool is_initialized(const std::vector<Part>& parts, const Observation& seen) {
  const auto is_main_up = [&](const Part& part) {
    return part.role == Role::main && facts_of(part, seen).is_up();
  };
  if (std::ranges::any_of(parts, is_main_up)) return true;
  // Of this sandbox a main container has run already: what came before it was done then.
  for (const Part& part : parts) {
    const Run* run = facts_of(part, seen).newest();
    if (part.role == Role::main && run != nullptr && seen.sandbox && run->created >= seen.sandbox_created)
      return true;
  }
  for (const Part& part : parts) {
    if (part.role == Role::init && !is_done(part, seen)) return false;
    if (part.role == Role::sidecar && !has_started(part, seen)) return false;
  }
  return true;
}

Duration grace_of(const json::Item& pod, const json::Item& container, Cause cause) {
  const json::Item* grace = kube::find_at(pod, "metadata.deletionGracePeriodSeconds");
  if (grace == nullptr && cause == Cause::liveness)
    grace = kube::find_at(container, "livenessProbe.terminationGracePeriodSeconds");
  if (grace == nullptr && cause == Cause::startup)
    grace = kube::find_at(container, "startupProbe.terminationGracePeriodSeconds");
  if (grace == nullptr) grace = kube::find_at(pod, "spec.terminationGracePeriodSeconds");
  const std::int64_t wanted = grace != nullptr ? grace->as_int64().value_or(30) : 30;
  return seconds(std::clamp<std::int64_t>(wanted, 1, 1 << 30));
}

std::optional<Wall> deadline_of(const json::Item& pod, const json::Item& status) {
  const json::Item* limit = kube::find_at(pod, "spec.activeDeadlineSeconds");
  const Result<Wall> started = parse_rfc3339(text_at(status, "startTime"));
  if (limit == nullptr || !started) return {};
  return Wall{started->ns + limit->as_int64().value_or(0) * 1'000'000'000};
}

bool is_terminal(std::string_view phase) { return phase == "Succeeded" || phase == "Failed"; }

Ending ending_of(const json::Item& pod, const json::Item& status, const Observation& seen, Wall now) {
  using Why = Ending::Why;
  if (is_terminal(text_at(status, "phase"))) return {.why = Why::terminal};
  if (seen.rejected)
    return {Why::rejected, seen.rejected->reason, "Pod was rejected: " + seen.rejected->message};
  if (seen.evicted) return {Why::rejected, seen.evicted->reason, seen.evicted->message};
  const std::optional<Wall> deadline = deadline_of(pod, status);
  if (deadline && *deadline <= now)
    return {Why::too_long, "DeadlineExceeded",
            "Pod was active on the node longer than the specified deadline"};
  if (seen.gone || kube::find_at(pod, "metadata.deletionTimestamp") != nullptr) return {.why = Why::deleted};
  const std::vector<Part> parts = parts_of(pod);
  if (is_cut_short(pod, parts, seen) || is_completed(pod, parts, seen)) return {.why = Why::completed};
  return {};
}

bool is_still(const Observation& seen) {
  return std::ranges::none_of(
      seen.containers, [](const auto& known) { return known.second.starting || known.second.is_up(); });
}

std::string duration_text(Duration duration) {
  const std::int64_t all = duration.ns / 1'000'000'000;
  const std::int64_t hours = all / 3600, minutes = all / 60 % 60;
  if (hours != 0) return text("{}h{}m{}s", hours, minutes, all % 60);
  return minutes != 0 ? text("{}m{}s", minutes, all % 60) : text("{}s", all);
}

std::string pod_text(const json::Item& pod) {
  return text("{}_{}({})", text_at(pod, "metadata.name"), text_at(pod, "metadata.namespace"),
              text_at(pod, "metadata.uid"));
}

}  // namespace podo::pod
