// The body of GET /containers/{id}/stats, one sample: what Docker 28 says, from what the runtime says
// (container/cgroup/cgroup_stats.h), in the members of cgroup v1 or v2. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "container/config/container.h"
#include "container/config/runtime_config.h"
#include "container/network/networks.h"

namespace podo::engine {

struct StatsInput {
  std::string_view usage;           // runtime::cgroup_statistics(); "" for a container that does not run
  std::uint64_t system_cpu_ns = 0;  // system_cpu_time()
  Wall now;
  std::span<const network::Networks::Counters> networks;
};
// `previous` is the sample before, as text, or "": its cpu_stats become precpu_stats. `cgroup_v2` tells which
// members there are.
Result<std::string> make_stats(const Container& container, const Machine& machine, const StatsInput& input,
                               std::string_view previous);

std::uint64_t system_cpu_time();  // of all processors since boot, from /proc/stat

}  // namespace podo::engine
