// Writing to /proc where a container may already have had its hands on it (CVE-2025-52881).
//
// A mount over a file of /proc, or another file system in place of it, would turn the write of a label or a
// sysctl into a write elsewhere, or into nothing. So a file is opened only in the root of a true proc file
// system, without crossing any mount and without following any link; where /proc does not allow that, in a
// proc file system of our own that is mounted nowhere. Blocking calls without state.
#pragma once

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::runtime {

// `path` is relative to /proc; "thread-self/..." means the calling thread.
Result<io::Fd> open_in_proc(const char* path, int flags);

}  // namespace podo::runtime
