#include "container/rootfs/rootfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "base/linux/path.h"
#include "container/rootfs/mount_steps.h"
#include "container/rootfs/rootfs_devices.h"

namespace podo::runtime {

namespace {

// Modes of directories and devices are meant exactly.
class UmaskOff {
 public:
  UmaskOff() : before_(::umask(0)) {}
  ~UmaskOff() { ::umask(before_); }
  UmaskOff(const UmaskOff&) = delete;
  UmaskOff& operator=(const UmaskOff&) = delete;

 private:
  mode_t before_;
};

bool is_procfs(int fd) {
  struct statfs status;
  return ::fstatfs(fd, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

// What may cover a single file of /proc: the numbers that lxcfs and its like tell per container.
bool may_cover_in_proc(std::string_view path) {
  constexpr std::array<std::string_view, 11> allowed{"/proc/cpuinfo",
                                                     "/proc/diskstats",
                                                     "/proc/meminfo",
                                                     "/proc/stat",
                                                     "/proc/swaps",
                                                     "/proc/uptime",
                                                     "/proc/loadavg",
                                                     "/proc/slabinfo",
                                                     "/proc/net/dev",
                                                     "/proc/sys/kernel/ns_last_pid",
                                                     "/proc/sys/crypto/fips_enabled"};
  return std::ranges::find(allowed, path) != allowed.end();
}

// A file system of somebody else's on /proc would answer in the kernel's name, to this program too.
// `tree` is the bind source; `target` may be in a proc file system by a link of the image, whatever its path
// says.
Result<> check_proc(const MountPlan& mount, const std::string& path, const io::Fd& tree, int target) {
  if (path == "/proc") {
    const bool is_bind = mount.kind == MountPlan::Kind::bind;
    if (is_bind ? is_procfs(tree.get()) : mount.type == "proc") return {};
    return invalid("only a proc file system may be mounted on /proc");
  }
  if (!is_procfs(target) || may_cover_in_proc(path)) return {};
  return invalid("it is inside a proc file system, where nothing may be mounted");
}

// The mount that holds `directory` stops sharing with the host. Only needed when the host's mounts stay
// shared here.
Result<> make_private_above(const io::Fd& directory) {
  io::Fd here = TRY(linux::open_at(directory.get(), ".", O_PATH | O_DIRECTORY));
  for (;;) {
    struct statx status;
    if (::statx(here.get(), "", AT_EMPTY_PATH, 0, &status) != 0) return failed_errno(errno, "statx");
    if ((status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
      return linux::set_attributes(here.get(), linux::Depth::mount, {.propagation = MS_PRIVATE});
    here = TRY(linux::open_at(here.get(), "..", O_PATH | O_DIRECTORY));
  }
}

// The host's null device, taken while the host's tree is still here: the container's own could be anything.
Result<io::Fd> clone_host_null() {
  io::Fd null = TRY(linux::clone_tree(AT_FDCWD, "/dev/null", linux::Depth::mount));
  struct stat status;
  if (::fstat(null.get(), &status) != 0) return failed_errno(errno, "stat /dev/null");
  if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3))
    return fail(ErrorKind::internal, "the host's /dev/null is not the null device");
  // Read-only: it is the host's file, whose mode and owner the container must not change. Writing to a device
  // stays possible.
  TRY(linux::set_attributes(null.get(), linux::Depth::mount,
                            {.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC}));
  return null;
}

Result<> set_propagation(int tree, const std::vector<std::uint64_t>& propagation) {
  for (const std::uint64_t kind : propagation) {
    const auto depth = (kind & MS_REC) != 0 ? linux::Depth::tree : linux::Depth::mount;
    TRY(linux::set_attributes(tree, depth, {.propagation = kind & ~std::uint64_t{MS_REC}}));
  }
  return {};
}

bool has_host_dev(const std::vector<MountPlan>& mounts) {
  return std::ranges::any_of(mounts, [](const MountPlan& mount) {
    return mount.kind == MountPlan::Kind::bind && linux::clean_path(mount.target) == "/dev";
  });
}

}  // namespace

// A bind of the root on itself: pivot_root wants a mount, and its attributes become the container's own.
Result<> Rootfs::attach_root() {
  const RootfsPlan& plan = context_.plan->rootfs;
  const io::Fd place = TRY(linux::open_at(AT_FDCWD, plan.path.c_str(), O_PATH | O_DIRECTORY));
  if ((plan.propagation & MS_SHARED) == 0)
    TRY(linux::mount_classic(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr));
  else TRY(make_private_above(place));
  root_ = TRY(linux::clone_tree(place.get(), "", linux::Depth::tree));
  if ((plan.propagation & MS_SHARED) != 0)
    TRY(linux::set_attributes(root_.get(), linux::Depth::tree, {.propagation = MS_SLAVE}));
  return linux::attach(root_, place.get());
}

Result<Rootfs> Rootfs::build(RootfsContext context, Log& log) {
  const UmaskOff umask_off;
  Rootfs rootfs(std::move(context), log);
  const RootfsPlan& plan = rootfs.context_.plan->rootfs;
  if (!plan.masked_paths.empty()) rootfs.host_null_ = TRY(clone_host_null());
  std::vector<io::Fd>& trees = rootfs.context_.sources.trees;
  trees.resize(plan.mounts.size());
  if ((plan.propagation & MS_SHARED) != 0) TRY(rootfs.open_sources_early());
  TRY_IN(text("root {}", plan.path), rootfs.attach_root());

  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (plan.mounts[i].remount)
      TRY_IN(text("remount {}", plan.mounts[i].target), rootfs.change(plan.mounts[i]));
    else TRY_IN(text("mount {}", plan.mounts[i].target), rootfs.add(plan.mounts[i], std::move(trees[i])));

  if (!has_host_dev(plan.mounts)) {
    const bool in_user_namespace = rootfs.context_.plan->namespaces.has(CLONE_NEWUSER);
    TRY(make_devices(rootfs.root_.get(), plan.devices, in_user_namespace));
    TRY(make_device_links(rootfs.root_.get()));
  }
  return rootfs;
}

// attach_root() stops the mount that holds the root from sharing. Volumes often come from that same mount,
// and with a shared root they are to share with the host: so they are copied before.
Result<> Rootfs::open_sources_early() {
  const std::vector<MountPlan>& mounts = context_.plan->rootfs.mounts;
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    io::Fd& tree = context_.sources.trees[i];
    if (mounts[i].kind != MountPlan::Kind::bind || tree) continue;
    tree = TRY_IN(text("mount {}", mounts[i].target), open_bind(mounts[i], context_.bundle, -1, log_));
  }
  return {};
}

Result<io::Fd> Rootfs::open_place(const MountPlan& mount, TargetKind kind) const {
  if (mount.type != "proc" && mount.type != "sysfs") return open_target(root_.get(), mount.target, kind);
  // These two are the kernel's word on the machine. Through a link they could be put where they are not
  // expected.
  const std::string path = linux::clean_path(mount.target);
  Result<io::Fd> found =
      linux::open_below(root_.get(), path.c_str(), O_PATH | O_DIRECTORY, linux::in_root_no_links);
  if (!found && found.error().system_errno() == ELOOP)
    return invalid("{} is a symbolic link: {} needs a real directory", mount.target, mount.type);
  if (!found && found.error().system_errno() == ENOENT) return open_target(root_.get(), mount.target, kind);
  return found;
}

// Every target is looked up from the root again: an earlier mount may be on its way.
Result<> Rootfs::add(const MountPlan& mount, io::Fd tree) {
  const std::string path = linux::clean_path(mount.target);
  if (path.starts_with("/proc/") && !may_cover_in_proc(path))
    return invalid("it is inside /proc, where nothing may be mounted");
  const bool is_bind = mount.kind == MountPlan::Kind::bind;
  if (is_bind && !tree) tree = TRY(open_bind(mount, context_.bundle, -1, log_));
  const bool on_file = is_bind && !is_directory(tree.get());
  const io::Fd target = TRY(open_place(mount, on_file ? TargetKind::file : TargetKind::directory));
  TRY(check_proc(mount, path, tree, target.get()));

  if (mount.kind == MountPlan::Kind::cgroup) {
    const bool own_namespace = context_.plan->namespaces.has(CLONE_NEWCGROUP);
    tree = TRY(mount_cgroups(mount, context_.cgroups, own_namespace, target.get()));
  } else if (needs_classic(mount)) {
    tree = TRY(mount_classic_at(mount, target.get()));
  } else {
    if (!is_bind) tree = TRY(make_filesystem(mount, context_.plan->rootfs.mount_label, target.get()));
    if (mount.copy_up) TRY_IN("tmpcopyup", copy_tree(target.get(), tree.get()));
    TRY(linux::attach(tree, target.get()));
  }
  TRY(set_propagation(tree.get(), mount.propagation));
  if (path == "/") root_ = TRY(linux::open_at(tree.get(), ".", O_PATH | O_DIRECTORY));
  const bool is_tmpfs = mount.kind == MountPlan::Kind::filesystem && mount.type == "tmpfs";
  if (is_tmpfs && (mount.attributes_set & MOUNT_ATTR_RDONLY) != 0) readonly_later_.push_back(std::move(tree));
  return {};
}

// "remount": the kernel refuses (EINVAL) where nothing is mounted.
Result<> Rootfs::change(const MountPlan& mount) {
  if (!mount.parameters.empty()) {
    return unsupported("the option {} of a file system that is mounted already", mount.parameters[0].first);
  }
  const std::string path = linux::clean_path(mount.target);
  const io::Fd mounted = TRY(linux::open_below(root_.get(), path.c_str(), O_PATH, linux::in_root));
  TRY(apply_attributes(mounted.get(), mount, log_));
  return set_propagation(mounted.get(), mount.propagation);
}

Result<io::Fd> Rootfs::mount_classic_at(const MountPlan& mount, int target) {
  TRY(mount_filesystem_classic(mount, context_.plan->rootfs.mount_label, target));
  io::Fd mounted = TRY(open_target(root_.get(), mount.target, TargetKind::directory));
  TRY(apply_attributes(mounted.get(), mount, log_));
  return mounted;
}

}  // namespace podo::runtime
