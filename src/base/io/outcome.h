// A Task that cannot fail: its outcome is its value. For tasks side by side that shall all come to their end,
// where all() would cancel the others when one fails.
#pragma once

#include "base/io/task.h"

namespace podo::io {

inline Task<Result<void>> outcome(Task<void> task) { co_return co_await task.result(); }

}  // namespace podo::io
