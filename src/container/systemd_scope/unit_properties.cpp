#include "container/systemd_scope/unit_properties.h"

#include <algorithm>

#include "base/core/number.h"
#include "container/cgroup/cgroup_values.h"

namespace podo::runtime {
namespace {

constexpr std::uint64_t infinity = UINT64_MAX;
constexpr std::uint64_t default_period_us = 100'000;

struct Number {
  std::string_view file, property;
  std::uint64_t least = 0, most = infinity;  // outside, systemd would refuse the whole unit
};
constexpr Number numbers[] = {
    {"memory.max", "MemoryMax", 1},
    {"memory.high", "MemoryHigh", 1},
    {"memory.low", "MemoryLow"},
    {"memory.min", "MemoryMin"},
    {"memory.swap.max", "MemorySwapMax"},
    {"pids.max", "TasksMax", 1},
    {"cpu.weight", "CPUWeight", 1, 10000},
    {"io.weight", "IOWeight", 1, 10000},
    // v1
    {"memory.limit_in_bytes", "MemoryLimit", 1},
    {"cpu.shares", "CPUShares", 2, 262144},
    {"blkio.weight", "BlockIOWeight", 10, 1000},
};

// All of `text`, or "max", or "-1" for what v1 calls no limit.
std::optional<std::uint64_t> number_of(std::string_view text) {
  if (text == "max" || text == "-1") return infinity;
  return whole_number<std::uint64_t>(text);
}

// systemd keeps whole percents of a CPU in a unit's file: rounded up, the limit it writes is never below
// ours.
std::uint64_t us_per_second(std::uint64_t quota, std::uint64_t period) {
  if (quota == infinity) return infinity;
  constexpr std::uint64_t percent = 10'000;
  const double exact = static_cast<double>(quota) * 1e6 / static_cast<double>(period);
  const auto whole = static_cast<std::uint64_t>(std::min(exact, 9e15));
  return (whole + percent - 1) / percent * percent;
}

// Bit n of the bytes is CPU or node n.
std::vector<std::uint8_t> mask_of(std::string_view list) {
  std::vector<std::uint8_t> mask;
  for (const std::uint64_t number : parse_list(list)) {
    if (number >= 8192) return {};  // more than any kernel is built for
    if (mask.size() <= number / 8) mask.resize(number / 8 + 1);
    mask[number / 8] |= static_cast<std::uint8_t>(1u << (number % 8));
  }
  return mask;
}

class Translation {
 public:
  void add(std::string_view file, std::string_view value) {
    if (file == "cpu.max") return take_bandwidth(value);
    if (file == "cpu.cfs_quota_us") quota_ = number_of(value);
    if (file == "cpu.cfs_period_us") period_ = number_of(value);
    if (file == "cpuset.cpus") take_mask("AllowedCPUs", value);
    if (file == "cpuset.mems") take_mask("AllowedMemoryNodes", value);
    for (const Number& each : numbers) {
      const auto number = each.file == file ? number_of(value) : std::nullopt;
      const bool no_limit = number == infinity && each.most == infinity;
      if (number && (no_limit || (*number >= each.least && *number <= each.most)))
        put(properties_, {std::string(each.property), *number});
    }
  }

  std::vector<dbus::Property> take() {
    const std::uint64_t period = period_.value_or(default_period_us);
    if (quota_ && *quota_ > 0 && period > 0)
      put(properties_, {"CPUQuotaPerSecUSec", us_per_second(*quota_, period)});
    if (period_ && *period_ >= 1000 && *period_ <= 1'000'000)
      put(properties_, {"CPUQuotaPeriodUSec", *period_});
    return std::move(properties_);
  }

 private:
  void take_bandwidth(std::string_view value) {
    quota_ = number_of(take_word(value));
    if (const auto period = number_of(take_word(value))) period_ = period;
  }
  void take_mask(const char* property, std::string_view value) {
    if (auto mask = mask_of(value); !mask.empty()) put(properties_, {property, std::move(mask)});
  }

  std::vector<dbus::Property> properties_;
  std::optional<std::uint64_t> quota_, period_;
};

}  // namespace

void put(std::vector<dbus::Property>& list, dbus::Property property) {
  const auto found = std::ranges::find(list, property.name, &dbus::Property::name);
  if (found == list.end()) list.push_back(std::move(property));
  else *found = std::move(property);
}

std::vector<dbus::Property> limit_properties(std::span<const CgroupWrite> writes) {
  Translation translation;
  for (const CgroupWrite& each : writes) {
    translation.add(each.file, each.value);
    if (each.file.starts_with("io.")) translation.add(each.other_file, each.other_value);
  }
  return translation.take();
}

}  // namespace podo::runtime
