// The daemon: all parts made, connected and ended, in one place. Whoever asks "who gives X its Y" reads
// daemon.cpp.
#pragma once

#include "podo/daemon_options.h"

namespace podo {

// Serves until SIGTERM or SIGINT; the exit code. Containers go on afterwards unless the options say
// otherwise. Errors: conflict (another daemon has the data folder), denied (not root), what the parts say.
Result<int> run_daemon(const DaemonOptions& options);

int serve(int count, char** words, int first);  // the sub-program `podo serve`

}  // namespace podo
