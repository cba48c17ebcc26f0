// What a daemon on this machine costs, as text below `podo info`: its process, the monitors of its
// containers, what it keeps on the disk.
#pragma once

#include "base/format/json.h"
#include "cli/console/daemon.h"

namespace podo::cli {

// "" when the daemon is elsewhere, or is not ours to look at. `info` is its answer to GET /info. Takes 0.3 s:
// what happens now is the difference of two looks.
io::Task<std::string> daemon_costs(Daemon& daemon, json::Value info);

}  // namespace podo::cli
