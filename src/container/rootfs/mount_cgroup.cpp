#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/linux/mount.h"
#include "container/rootfs/mount_steps.h"

namespace podo::runtime {

namespace {

// "cpu,cpuacct" at .../cpu,cpuacct: programs look for "cpu" and for "cpuacct".
Result<> link_controllers(int parent, std::string_view controllers, const std::string& directory) {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    const std::string name(controllers.substr(0, comma));
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
    if (name.empty() || name == directory || name.starts_with("name=")) continue;
    if (::symlinkat(directory.c_str(), parent, name.c_str()) != 0 && errno != EEXIST)
      return failed_errno(errno, "symlink {}", name);
  }
  return {};
}

// A copy of the host's mount is of its peer group; a mount of cgroups that a container asks for is its own.
linux::MountAttributes attributes_of(const MountPlan& mount) {
  return {.set = mount.attributes_set, .clear = mount.attributes_clear, .propagation = MS_PRIVATE};
}

// A bind of the container's own directory: with a cgroup namespace /proc/self/mountinfo shows it as the root
// of its hierarchy exactly as a mount of its own would, for a third of the system calls.
Result<> add_hierarchy(const CgroupDirectory& cgroup, int parent) {
  const std::string name = cgroup.mount_point.substr(cgroup.mount_point.rfind('/') + 1);
  const io::Fd tree = TRY(linux::clone_tree(AT_FDCWD, cgroup.path.c_str(), linux::Depth::mount));
  if (::mkdirat(parent, name.c_str(), 0755) != 0) return failed_errno(errno, "mkdir {}", name);
  TRY(linux::attach(tree, parent, name.c_str()));
  return link_controllers(parent, cgroup.controllers, name);
}

Result<io::Fd> mount_legacy(const MountPlan& mount, const std::vector<CgroupDirectory>& cgroups, int target) {
  const io::Fd filesystem = TRY(linux::open_filesystem("tmpfs"));
  TRY(linux::set_parameter(filesystem, "source", "tmpfs"));
  TRY(linux::set_parameter(filesystem, "mode", "755"));
  io::Fd top = TRY(linux::make_mount(filesystem, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  TRY(linux::attach(top, target));
  for (const CgroupDirectory& cgroup : cgroups)
    if (!cgroup.controllers.empty()) TRY_IN(cgroup.path, add_hierarchy(cgroup, top.get()));
  TRY(linux::set_attributes(top.get(), linux::Depth::tree, attributes_of(mount)));
  return top;
}

// Without a cgroup namespace the container sees the whole tree, because /proc/self/cgroup then speaks of the
// whole tree.
Result<io::Fd> mount_unified(const MountPlan& mount, const CgroupDirectory& cgroup, bool own_namespace,
                             int target) {
  const std::string& path = own_namespace ? cgroup.path : cgroup.mount_point;
  Result<io::Fd> tree = linux::clone_tree(AT_FDCWD, path.c_str(), linux::Depth::mount);
  if (!tree) {
    const io::Fd filesystem = TRY(linux::open_filesystem("cgroup2"));
    TRY(linux::set_parameter(filesystem, "source", "cgroup"));
    tree = linux::make_mount(filesystem, 0);
    if (!tree) return tree;
  }
  TRY(linux::set_attributes(tree->get(), linux::Depth::mount, attributes_of(mount)));
  TRY(linux::attach(*tree, target));
  return tree;
}

}  // namespace

Result<io::Fd> mount_cgroups(const MountPlan& mount, const std::vector<CgroupDirectory>& cgroups,
                             bool own_namespace, int target) {
  const auto is_unified = [](const CgroupDirectory& cgroup) { return cgroup.controllers.empty(); };
  const auto unified = std::ranges::find_if(cgroups, is_unified);
  if (unified != cgroups.end() && std::ranges::all_of(cgroups, is_unified))
    return mount_unified(mount, *unified, own_namespace, target);
  return mount_legacy(mount, cgroups, target);
}

}  // namespace podo::runtime
