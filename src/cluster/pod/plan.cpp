#include "cluster/pod/plan.h"

#include <algorithm>

#include "cluster/pod/plan_parts.h"
#include "model/kube/path.h"

namespace podo::pod {
namespace {

// All is still: what stands around the containers goes.
void clear_away(Planning& planning) {
  const Observation& seen = planning.seen;
  Plan& plan = planning.plan;
  if (seen.busy) return;
  if (seen.problem && planning.now.at < seen.again_at) {
    plan.look_again(seen.again_at);
    return;
  }
  if (seen.sandbox || seen.lost) plan.remove_sandbox = true;
  else if (seen.volumes || seen.remains) plan.unmount = true;
  else plan.done = true;
}

void end(Planning& planning) {
  stop_all(planning);
  if (is_still(planning.seen)) clear_away(planning);
  if (!planning.seen.gone) return;
  for (const auto& [name, facts] : planning.seen.containers)
    for (const Run& run : facts.runs)
      if (!run.is_up() && !facts.starting) planning.plan.remove.push_back(run.id);
}

bool has_place(Planning& planning) {
  const Observation& seen = planning.seen;
  Plan& plan = planning.plan;
  if (seen.busy) return false;
  if (seen.volumes && seen.sandbox && seen.joined) return true;
  if (seen.problem && planning.now.at < seen.again_at) {
    plan.look_again(seen.again_at);
    return false;
  }
  if (seen.lost) {
    plan.remove_sandbox = true;
    plan.told.push_back({"SandboxChanged", "Pod sandbox changed, it will be killed and re-created."});
    return false;
  }
  // What still runs outside of a sandbox does so in one that is gone.
  for (const Part& part : planning.parts) {
    const ContainerFacts& facts = planning.facts(part);
    if (!seen.sandbox && facts.is_up() && !facts.stopping)
      plan.stops.push_back(
          {Stop::Step::signal, std::string(part.name), facts.newest()->id, grace_min, grace_min, true});
  }
  if (!plan.stops.empty() || (!seen.sandbox && !is_still(seen))) return false;
  plan.mount = !seen.volumes;
  plan.make_sandbox = !seen.sandbox || !seen.joined;
  return false;
}

}  // namespace

void remove_old_runs(Planning& planning) {
  for (const auto& [name, facts] : planning.seen.containers) {
    for (std::size_t i = 0; i < facts.runs.size(); ++i) {
      const Run& run = facts.runs[i];
      // One that was made and not started: its start was broken off.
      const bool left = run.state == Run::State::created && !facts.starting;
      if ((left || i >= 2) && !run.is_up()) planning.plan.remove.push_back(run.id);
    }
  }
}

Plan plan(const json::Item& pod, const json::Item& status, const Observation& seen, Moment now) {
  Plan plan;
  Planning planning{pod, seen, now, parts_of(pod), plan};
  const Ending ending = ending_of(pod, status, seen, now.wall);
  if (!ending) {
    if (const std::optional<Wall> deadline = deadline_of(pod, status))
      plan.look_again(now.at + Duration{deadline->ns - now.wall.ns});
    remove_old_runs(planning);
    if (!has_place(planning)) return plan;
    stop_failing(planning);
    start_next(planning);
    return plan;
  }
  plan.ending = true;
  if (!seen.ending_since && ending.why == Ending::Why::too_long)
    plan.told.push_back({ending.reason, ending.message});
  end(planning);
  return plan;
}

}  // namespace podo::pod
