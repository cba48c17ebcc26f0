#include <algorithm>

#include "cluster/pod/plan_parts.h"
#include "cluster/pod/restart_backoff.h"
#include "model/kube/path.h"

namespace podo::pod {
namespace {

Monotonic instant_of(Moment now, Wall at) { return now.at + Duration{at.ns - now.wall.ns}; }

// Starts it unless it has to wait for its time; then the next one may be tried.
bool start(Planning& planning, const Part& part) {
  const ContainerFacts& facts = planning.facts(part);
  if (const auto held = crash_loop(planning.pod, part, planning.seen, planning.now)) {
    planning.plan.look_again(held->again_at);
    if (!facts.waiting || facts.waiting->reason != held->reason)
      planning.plan.told.push_back(
          {"BackOff",
           text("Back-off restarting failed container {} in pod {}", part.name, pod_text(planning.pod)), true,
           std::string(part.name)});
    return false;
  }
  if (facts.waiting && facts.waiting->again_at > planning.now.at) {
    planning.plan.look_again(facts.waiting->again_at);
    return false;
  }
  const Run* run = facts.newest();
  Start start{.container = std::string(part.name)};
  if (run != nullptr) start.attempt = run->attempt + 1;
  if (run != nullptr && !is_changed(part, *run))
    start.back_off = back_off_after_start(facts.back_off, run->finished, planning.now.wall);
  planning.plan.start = start;
  return true;
}

bool is_wanted(const Planning& planning, const Part& part) {
  const ContainerFacts& facts = planning.facts(part);
  // What was made and not started is removed first.
  if (facts.newest() != nullptr && facts.newest()->state == Run::State::created) return false;
  return !facts.is_up() && !facts.starting && is_to_start(planning.pod, part, planning.seen);
}

// Sidecars that went down while the pod was initialized: in their order. True: one is started now.
bool start_sidecars(Planning& planning) {
  return std::ranges::any_of(planning.parts, [&](const Part& part) {
    return part.role == Role::sidecar && is_wanted(planning, part) && start(planning, part);
  });
}

// Up to the first one that is not done; sidecars before it are started again when they went down.
void initialize(Planning& planning) {
  for (const Part& part : planning.parts) {
    if (part.role != Role::init && part.role != Role::sidecar) return;
    if (is_wanted(planning, part) && start(planning, part)) return;
    if (part.role == Role::sidecar && !has_started(part, planning.seen)) return;
    const Run* run = run_of(part, planning.seen);
    const bool done = run != nullptr && run->state == Run::State::exited && run->exit_code == 0;
    if (part.role == Role::init && !done) return;
  }
}

}  // namespace

std::optional<Waiting> crash_loop(const json::Item& pod, const Part& part, const Observation& seen,
                                  Moment now) {
  const ContainerFacts& facts = facts_of(part, seen);
  const Run* run = facts.newest();
  if (run == nullptr || run->state != Run::State::exited || facts.starting) return {};
  if (is_changed(part, *run) || !is_to_start(pod, part, seen)) return {};
  const std::optional<Wall> until = held_back_until(facts.back_off, run->finished, now.wall);
  if (!until) return {};
  return Waiting{"CrashLoopBackOff", back_off_message(facts.back_off, part.name, pod_text(pod)),
                 instant_of(now, *until)};
}

void start_next(Planning& planning) {
  const auto is_starting = [](const auto& known) { return known.second.starting; };
  if (std::ranges::any_of(planning.seen.containers, is_starting)) return;
  for (const Part& part : planning.parts)
    if (part.role == Role::ephemeral && planning.facts(part).runs.empty() && start(planning, part)) return;
  if (!is_initialized(planning.parts, planning.seen)) return initialize(planning);
  if (start_sidecars(planning)) return;
  for (const Part& part : planning.parts)
    if (part.role == Role::main && is_wanted(planning, part) && start(planning, part)) return;
}

}  // namespace podo::pod
