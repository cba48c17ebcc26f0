// Names below a directory that nobody below it can redirect: openat2(2).
//
// Plain open(2) follows every symlink to wherever it points, and a path checked a moment ago may lead
// elsewhere now. These calls let the kernel walk with a boundary. A race with a rename makes the kernel give
// up (EAGAIN); the walk is then repeated. Blocking calls without state. Linux 5.6.
#pragma once

#include <linux/openat2.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::linux {

// `root` is "/" for the walk: absolute symlinks and ".." stay below it. Links of /proc that jump (exe, fd/N)
// are refused.
inline constexpr std::uint64_t in_root = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
// As in_root, and a symlink anywhere is ELOOP.
inline constexpr std::uint64_t in_root_no_links = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS;
// Only true directories of one mount: nothing mounted over a part of the path is entered (EXDEV).
inline constexpr std::uint64_t in_one_mount = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

Result<io::Fd> open_below(int root, const char* path, int flags,
                          std::uint64_t boundary);  // O_CLOEXEC is added

// "/a/./b//../c" -> "/a/c": by the text alone, always absolute, never above "/".
std::string clean_path(std::string_view path);

}  // namespace podo::linux
