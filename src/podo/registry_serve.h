// `podo registry serve`: the registry alone, with a data folder of its own. And what `podo serve` needs to
// serve one beside the engine.
#pragma once

#include "base/core/log.h"
#include "base/io/epoll_loop.h"
#include "podo/registry_options.h"

namespace podo {

// Until it is cancelled.
io::Task<void> serve_registry(io::EpollLoop& loop, Log& log, registry::Server& registry,
                              const RegistryOptions& options);

int registry_command(int count, char** words, int first);  // the sub-program `podo registry`

}  // namespace podo
