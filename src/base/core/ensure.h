// Programming errors stop the program, in release too: a broken invariant that runs on damages what it
// touches.
#pragma once

namespace podo {

[[noreturn]] void stop_broken(const char* condition, const char* file, int line);

}  // namespace podo

// ENSURE(condition): the program's own promise, not the caller's input (that is a Result).
#define ENSURE(condition) \
  ((condition) ? static_cast<void>(0) : ::podo::stop_broken(#condition, __FILE_NAME__, __LINE__))
