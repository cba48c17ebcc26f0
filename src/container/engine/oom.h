// Whether something in a container's control groups was killed because its memory was at its limit.
#pragma once

#include <span>

#include "container/cgroup/cgroup.h"

namespace podo::engine {

// Blocking, small files. False where the host has no memory control.
bool oom_killed(std::span<const runtime::CgroupDirectory> directories);

}  // namespace podo::engine
