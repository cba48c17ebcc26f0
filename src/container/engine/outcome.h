// A Task that cannot fail: its outcome is its value. For tasks side by side that shall all come to their end,
// where io::all() would cancel the others when one fails.
#pragma once

#include "base/io/task.h"

namespace podo::engine {

inline io::Task<Result<void>> outcome(io::Task<void> task) { co_return co_await task.result(); }

}  // namespace podo::engine
