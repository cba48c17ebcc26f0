#include <fcntl.h>
#include <sched.h>
#include <sys/statvfs.h>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "container/rootfs/mount_steps.h"
#include "container/rootfs/rootfs.h"

namespace podo::runtime {

namespace {

// What statvfs(3) tells of a mount, as MOUNT_ATTR_*. Access times are one group: locked, they cannot change
// at all.
std::uint64_t attributes_of(int mount) {
  struct statvfs status;
  if (::fstatvfs(mount, &status) != 0) return 0;
  std::uint64_t attributes = 0;
  if ((status.f_flag & ST_RDONLY) != 0) attributes |= MOUNT_ATTR_RDONLY;
  if ((status.f_flag & ST_NOSUID) != 0) attributes |= MOUNT_ATTR_NOSUID;
  if ((status.f_flag & ST_NODEV) != 0) attributes |= MOUNT_ATTR_NODEV;
  if ((status.f_flag & ST_NOEXEC) != 0) attributes |= MOUNT_ATTR_NOEXEC;
  return attributes;
}

Result<> apply_to_mount(int tree, const MountPlan& mount, Log* log) {
  linux::MountAttributes wanted{.set = mount.attributes_set, .clear = mount.attributes_clear};
  if (wanted.set == 0 && wanted.clear == 0) return {};
  Result<> applied = linux::set_attributes(tree, linux::Depth::mount, wanted);
  if (applied || applied.error().system_errno() != EPERM) return applied;
  // Inside a user namespace the host's own restrictions of a mount are locked. Asking for less restriction is
  // refused; asking for more is granted, and that part is what protects.
  constexpr std::uint64_t access_times = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;
  const std::uint64_t kept = attributes_of(tree) | access_times;
  wanted.clear &= ~kept;
  wanted.set &= ~access_times;
  TRY(linux::set_attributes(tree, linux::Depth::mount, wanted));
  if (log != nullptr)
    log->warn("mount {}: the host's restrictions of {} stay in force", mount.target, mount.source);
  return {};
}

Result<> apply_idmap(int tree, const MountPlan& mount, int user_namespace) {
  const auto depth = mount.idmap == MountPlan::Idmap::recursive ? linux::Depth::tree : linux::Depth::mount;
  TRY_IN("map the ids",
         linux::set_attributes(tree, depth, {.set = MOUNT_ATTR_IDMAP, .user_namespace = user_namespace}));
  return {};
}

// Maps of the mount's own, else those of the container: its namespace is not made yet, but another with the
// same maps does the same.
Result<io::Fd> open_idmap(const MountPlan& mount, const NamespacePlan& namespaces) {
  if (!mount.uid_map.empty() || !mount.gid_map.empty())
    return make_user_namespace(mount.uid_map, mount.gid_map);
  for (const NamespaceJoin& join : namespaces.join) {
    if (join.kind == CLONE_NEWUSER) return linux::open_at(AT_FDCWD, join.path.c_str(), O_RDONLY);
  }
  if (namespaces.uid_map.empty())
    return invalid("an idmap without mappings needs a container with a user namespace");
  return make_user_namespace(namespaces.uid_map, namespaces.gid_map);
}

Result<io::Fd> prepare(const MountPlan& mount, const std::string& bundle, const NamespacePlan& namespaces) {
  io::Fd tree;
  if (mount.idmap == MountPlan::Idmap::none) {
    tree = TRY(open_bind(mount, bundle, -1, nullptr));
  } else {
    if (mount.kind != MountPlan::Kind::bind) return unsupported("ids are mapped for bind mounts only");
    const io::Fd idmap = TRY(open_idmap(mount, namespaces));
    tree = TRY(open_bind(mount, bundle, idmap.get(), nullptr));
  }
  // A copy of a shared mount is its peer: what the container mounts below would appear on the host.
  TRY(linux::set_attributes(tree.get(), linux::Depth::tree, {.propagation = MS_SLAVE}));
  return tree;
}

}  // namespace

Result<> apply_attributes(int tree, const MountPlan& mount, Log* log) {
  TRY(apply_to_mount(tree, mount, log));
  if (mount.recursive_set == 0 && mount.recursive_clear == 0) return {};
  return linux::set_attributes(tree, linux::Depth::tree,
                               {.set = mount.recursive_set, .clear = mount.recursive_clear});
}

Result<io::Fd> open_bind(const MountPlan& mount, const std::string& bundle, int user_namespace, Log* log) {
  const std::string source =
      mount.source.starts_with('/') ? mount.source : text("{}/{}", bundle, mount.source);
  const auto depth = mount.recursive_bind ? linux::Depth::tree : linux::Depth::mount;
  io::Fd tree = TRY(linux::clone_tree(AT_FDCWD, source.c_str(), depth));
  if (user_namespace >= 0) TRY(apply_idmap(tree.get(), mount, user_namespace));
  TRY(apply_attributes(tree.get(), mount, log));
  return tree;
}

Result<MountSources> prepare_mount_sources(const Plan& plan, const std::string& bundle) {
  const bool needs_parent = plan.namespaces.has(CLONE_NEWUSER);
  MountSources sources;
  for (const MountPlan& mount : plan.rootfs.mounts) {
    io::Fd& tree = sources.trees.emplace_back();
    const bool idmapped = mount.idmap != MountPlan::Idmap::none;
    if (mount.remount || (!idmapped && !(needs_parent && mount.kind == MountPlan::Kind::bind))) continue;
    Result<io::Fd> prepared = prepare(mount, bundle, plan.namespaces);
    if (prepared) tree = *std::move(prepared);
    // Without privileges on the host this is for the child, which has them in its own namespaces.
    else if (idmapped || prepared.error().system_errno() != EPERM)
      return Failure(std::move(prepared).error().within(text("mount {}", mount.target)));
  }
  return sources;
}

}  // namespace podo::runtime
