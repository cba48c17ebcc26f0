// Crash loops: a container that ends again and again waits longer each time. The first restart is at once;
// then 10 s after its end, 20 s, ... 5 minutes. Who ran for ten minutes since the last restart begins anew.
#pragma once

#include <optional>
#include <string>

#include "cluster/pod/observation.h"

namespace podo::pod {

inline constexpr Duration back_off_first = seconds(10), back_off_max = seconds(300);

// When a container that ended at `finished` may start again; absent: now.
std::optional<Wall> held_back_until(const BackOff& back_off, Wall finished, Wall now);
// What a start now makes of it.
BackOff back_off_after_start(const BackOff& back_off, Wall finished, Wall now);
// "back-off 10s restarting failed container=c pod=p_ns(uid)"
std::string back_off_message(const BackOff& back_off, std::string_view container, std::string_view pod_text);

}  // namespace podo::pod
