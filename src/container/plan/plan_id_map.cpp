// User namespace maps (user_namespaces(7)): checked here, because the kernel only says EINVAL.
#include <algorithm>

#include "container/plan/plan_parts.h"

namespace podo::runtime {
namespace {

constexpr std::size_t lines_max = 340;  // UID_GID_MAP_MAX_EXTENTS of the kernel

Result<> check_range(std::uint32_t first, std::uint32_t size, std::string_view where, std::size_t index) {
  if (size == 0) return invalid("{}[{}].size: is 0", where, index);
  // 2^32-1 is no id: it means "leave unchanged".
  if (std::uint64_t{first} + size > UINT32_MAX)
    return invalid("{}[{}]: goes beyond the highest id", where, index);
  return {};
}

Result<> check_overlap(std::vector<oci::IdMapping> mappings, std::uint32_t oci::IdMapping::* first,
                       std::string_view side, std::string_view where) {
  std::ranges::sort(mappings, {}, first);
  for (std::size_t i = 1; i < mappings.size(); ++i) {
    const oci::IdMapping& before = mappings[i - 1];
    if (before.*first + before.size > mappings[i].*first) {
      return invalid("{}: two entries map {} id {}", where, side, mappings[i].*first);
    }
  }
  return {};
}

}  // namespace

Result<std::string> plan_id_map(std::span<const oci::IdMapping> mappings, std::string_view where) {
  if (mappings.size() > lines_max)
    return invalid("{}: {} entries, the kernel takes {}", where, mappings.size(), lines_max);
  std::string map;
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    const oci::IdMapping& mapping = mappings[i];
    TRY(check_range(mapping.container_id, mapping.size, where, i));
    TRY(check_range(mapping.host_id, mapping.size, where, i));
    map += text("{} {} {}\n", mapping.container_id, mapping.host_id, mapping.size);
  }
  const std::vector<oci::IdMapping> copy(mappings.begin(), mappings.end());
  TRY(check_overlap(copy, &oci::IdMapping::container_id, "container", where));
  TRY(check_overlap(copy, &oci::IdMapping::host_id, "host", where));
  return map;
}

}  // namespace podo::runtime
