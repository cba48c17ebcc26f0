// oci::Resources as the files that say it: which file of which controller gets which text, in which order.
// Pure: values in, values out. What cgroup v1 and v2 call a setting is in docs/cgroups.md.
//
// Zero counts as "not set" where zero cannot be meant (shares, quota, period, memory, weights): engines write
// such zeroes for options their user did not give.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "model/oci/spec.h"

namespace podo::runtime {

struct CgroupWrite {
  // What it means when the host has no such file or controller.
  enum class Lack : std::uint8_t { error, warning, silent };
  // Writes next to each other with one tie depend on each other's values (a limit and the limit with swap):
  // which may go first depends on what the kernel holds now. One refused with EINVAL is tried again after the
  // others.
  enum class Tie : std::uint8_t { none, memory, bandwidth, realtime };

  std::string controller;            // "memory"; "" for files every v2 group has (cgroup.freeze)
  std::string file, value;
  std::string setting;               // "memory.limit": below linux.resources
  std::string other_file = {}, other_value = {};   // instead, where the host lacks `file`
  Lack lack = Lack::error;
  Tie tie = Tie::none;
};

struct CgroupWarning { std::string controller, message; };

struct CgroupPlan {
  CgroupWrite& add(std::string_view controller, std::string file, std::string value, std::string setting);

  std::vector<CgroupWrite> writes;
  std::vector<CgroupWarning> warnings;             // settings that this version of cgroups has not
  std::optional<std::int64_t> memory_at_most;      // checkBeforeUpdate: refuse when more than this is in use
};

// Whether an optional setting was given and is not the zero that stands for "not given".
template <class T>
bool is_set(const std::optional<T>& value) { return value && *value != 0; }

// Invalid: a value no kernel takes ("blockIO.weight: 5 is not within 10 to 1000").
Result<CgroupPlan> plan_cgroup_v1(const oci::Resources& resources);
Result<CgroupPlan> plan_cgroup_v2(const oci::Resources& resources);

// Whether anything is asked of this controller (v2 name), the unified map included.
bool asks_for(const oci::Resources& resources, std::string_view controller);

// "hugetlb" of "hugetlb.2MB.max"; "" of "cgroup.freeze".
std::string_view controller_of_file(std::string_view file);

// cpu.shares 2..262144 to cpu.weight 1..10000 so that the least, the default (1024, 100) and the most meet;
// between them a parabola in the logarithms. The older straight line gave a default container a weight of 39,
// below everything outside containers (kubernetes KEP-2254 and its correction of 2025; runc 1.3.2 and
// crun 1.23 do the same).
std::uint64_t cpu_weight_of_shares(std::uint64_t shares);

// blkio.weight 10..1000 to io.weight 1..10000, a straight line.
std::uint64_t io_weight_of_blkio(std::uint64_t weight);

// The checks both versions share.
Result<> check_resources(const oci::Resources& resources);

}  // namespace podo::runtime
