// Linux capabilities by name (capabilities(7)) and as the caller has them. A set is one bit a capability.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::linux {

// "CAP_CHOWN", "CAP_DAC_OVERRIDE", ...: the index is the capability's number. What this program knows,
// whatever the kernel.
std::span<const std::string_view> capability_names();
// Exact: "CAP_KILL".
std::optional<int> find_capability(std::string_view name);
// "CAP_KILL, CAP_MKNOD"; a bit without a name is "capability 63".
std::string name_capabilities(std::uint64_t set);

constexpr std::uint64_t capability_bit(int capability) { return std::uint64_t{1} << capability; }

struct CallerCapabilities {
  std::uint64_t bounding = 0, permitted = 0, effective = 0, inheritable = 0;
  int last = 0;  // the highest capability of the running kernel
};
Result<CallerCapabilities> read_capabilities();  // of the calling thread; without /proc

}  // namespace podo::linux
