// `mounts` (config.md#mounts, config.md#linux-mount-options): options become mount attributes, propagation
// and parameters.
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>

#include "container/plan/plan_parts.h"

namespace podo::runtime {
namespace {

// What an option does. `recursive_...` are the same for the whole tree. An access time mode
// (MOUNT_ATTR__ATIME) is one of three values, so to set one is to clear the field first.
enum class Does : std::uint8_t {
  nothing,  // the default, or meaningless to a kernel
  set,
  clear,
  access_time,
  not_access_time,
  recursive_set,
  recursive_clear,
  recursive_access_time,
  recursive_not_access_time,
  propagate,
  superblock,  // of the file system, not of the mount: a flag parameter
  bind,
  recursive_bind,
  remount,
  copy_up,
  idmap,
  recursive_idmap,
};
struct Option {
  std::string_view name;
  Does does;
  std::uint64_t bits = 0;
};

// Sorted by name. What is not here is a parameter of the file system.
constexpr Option options[] = {
    {"async", Does::superblock},
    {"atime", Does::not_access_time, MOUNT_ATTR_NOATIME},
    {"bind", Does::bind},
    {"defaults", Does::nothing},
    {"dev", Does::clear, MOUNT_ATTR_NODEV},
    {"diratime", Does::clear, MOUNT_ATTR_NODIRATIME},
    {"dirsync", Does::superblock},
    {"exec", Does::clear, MOUNT_ATTR_NOEXEC},
    {"idmap", Does::idmap},
    {"iversion", Does::nothing},  // file systems decide that by themselves
    {"lazytime", Does::superblock},
    {"loud", Does::nothing},
    {"mand", Does::superblock},
    {"noatime", Does::access_time, MOUNT_ATTR_NOATIME},
    {"nodev", Does::set, MOUNT_ATTR_NODEV},
    {"nodiratime", Does::set, MOUNT_ATTR_NODIRATIME},
    {"noexec", Does::set, MOUNT_ATTR_NOEXEC},
    {"noiversion", Does::nothing},
    {"nolazytime", Does::superblock},
    {"nomand", Does::superblock},
    {"norelatime", Does::nothing},  // relatime is the default that is left for another mode only
    {"nostrictatime", Does::not_access_time, MOUNT_ATTR_STRICTATIME},
    {"nosuid", Does::set, MOUNT_ATTR_NOSUID},
    {"nosymfollow", Does::set, MOUNT_ATTR_NOSYMFOLLOW},
    {"private", Does::propagate, MS_PRIVATE},
    {"ratime", Does::recursive_not_access_time, MOUNT_ATTR_NOATIME},
    {"rbind", Does::recursive_bind},
    {"rdev", Does::recursive_clear, MOUNT_ATTR_NODEV},
    {"rdiratime", Does::recursive_clear, MOUNT_ATTR_NODIRATIME},
    {"relatime", Does::access_time, MOUNT_ATTR_RELATIME},
    {"remount", Does::remount},
    {"rexec", Does::recursive_clear, MOUNT_ATTR_NOEXEC},
    {"ridmap", Does::recursive_idmap},
    {"rnoatime", Does::recursive_access_time, MOUNT_ATTR_NOATIME},
    {"rnodev", Does::recursive_set, MOUNT_ATTR_NODEV},
    {"rnodiratime", Does::recursive_set, MOUNT_ATTR_NODIRATIME},
    {"rnoexec", Does::recursive_set, MOUNT_ATTR_NOEXEC},
    {"rnorelatime", Does::nothing},
    {"rnostrictatime", Does::recursive_not_access_time, MOUNT_ATTR_STRICTATIME},
    {"rnosuid", Does::recursive_set, MOUNT_ATTR_NOSUID},
    {"rnosymfollow", Does::recursive_set, MOUNT_ATTR_NOSYMFOLLOW},
    {"ro", Does::set, MOUNT_ATTR_RDONLY},
    {"rprivate", Does::propagate, MS_PRIVATE | MS_REC},
    {"rrelatime", Does::recursive_access_time, MOUNT_ATTR_RELATIME},
    {"rro", Does::recursive_set, MOUNT_ATTR_RDONLY},
    {"rrw", Does::recursive_clear, MOUNT_ATTR_RDONLY},
    {"rshared", Does::propagate, MS_SHARED | MS_REC},
    {"rslave", Does::propagate, MS_SLAVE | MS_REC},
    {"rstrictatime", Does::recursive_access_time, MOUNT_ATTR_STRICTATIME},
    {"rsuid", Does::recursive_clear, MOUNT_ATTR_NOSUID},
    {"rsymfollow", Does::recursive_clear, MOUNT_ATTR_NOSYMFOLLOW},
    {"runbindable", Does::propagate, MS_UNBINDABLE | MS_REC},
    {"rw", Does::clear, MOUNT_ATTR_RDONLY},
    {"shared", Does::propagate, MS_SHARED},
    {"silent", Does::nothing},
    {"slave", Does::propagate, MS_SLAVE},
    {"strictatime", Does::access_time, MOUNT_ATTR_STRICTATIME},
    {"suid", Does::clear, MOUNT_ATTR_NOSUID},
    {"symfollow", Does::clear, MOUNT_ATTR_NOSYMFOLLOW},
    {"sync", Does::superblock},
    {"tmpcopyup", Does::copy_up},
    {"unbindable", Does::propagate, MS_UNBINDABLE},
};
static_assert(std::ranges::is_sorted(options, {}, &Option::name));

const Option* find_option(std::string_view name) {
  const auto found = std::ranges::lower_bound(options, name, {}, &Option::name);
  return found != std::end(options) && found->name == name ? found : nullptr;
}

// A later option wins over an earlier one.
void change(Does does, std::uint64_t bits, std::uint64_t& set, std::uint64_t& clear) {
  switch (does) {
    case Does::set:
      set |= bits;
      clear &= ~bits;
      break;
    case Does::clear:
      set &= ~bits;
      clear |= bits;
      break;
    case Does::access_time:
      set = (set & ~std::uint64_t{MOUNT_ATTR__ATIME}) | bits;
      clear |= MOUNT_ATTR__ATIME;
      break;
    default:  // not_access_time
      set &= ~bits;
      clear |= MOUNT_ATTR__ATIME;
      break;
  }
}

// The four of the whole tree stand behind the four of one mount, in the same order.
constexpr Does not_recursive(Does does) {
  return static_cast<Does>(static_cast<int>(does) - static_cast<int>(Does::recursive_set) +
                           static_cast<int>(Does::set));
}
static_assert(not_recursive(Does::recursive_not_access_time) == Does::not_access_time);

struct Reading {
  MountPlan plan;
  bool bind = false;
  bool copy_up = false;
};

void add_parameter(std::string_view option, MountPlan& plan) {
  const std::size_t equals = option.find('=');
  if (equals == option.npos) {
    plan.parameters.emplace_back(option, "");
  } else {
    plan.parameters.emplace_back(option.substr(0, equals), option.substr(equals + 1));
  }
}

void apply(const Option& option, Reading& mount) {
  MountPlan& plan = mount.plan;
  switch (option.does) {
    case Does::nothing: break;
    case Does::set:
    case Does::clear:
    case Does::access_time:
    case Does::not_access_time:
      change(option.does, option.bits, plan.attributes_set, plan.attributes_clear);
      break;
    case Does::recursive_set:
    case Does::recursive_clear:
    case Does::recursive_access_time:
    case Does::recursive_not_access_time:
      change(not_recursive(option.does), option.bits, plan.recursive_set, plan.recursive_clear);
      break;
    case Does::propagate: plan.propagation.push_back(option.bits); break;
    case Does::superblock: plan.parameters.emplace_back(option.name, ""); break;
    case Does::bind: mount.bind = true; break;
    case Does::recursive_bind: mount.bind = plan.recursive_bind = true; break;
    case Does::remount: plan.remount = true; break;
    case Does::copy_up: mount.copy_up = true; break;
    case Does::idmap: plan.idmap = MountPlan::Idmap::one; break;
    case Does::recursive_idmap: plan.idmap = MountPlan::Idmap::recursive; break;
  }
}

Result<> read_options(const oci::Mount& mount, std::string_view where, Reading& reading) {
  for (std::size_t i = 0; i < mount.options.size(); ++i) {
    const std::string& option = mount.options[i];
    if (option.empty() || option[0] == '=')
      return invalid("{}.options[{}]: {} has no name", where, i, quoted(option));
    if (option.starts_with("idmap=") || option.starts_with("ridmap=")) {
      return unsupported("{}.options[{}]: {}: maps are given by uidMappings and gidMappings", where, i,
                         quoted(option));
    }
    if (const Option* known = find_option(option)) {
      apply(*known, reading);
    } else {
      add_parameter(option, reading.plan);
    }
  }
  return {};
}

// The mount's own maps, else the container's; maps without the option mean idmap (config.md#mounts).
Result<> plan_idmap(const oci::Mount& mount, const NamespacePlan& namespaces, std::string_view where,
                    MountPlan& plan) {
  if (mount.uid_mappings.empty() != mount.gid_mappings.empty()) {
    return invalid("{}: uidMappings and gidMappings go together", where);
  }
  const bool own = !mount.uid_mappings.empty();
  if (own && plan.idmap == MountPlan::Idmap::none) plan.idmap = MountPlan::Idmap::one;
  if (plan.idmap == MountPlan::Idmap::none) return {};
  if (!own && !namespaces.has(CLONE_NEWUSER))
    return invalid("{}: idmap needs uidMappings or a user namespace", where);
  if (plan.kind != MountPlan::Kind::bind) return unsupported("{}: idmap is for bind mounts", where);
  plan.uid_map = TRY(plan_id_map(mount.uid_mappings, text("{}.uidMappings", where)));
  plan.gid_map = TRY(plan_id_map(mount.gid_mappings, text("{}.gidMappings", where)));
  return {};
}

// What the kernel would silently ignore.
void drop_ineffective(Reading& reading, std::string_view where, Warnings& warnings) {
  MountPlan& plan = reading.plan;
  if (plan.kind == MountPlan::Kind::bind) {
    for (const auto& [name, value] : plan.parameters) {
      warnings.push_back(text("{}.options: {} has no effect on a bind mount", where, quoted(name)));
    }
    plan.parameters.clear();
  }
  plan.copy_up = reading.copy_up && plan.type == "tmpfs";
  if (reading.copy_up && !plan.copy_up)
    warnings.push_back(text("{}.options: tmpcopyup is for tmpfs, not used", where));
}

Result<MountPlan> plan_mount(const oci::Mount& mount, const NamespacePlan& namespaces, std::string_view where,
                             Warnings& warnings) {
  Reading reading;
  MountPlan& plan = reading.plan;
  plan.source = mount.source;
  plan.target = mount.destination;
  plan.type = mount.type;
  if (plan.target.empty()) return invalid("{}.destination: is empty", where);
  if (plan.target[0] != '/') {
    plan.target.insert(0, "/");
    warnings.push_back(
        text("{}.destination: {} is not absolute, taken from /", where, quoted(mount.destination)));
  }
  TRY(read_options(mount, where, reading));
  if (reading.bind || plan.type == "bind" || plan.type == "rbind") {
    plan.kind = MountPlan::Kind::bind;
    plan.recursive_bind |= plan.type == "rbind";
    if (plan.source.empty() && !plan.remount)
      return invalid("{}.source: is empty, there is nothing to bind", where);
  } else if (plan.type == "cgroup" || plan.type == "cgroup2") {
    plan.kind = MountPlan::Kind::cgroup;
  } else if (plan.type.empty() && !plan.remount) {
    return invalid("{}.type: is empty, and no bind option is there", where);
  }
  drop_ineffective(reading, where, warnings);
  TRY(plan_idmap(mount, namespaces, where, plan));
  return std::move(plan);
}

}  // namespace

std::vector<std::string_view> known_mount_options() {
  std::vector<std::string_view> names;
  names.reserve(std::size(options));
  for (const Option& option : options) names.push_back(option.name);
  return names;
}

std::optional<std::uint64_t> find_propagation(std::string_view name) {
  const Option* option = find_option(name);
  if (!option || option->does != Does::propagate) return std::nullopt;
  return option->bits;
}

Result<std::vector<MountPlan>> plan_mounts(const oci::Config& config, const NamespacePlan& namespaces,
                                           Warnings& warnings) {
  std::vector<MountPlan> plan;
  plan.reserve(config.mounts.size());
  for (std::size_t i = 0; i < config.mounts.size(); ++i) {
    plan.push_back(TRY(plan_mount(config.mounts[i], namespaces, text("mounts[{}]", i), warnings)));
  }
  return plan;
}

}  // namespace podo::runtime
