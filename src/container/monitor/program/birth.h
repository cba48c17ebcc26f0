// The runtime's process, and the ends of its standard streams that stay here.
#pragma once

#include "container/monitor/program/settings.h"

namespace podo::monitor {

struct Birth {
  long pid = 0;  // of the runtime; negative: the error number
  int in = -1;   // non-blocking, as the others
  int out = -1;
  int err = -1;      // with a terminal: of the runtime alone
  int console = -1;  // with a terminal: listens for it
};

// Runs the runtime with every signal as it was at first, and this process's own distance from the OOM killer.
Birth run_runtime(const Settings& settings, char** environment);

// The terminal that came to `console`; negative: none yet.
int take_terminal(int console);

// As far from the OOM killer as it lets us; children are put back where we were.
void evade_oom_killer();

}  // namespace podo::monitor
