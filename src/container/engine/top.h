// GET /containers/{id}/top: what ps(1) says of a container's processes; without a ps on this host, the
// columns of `ps -ef` from /proc.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/io/epoll_loop.h"
#include "container/engine/engine.h"

namespace podo::engine {

// `arguments` "" means "-ef".
Task<Engine::Top> list_processes(io::EpollLoop& loop, std::string arguments, std::vector<pid_t> pids);

// The pure part: the rows of ps whose PID is one of `pids`, and threads of theirs ("-").
Result<Engine::Top> filter_ps(std::string_view ps_output, std::span<const pid_t> pids);
Result<> check_ps_arguments(std::string_view arguments);

}  // namespace podo::engine
