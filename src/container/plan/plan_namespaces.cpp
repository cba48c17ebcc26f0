// `linux.namespaces`, `uidMappings`, `gidMappings`, `timeOffsets`, `netDevices` (config-linux.md#namespaces
// and the next ones).
#include <sched.h>

#include <algorithm>

#include "container/plan/plan_parts.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace podo::runtime {
namespace {

// In the order of joining: user first, since owning it gives the right to join the others; mount last, since
// paths of namespaces are the host's.
constexpr NamedValue kinds[] = {
    {"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC}, {"network", CLONE_NEWNET},
    {"pid", CLONE_NEWPID},   {"time", CLONE_NEWTIME},     {"uts", CLONE_NEWUTS}, {"mount", CLONE_NEWNS},
};
constexpr std::string_view kind_names[] = {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"};

Result<> add_namespaces(const std::vector<oci::Namespace>& wanted, NamespacePlan& plan) {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const NamedValue* kind = find_named(kinds, wanted[i].type);
    if (!kind) return invalid("linux.namespaces[{}].type: {} is not a namespace", i, quoted(wanted[i].type));
    if (seen & kind->value) return invalid("linux.namespaces[{}]: {} is there twice", i, kind->name);
    seen |= kind->value;
    if (wanted[i].path.empty()) {
      plan.create |= kind->value;
    } else {
      TRY(check_absolute(wanted[i].path, text("linux.namespaces[{}].path", i)));
      plan.join.push_back({kind->value, wanted[i].path});
    }
  }
  const auto rank = [](const NamespaceJoin& join) {
    return std::ranges::find(kinds, join.kind, &NamedValue::value) - std::begin(kinds);
  };
  std::ranges::sort(plan.join, {}, rank);
  return {};
}

// A new user namespace needs both maps. One that is joined has its own: engines that know the other runtimes'
// checks send a map along even so (podman does), so it is only a warning.
Result<> add_id_maps(const oci::Linux& config, NamespacePlan& plan, Warnings& warnings) {
  const bool mapped = !config.uid_mappings.empty() || !config.gid_mappings.empty();
  if (!plan.has(CLONE_NEWUSER)) {
    if (mapped) return invalid("linux.uidMappings, linux.gidMappings: there is no user namespace to map");
    return {};
  }
  std::string uid_map = TRY(plan_id_map(config.uid_mappings, "linux.uidMappings"));
  std::string gid_map = TRY(plan_id_map(config.gid_mappings, "linux.gidMappings"));
  if (!(plan.create & CLONE_NEWUSER)) {
    if (mapped)
      warnings.push_back(
          "linux.uidMappings, linux.gidMappings: not used, the joined user namespace has its own");
    return {};
  }
  if (uid_map.empty()) return invalid("linux.uidMappings: a new user namespace needs them");
  if (gid_map.empty()) return invalid("linux.gidMappings: a new user namespace needs them");
  plan.uid_map = std::move(uid_map);
  plan.gid_map = std::move(gid_map);
  return {};
}

Result<> add_time_offset(const std::optional<oci::TimeOffset>& offset, std::string_view clock,
                         NamespacePlan& plan) {
  if (!offset) return {};
  if (offset->nanosecs >= 1'000'000'000)
    return invalid("linux.timeOffsets.{}.nanosecs: a second or more", clock);
  if (!(plan.create & CLONE_NEWTIME)) {
    return invalid("linux.timeOffsets.{}: needs a new time namespace", clock);
  }
  plan.time_offsets += text("{} {} {}\n", clock, offset->secs, offset->nanosecs);
  return {};
}

// As the kernel checks names (dev_valid_name), and no "%", which it would take for a pattern.
bool is_interface_name(std::string_view name) {
  if (name.empty() || name.size() > 15 || name == "." || name == "..") return false;
  return std::ranges::none_of(
      name, [](unsigned char c) { return c <= ' ' || c == '/' || c == ':' || c == '%' || c == 0x7f; });
}

}  // namespace

bool NamespacePlan::has(std::uint64_t kind) const {
  return (create & kind) != 0 || std::ranges::find(join, kind, &NamespaceJoin::kind) != join.end();
}

std::span<const std::string_view> known_namespaces() { return kind_names; }

Result<NamespacePlan> plan_namespaces(const oci::Linux& config, Warnings& warnings) {
  NamespacePlan plan;
  TRY(add_namespaces(config.namespaces, plan));
  TRY(add_id_maps(config, plan, warnings));
  TRY(add_time_offset(config.monotonic_offset, "monotonic", plan));
  TRY(add_time_offset(config.boottime_offset, "boottime", plan));
  return plan;
}

Result<std::vector<oci::NetDevice>> plan_net_devices(std::span<const oci::NetDevice> devices,
                                                     const NamespacePlan& namespaces) {
  std::vector<oci::NetDevice> plan(devices.begin(), devices.end());
  if (!plan.empty() && !namespaces.has(CLONE_NEWNET))
    return invalid("linux.netDevices: need a network namespace to go to");
  std::vector<std::string_view> inside;
  for (oci::NetDevice& device : plan) {
    if (device.rename.empty()) device.rename = device.name;
    for (const std::string& name : {device.name, device.rename}) {
      if (!is_interface_name(name))
        return invalid("linux.netDevices: {} cannot name a network interface", quoted(name));
    }
    inside.push_back(device.rename);
  }
  std::ranges::sort(inside);
  if (const auto twice = std::ranges::adjacent_find(inside); twice != inside.end()) {
    return invalid("linux.netDevices: two would be named {} in the container", quoted(*twice));
  }
  return plan;
}

}  // namespace podo::runtime
