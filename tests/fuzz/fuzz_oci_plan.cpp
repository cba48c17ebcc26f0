// Bytes -> JSON -> config.json -> plan. Nothing may crash, and whatever planning accepts keeps what the
// launch relies on.
#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/core/ensure.h"
#include "container/plan/plan.h"
#include "model/oci/decode.h"

namespace podo {
namespace {

bool is_subset(std::uint64_t part, std::uint64_t whole) { return (part & ~whole) == 0; }

bool has_parent_step(std::string_view path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (path.substr(at, end - at) == "..") return true;
    at = end + 1;
  }
  return false;
}

bool is_whole(std::string_view text) { return text.find('\0') == text.npos; }
bool is_absolute(std::string_view path) { return path.starts_with('/') && is_whole(path); }

void check(const runtime::MountPlan& mount) {
  using Kind = runtime::MountPlan::Kind;
  constexpr std::uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                       MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME |
                                       MOUNT_ATTR_NOSYMFOLLOW;
  ENSURE(is_absolute(mount.target));
  ENSURE(is_whole(mount.source) && is_whole(mount.type));
  ENSURE(is_subset(mount.attributes_set | mount.attributes_clear, attributes));
  ENSURE(is_subset(mount.recursive_set | mount.recursive_clear, attributes));
  // The kernel refuses a part of the access time field, and a bit that is set and cleared (except in that
  // field).
  ENSURE((mount.attributes_set & mount.attributes_clear & ~std::uint64_t{MOUNT_ATTR__ATIME}) == 0);
  ENSURE((mount.attributes_clear & MOUNT_ATTR__ATIME) == 0 ||
         is_subset(MOUNT_ATTR__ATIME, mount.attributes_clear));
  ENSURE((mount.attributes_set & MOUNT_ATTR__ATIME) == 0 ||
         is_subset(MOUNT_ATTR__ATIME, mount.attributes_clear));
  for (const auto& [key, value] : mount.parameters) ENSURE(!key.empty() && is_whole(key) && is_whole(value));
  ENSURE(mount.kind != Kind::bind || mount.parameters.empty());
  ENSURE(mount.kind != Kind::bind || mount.remount || !mount.source.empty());
  ENSURE(mount.idmap == runtime::MountPlan::Idmap::none || mount.kind == Kind::bind);
  ENSURE(mount.uid_map.empty() == mount.gid_map.empty());
}

void check(const runtime::DevicePlan& device) {
  ENSURE(is_absolute(device.path) && !has_parent_step(device.path));
  ENSURE(S_ISCHR(device.mode) || S_ISBLK(device.mode) || S_ISFIFO(device.mode));
}

void check(const runtime::ProcessPlan& process, const runtime::HostFacts& host) {
  ENSURE(!process.args.empty() && !process.args[0].empty());
  ENSURE(is_absolute(process.cwd));
  for (const auto& argument : process.args) ENSURE(is_whole(argument));
  for (const auto& entry : process.env) ENSURE(is_whole(entry) && entry.find('=') != entry.npos);
  for (const auto& limit : process.rlimits) ENSURE(limit.value.rlim_cur <= limit.value.rlim_max);
  ENSURE(host.apparmor || process.apparmor_profile.empty());
  ENSURE(host.selinux || process.selinux_label.empty());
  if (!process.capabilities) return;
  const runtime::CapabilitySets& sets = *process.capabilities;
  const std::uint64_t held = host.bounding_capabilities & host.permitted_capabilities;
  ENSURE(is_subset(sets.bounding, host.bounding_capabilities));
  ENSURE(is_subset(sets.permitted | sets.inheritable, held));
  ENSURE(is_subset(sets.effective, sets.permitted));
  ENSURE(is_subset(sets.ambient, sets.permitted & sets.inheritable));
}

void check(const runtime::NamespacePlan& namespaces) {
  ENSURE(namespaces.has(CLONE_NEWNS));
  ENSURE(namespaces.uid_map.empty() == namespaces.gid_map.empty());
  ENSURE(namespaces.uid_map.empty() == !(namespaces.create & CLONE_NEWUSER));
  std::uint64_t joined = 0;
  for (const auto& join : namespaces.join) {
    ENSURE(is_absolute(join.path));
    ENSURE(((joined | namespaces.create) & join.kind) == 0);
    joined |= join.kind;
  }
}

void check(const runtime::Plan& plan, const runtime::HostFacts& host) {
  check(plan.namespaces);
  ENSURE(is_absolute(plan.rootfs.path));
  for (const auto& mount : plan.rootfs.mounts) check(mount);
  for (const auto& device : plan.rootfs.devices) check(device);
  for (const auto& path : plan.rootfs.masked_paths) ENSURE(is_absolute(path));
  for (const auto& path : plan.rootfs.readonly_paths) ENSURE(is_absolute(path));
  for (const auto& [name, value] : plan.sysctls) {
    ENSURE(name.starts_with("net/") || name.starts_with("fs/mqueue/") || name.starts_with("kernel/"));
    ENSURE(is_whole(name) && !has_parent_step(name));
  }
  ENSURE(plan.cgroups_path.empty() ||
         (is_absolute(plan.cgroups_path) && !has_parent_step(plan.cgroups_path)));
  ENSURE((plan.hostname.empty() && plan.domainname.empty()) || plan.namespaces.has(CLONE_NEWUTS));
  ENSURE(plan.net_devices.empty() || plan.namespaces.has(CLONE_NEWNET));
  if (plan.process)
    check(*plan.process, plan.namespaces.has(CLONE_NEWUSER) ? inside_user_namespace(host) : host);
}

}  // namespace
}  // namespace podo

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo;
  const auto document = json::parse(std::string(reinterpret_cast<const char*>(data), size));
  if (!document) return 0;
  (void)oci::decode_process(*document);
  (void)oci::decode_resources(*document);
  const auto config = oci::decode_config(*document);
  if (!config) return 0;
  runtime::HostFacts host;
  host.bounding_capabilities = 0x1'fffe'ffff'ff;  // without one of the middle
  host.permitted_capabilities = size % 3 == 0 ? 0x1'ffff'ffff : ~0ull;
  host.apparmor = host.selinux = size % 2 == 0;
  if (const auto plan = runtime::plan_container(*config, "/bundle", host)) check(*plan, host);
  return 0;
}
