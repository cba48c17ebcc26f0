#include <algorithm>

#include "cluster/pod/plan_parts.h"
#include "model/kube/path.h"

namespace podo::pod {
namespace {

using Hook = Stopping::Hook;
using Step = Stop::Step;

bool has_pre_stop(const Part& part) { return kube::find_at(*part.container, "lifecycle.preStop") != nullptr; }

Duration left_of(const Stopping& stopping, Duration grace, Monotonic now) {
  return std::max(grace - (now - stopping.since), grace_min);
}

void begin(Planning& planning, const Part& part, Duration grace, std::string message, bool restart,
           bool may_signal) {
  const Run& run = *planning.facts(part).newest();
  if (run.state == Run::State::ending) return;
  Stop stop{Step::signal, std::string(part.name), run.id, std::max(grace, grace_min), grace, restart};
  if (has_pre_stop(part)) stop.step = Step::pre_stop;
  else if (!may_signal) return;
  planning.plan.stops.push_back(stop);
  planning.plan.told.push_back({"Killing", std::move(message), false, std::string(part.name)});
}

// It is being stopped already: what comes next of it. A shorter grace period counts at once.
void go_on(Planning& planning, const Part& part, const Stopping& stopping, Duration grace, bool may_signal) {
  if (planning.facts(part).newest()->state == Run::State::ending) return;
  grace = std::min(grace, stopping.grace);
  const Monotonic now = planning.now.at, end = stopping.since + grace;
  Stop stop{
      Step::signal, std::string(part.name), planning.facts(part).newest()->id, left_of(stopping, grace, now),
      grace,        stopping.restart};
  if (stopping.told) {
    if (stopping.killed || stopping.kill_at <= end) return;
    if (now < end) return planning.plan.look_again(end);
    stop.step = Step::kill;
    planning.plan.stops.push_back(stop);
    return;
  }
  const bool overdue = now >= end;
  if (stopping.pre_stop == Hook::running && !overdue) return planning.plan.look_again(end);
  if (may_signal || overdue) planning.plan.stops.push_back(stop);
  else planning.plan.look_again(end);
}

void stop_one(Planning& planning, const Part& part, Cause cause, std::string message, bool restart) {
  begin(planning, part, grace_of(planning.pod, *part.container, cause), std::move(message), restart, true);
}

std::string failed(const Part& part, std::string_view what) {
  return text("{} {} {}", part.role == Role::sidecar ? "Init container" : "Container", part.name, what);
}

}  // namespace

void stop_all(Planning& planning) {
  bool may_signal = true;  // of a sidecar: all that started after it is down
  const auto see = [&](const Part& part) {
    const ContainerFacts& facts = planning.facts(part);
    if (!facts.is_up()) return;
    const Duration grace = grace_of(planning.pod, *part.container, Cause::pod_ends);
    const bool may = part.role != Role::sidecar || may_signal;
    if (facts.stopping) go_on(planning, part, *facts.stopping, grace, may);
    else begin(planning, part, grace, text("Stopping container {}", part.name), false, may);
  };
  for (const Part& part : planning.parts) {
    if (part.role == Role::sidecar) continue;
    see(part);
    if (part.role != Role::ephemeral && (planning.facts(part).is_up() || planning.facts(part).starting))
      may_signal = false;
  }
  for (auto part = planning.parts.rbegin(); part != planning.parts.rend(); ++part) {
    if (part->role != Role::sidecar) continue;
    see(*part);
    if (planning.facts(*part).is_up() || planning.facts(*part).starting) may_signal = false;
  }
  if (may_signal || !planning.seen.ending_since) return;
  // A sidecar does not wait for the others beyond the grace period of the pod.
  for (const Part& part : planning.parts) {
    const ContainerFacts& facts = planning.facts(part);
    if (part.role != Role::sidecar || !facts.is_up() || facts.stopping) continue;
    const Duration grace = grace_of(planning.pod, *part.container, Cause::pod_ends);
    const Monotonic end = *planning.seen.ending_since + grace;
    const auto is_of_part = [&](const Stop& stop) { return stop.container == part.name; };
    if (std::ranges::any_of(planning.plan.stops, is_of_part)) continue;
    if (planning.now.at >= end)
      begin(planning, part, grace_min, text("Stopping container {}", part.name), false, true);
    else planning.plan.look_again(end);
  }
}

void stop_failing(Planning& planning) {
  for (const Part& part : planning.parts) {
    const ContainerFacts& facts = planning.facts(part);
    if (!facts.is_up() || part.role == Role::ephemeral) continue;
    if (facts.stopping) {
      go_on(planning, part, *facts.stopping, facts.stopping->grace, true);
      continue;
    }
    if (facts.post_start_failed) {
      stop_one(planning, part, Cause::post_start, "FailedPostStartHook", false);
      continue;
    }
    if (facts.starting || part.role == Role::init) continue;
    const bool changed = is_changed(part, *facts.newest());
    const bool again = part.role == Role::main && restarts_after(planning.pod, part, 137);
    const std::string_view tail = again ? ", will be restarted" : "";
    if (changed)
      stop_one(planning, part, Cause::changed, failed(part, "definition changed") + ", will be restarted",
               true);
    else if (facts.alive == false)
      stop_one(planning, part, Cause::liveness, failed(part, text("failed liveness probe{}", tail)), again);
    else if (facts.startup == false)
      stop_one(planning, part, Cause::startup, failed(part, text("failed startup probe{}", tail)), again);
  }
}

}  // namespace podo::pod
