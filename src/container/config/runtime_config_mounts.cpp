// `mounts`: Docker's defaults, unless somebody wants something else in their place, then what was asked
// for, so that a mount comes before those inside it.
#include <algorithm>

#include "base/linux/path.h"
#include "container/config/runtime_config_parts.h"
#include "container/config/tmpfs_options.h"

namespace podo::engine {
namespace {

struct Mount {
  std::string destination, type, source;
  std::vector<std::string> options;
  bool wished = true;  // not a default
};
using Mounts = std::vector<Mount>;

const Mount* find(const Mounts& mounts, std::string_view destination) {
  const auto found = std::ranges::find(mounts, destination, &Mount::destination);
  return found == mounts.end() ? nullptr : &*found;
}

Mounts default_mounts(const docker::HostConfig& wish) {
  Mounts mounts = {
      {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {"/dev/pts",
       "devpts",
       "devpts",
       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
      {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
      {"/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "noexec", "nodev"}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
  };
  if (wish.ipc_mode != "none") {
    mounts.push_back({"/dev/shm",
                      "tmpfs",
                      "shm",
                      {"nosuid", "noexec", "nodev", "mode=1777", text("size={}", wish.shm_size)}});
  }
  for (Mount& mount : mounts) mount.wished = false;
  return mounts;
}

Mount bind_of(const ReadyMount& ready) {
  const MountPoint& point = ready.point;
  Mount mount{point.destination, "bind", ready.source, {point.non_recursive ? "bind" : "rbind"}};
  if (!point.read_write) mount.options.emplace_back(point.read_only_non_recursive ? "ro" : "rro");
  if (!point.propagation.empty()) mount.options.push_back(point.propagation);
  return mount;
}

Mount tmpfs_of(const MountPoint& point) {
  return {point.destination, "tmpfs", "tmpfs", merge_tmpfs_options(point.tmpfs_options)};
}

// hosts, hostname and resolv.conf are the engine's unless something else is mounted there.
void add_network_files(const ConfigInput& input, Mounts& mounts) {
  const Container& container = input.container;
  const std::pair<const char*, const std::string&> files[] = {
      {"/etc/resolv.conf", container.resolv_conf_path},
      {"/etc/hostname", container.hostname_path},
      {"/etc/hosts", container.hosts_path}};
  for (const auto& [destination, path] : files) {
    if (path.empty() || find(mounts, destination)) continue;
    Mount mount{destination, "bind", path, {"rbind", "rprivate"}};
    if (container.host_config.readonly_rootfs) mount.options.emplace_back("ro");
    mounts.push_back(std::move(mount));
  }
}

std::size_t depth(std::string_view path) {
  return path == "/" ? 0 : static_cast<std::size_t>(std::ranges::count(path, '/'));
}

Mounts wished_mounts(const ConfigInput& input) {
  Mounts mounts;
  for (const ReadyMount& ready : input.mounts) {
    mounts.push_back(ready.point.type == "tmpfs" ? tmpfs_of(ready.point) : bind_of(ready));
  }
  for (const auto& [destination, options] : input.container.host_config.tmpfs) {
    MountPoint point;
    point.destination = destination;
    point.tmpfs_options = options;
    mounts.push_back(tmpfs_of(point));
  }
  for (Mount& mount : mounts) mount.destination = linux::clean_path(mount.destination);
  add_network_files(input, mounts);
  if (!input.sandbox.shm_folder.empty() && !find(mounts, "/dev/shm"))
    mounts.push_back({"/dev/shm", "bind", input.sandbox.shm_folder, {"rbind", "rprivate"}});
  if (!input.sandbox.init_program.empty())
    mounts.push_back({"/sbin/docker-init", "bind", input.sandbox.init_program, {"bind", "ro"}});
  std::ranges::stable_sort(mounts, {}, [](const Mount& mount) { return depth(mount.destination); });
  return mounts;
}

void make_writable(Mount& mount) { std::erase(mount.options, "ro"); }

void make_readonly(Mount& mount) {
  for (const auto kept : {"/proc", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev"}) {
    if (mount.destination == kept) return;
  }
  if (!mount.wished && std::ranges::find(mount.options, "ro") == mount.options.end())
    mount.options.emplace_back("ro");
}

void write_mount(json::Writer& out, const Mount& mount) {
  out.object().key("destination").string(mount.destination).key("type").string(mount.type);
  out.key("source").string(mount.source);
  write_strings(out, "options", mount.options);
  out.end();
}

}  // namespace

void write_mounts(json::Writer& out, const ConfigInput& input) {
  const docker::HostConfig& wish = input.container.host_config;
  Mounts wished = wished_mounts(input);
  const bool own_dev = find(wished, "/dev") != nullptr;
  Mounts mounts;
  for (Mount& mount : default_mounts(wish)) {
    if (find(wished, mount.destination) || (own_dev && mount.destination.starts_with("/dev/"))) continue;
    mounts.push_back(std::move(mount));
  }
  const auto security = read_security_options(wish);
  const bool writable_cgroups = security && security->writable_cgroups;
  for (Mount& mount : mounts) {
    if (wish.readonly_rootfs) make_readonly(mount);
    if (wish.privileged && mount.destination == "/sys") make_writable(mount);
    if ((wish.privileged || writable_cgroups) && mount.destination == "/sys/fs/cgroup") make_writable(mount);
  }
  out.key("mounts").array();
  for (const Mount& mount : mounts) write_mount(out, mount);
  for (const Mount& mount : wished) write_mount(out, mount);
  out.end();
}

// Mounts that are to reach the container later, or to reach the host from it, pass through its root.
std::string_view root_propagation(std::span<const ReadyMount> mounts) {
  std::string_view wanted;
  for (const ReadyMount& mount : mounts) {
    if (mount.point.propagation.ends_with("shared")) return "shared";
    if (mount.point.propagation.ends_with("slave")) wanted = "rslave";
  }
  return wanted;
}

}  // namespace podo::engine
