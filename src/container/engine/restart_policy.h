// When a container that ended is started again, and after how long. Pure.
#pragma once

#include <string>

#include "base/core/clock.h"
#include "container/config/container.h"

namespace podo::engine {

// After an end that nobody asked for. `times`: how often its policy started it since somebody did.
bool should_restart(const docker::RestartPolicy& policy, const State& ended, int times);

// When the daemon starts and finds the container down: unlike above, "always" overrules a stop by its user.
bool should_start_with_daemon(const docker::RestartPolicy& policy, const State& state);

// 100 ms, doubled with every restart to at most a minute; anew for one that ran ten seconds.
Duration next_back_off(Duration before, Duration ran);

}  // namespace podo::engine
