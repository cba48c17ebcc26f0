// This program's own descriptors, put in order at its start.
#pragma once

#include <vector>

#include "base/core/error.h"

namespace podo::linux {

// 0, 1 and 2 are open afterwards (on /dev/null if they were not), so that no file opened later is taken for
// the terminal.
Result<> open_missing_stdio();
// How many are open from 3 on without a gap: those a caller can have meant by "the next N". Ask before
// opening any.
int count_passed_descriptors();
// All from `first` on are closed by execve: nothing the caller forgot goes to a program started from here.
Result<> close_on_exec_from(int first);

// Every descriptor from 3 on but these is closed now: what is not needed any more must not be open while a
// path of somebody else's is
// walked (/proc/self/fd/N leads wherever it points). Order and repetition do not matter; negative numbers
// are passed over.
Result<> close_all_but(std::vector<int> kept);

}  // namespace podo::linux
