// The parts of planning, one per plan_*.cpp. Private to those files. `where` is a path in the document, for
// errors.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "container/plan/plan.h"

namespace podo::runtime {

using Warnings = std::vector<std::string>;

Result<NamespacePlan> plan_namespaces(const oci::Linux& config, Warnings& warnings);
Result<std::string> plan_id_map(std::span<const oci::IdMapping> mappings, std::string_view where);
Result<std::vector<MountPlan>> plan_mounts(const oci::Config& config, const NamespacePlan& namespaces,
                                           Warnings& warnings);
Result<std::vector<DevicePlan>> plan_devices(std::span<const oci::Device> devices);
Result<std::vector<oci::NetDevice>> plan_net_devices(std::span<const oci::NetDevice> devices,
                                                     const NamespacePlan& namespaces);
CapabilitySets plan_capabilities(const oci::Capabilities& wanted, const HostFacts& host, Warnings& warnings);
Result<SchedulerPlan> plan_scheduler(const oci::Scheduler& scheduler);
Result<int> plan_io_priority(const oci::IoPriority& priority);
Result<MemoryPolicyPlan> plan_memory_policy(const oci::MemoryPolicy& policy);

// MS_SHARED, MS_SLAVE|MS_REC, ... of "shared", "rslave", ...
std::optional<std::uint64_t> find_propagation(std::string_view name);

// list := [ range *( "," range ) ]   range := number [ "-" number ]       spaces around numbers are skipped
// The result reaches as far as the highest number, which is at most `highest`.
Result<std::vector<bool>> parse_number_list(std::string_view list, std::size_t highest,
                                            std::string_view where);

std::string quoted(std::string_view value);  // in quotes, the end of long ones left out
Result<> check_absolute(std::string_view path, std::string_view where);

struct NamedValue {
  std::string_view name;
  std::uint64_t value;
};
inline const NamedValue* find_named(std::span<const NamedValue> table, std::string_view name) {
  for (const NamedValue& entry : table) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace podo::runtime
