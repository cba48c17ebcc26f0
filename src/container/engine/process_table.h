// The columns of `ps -ef`, read from /proc: for hosts without a ps.
#pragma once

#include <span>

#include "container/engine/engine.h"

namespace podo::engine {

// What has ended meanwhile is left out.
Engine::Top read_processes(std::span<const pid_t> pids, Wall now);

}  // namespace podo::engine
