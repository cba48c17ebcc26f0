#include "cluster/pod/restart_backoff.h"

#include <algorithm>

#include "cluster/pod/lifecycle.h"

namespace podo::pod {
namespace {

bool is_over(const BackOff& back_off, Wall finished) {
  return back_off.delay.ns == 0 || finished.ns - back_off.since.ns > 2 * back_off_max.ns;
}

}  // namespace

std::optional<Wall> held_back_until(const BackOff& back_off, Wall finished, Wall now) {
  if (is_over(back_off, finished)) return {};
  const Wall until{finished.ns + back_off.delay.ns};
  // A clock that was set back does not make anybody wait for longer than was meant.
  if (until <= now || now.ns < finished.ns - back_off_max.ns) return {};
  return until;
}

BackOff back_off_after_start(const BackOff& back_off, Wall finished, Wall now) {
  const Duration next =
      is_over(back_off, finished) ? back_off_first : std::min(back_off.delay * 2, back_off_max);
  return {next, now};
}

std::string back_off_message(const BackOff& back_off, std::string_view container, std::string_view pod_text) {
  return text("back-off {} restarting failed container={} pod={}", duration_text(back_off.delay), container,
              pod_text);
}

}  // namespace podo::pod
