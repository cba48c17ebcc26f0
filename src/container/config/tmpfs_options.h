// Options of a tmpfs as people give them: "size=64m,mode=1777,exec". Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::engine {

// Docker's own (noexec, nosuid, nodev, rprivate) and these: of what excludes one another (ro, rw) and of each
// key (size=) the last one stays.
std::vector<std::string> merge_tmpfs_options(std::string_view options);
Result<> check_tmpfs_options(std::string_view options);  // `invalid tmpfs option "x"`

}  // namespace podo::engine
