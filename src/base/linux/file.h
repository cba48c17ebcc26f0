// Files by descriptor and path, one system call each: for /proc, /sys, cgroups and configurations of a few
// kilobytes. `dir` is a directory's descriptor or AT_FDCWD, as in openat(2); an absolute path ignores it.
// Descriptors are close-on-exec. Blocking calls without state; errors name the call and the path and carry
// errno.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::linux {

Result<io::Fd> open_at(int dir, const char* path, int flags, mode_t mode = 0);  // O_CLOEXEC is added

// The whole text; more than `bytes_max` is Exhausted.
Result<std::string> read_file(const char* path, std::size_t bytes_max);
Result<std::string> read_file(int dir, const char* path, std::size_t bytes_max);
Result<std::string> read_all(int fd, std::size_t bytes_max);

// Into an existing file, by exactly one write(2): files of the kernel take a value whole or refuse it.
Result<> write_file(int dir, const char* path, std::string_view value);
Result<> write_whole(int fd, std::string_view value);  // one write(2) as well; a short one is Internal

}  // namespace podo::linux
