#include "container/engine/restart_policy.h"

#include <algorithm>

namespace podo::engine {
namespace {

constexpr Duration back_off_min = milliseconds(100), back_off_max = seconds(60), long_run = seconds(10);

}  // namespace

bool should_restart(const docker::RestartPolicy& policy, const State& ended, int times) {
  if (ended.stopped_by_user) return false;
  if (policy.name == "always" || policy.name == "unless-stopped") return true;
  if (policy.name != "on-failure" || ended.exit_code == 0) return false;
  return policy.maximum_retry_count == 0 || times < policy.maximum_retry_count;
}

bool should_start_with_daemon(const docker::RestartPolicy& policy, const State& state) {
  if (state.started_at.ns == 0) return false;  // never was
  return policy.name == "always" || should_restart(policy, state, state.restart_count);
}

Duration next_back_off(Duration before, Duration ran) {
  if (before.ns == 0 || ran >= long_run) return back_off_min;
  return std::min(before * 2, back_off_max);
}

}  // namespace podo::engine
