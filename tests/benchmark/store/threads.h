// Closed-loop writers as threads, with group commit done well, for the peers, which have neither: a committer
// thread puts all that waits into one transaction of the engine and wakes the writers at once.
#pragma once

#include "engine.h"

namespace podo::bench {

// A lone writer commits by itself: a second thread would only cost it the way there and back.
Result<WriteTimes> write_from_threads(Engine& engine, const WriteLoad& load);

}  // namespace podo::bench
