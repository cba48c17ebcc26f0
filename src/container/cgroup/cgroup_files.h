// Reading and writing the files of one control group, relative to its opened directory. Used by the
// cgroup_*.cpp and plan-performing files of this room only. Errors are errno values where the caller decides
// by them.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/core/clock.h"
#include "base/io/fd.h"

namespace podo::runtime {

// The directory itself, never through a symbolic link at its end.
Result<io::Fd> open_group(const std::string& path);

// One write(2) of the whole text; 0 or the errno.
int write_group_file(int group, const char* file, std::string_view text);

// The whole text without the last newline. An absent file is not_found.
Result<std::string> read_group_file(int group, const char* file);

// Every group below (and with) `group` is visited; it may be as deep as the container likes to make it, since
// two descriptors are enough.
class GroupVisitor {
 public:
  virtual ~GroupVisitor() = default;
  virtual Result<> enter(int group) = 0;                          // before its children
  virtual Result<> leave(int parent, const char* name) = 0;  // after its children; not called for the first
};
Result<> walk_groups(io::Fd group, GroupVisitor& visitor);

// Blocks for about this long, for the few things the kernel does not tell of.
void wait_for(Duration time);

}  // namespace podo::runtime
