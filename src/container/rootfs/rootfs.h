// The container's file tree: mounts, devices, and the way in.
//
//   parent:  prepare_mount_sources()  what only it can open: binds for a user namespace, idmapped trees
//   child:   Rootfs::build()          in the new mount namespace, the host's paths still visible: everything
//                                     is mounted below the root; then createContainer hooks run
//            enter()                  pivot_root: the host's tree is gone
//            seal()                   masked and read-only paths, read-only root, final propagation
//
// Nothing the image contains is trusted: every target is resolved with openat2(RESOLVE_IN_ROOT) below the
// root and mounts are attached to the descriptor that resolution gave (fsopen/open_tree + move_mount), so a
// symlink or a race in the image cannot move a mount elsewhere (CVE-2021-30465, CVE-2025-31133,
// CVE-2025-52565, CVE-2025-52881). Blocking calls, single-threaded, all in the child unless said otherwise.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/core/error.h"
#include "base/core/log.h"
#include "base/io/fd.h"
#include "container/cgroup/cgroup.h"
#include "container/rootfs/mount_target.h"
#include "container/plan/plan.h"

namespace podo::runtime {

struct MountSources {
  std::vector<io::Fd> trees;  // beside Plan::rootfs.mounts; empty Fd: the child opens it by itself
};
Result<MountSources> prepare_mount_sources(const Plan& plan, const std::string& bundle);

struct RootfsContext {
  const Plan* plan;
  std::string bundle;
  MountSources sources;
  std::vector<CgroupDirectory> cgroups;  // for mounts of type cgroup
  bool no_pivot = false;                 // --no-pivot: MS_MOVE + chroot instead (initramfs)
};

class Rootfs {
 public:
  static Result<Rootfs> build(RootfsContext context, Log& log);
  Result<> enter();
  // After open_terminal() (which may have to create /dev/console) and write_sysctls() (/proc/sys becomes
  // read-only).
  Result<> seal();

 private:
  Rootfs(RootfsContext context, Log& log) : context_(std::move(context)), log_(&log) {}

  Result<> open_sources_early();
  Result<> attach_root();
  Result<> add(const MountPlan& mount, io::Fd prepared);
  Result<> change(const MountPlan& mount);
  Result<io::Fd> open_place(const MountPlan& mount, TargetKind kind) const;
  Result<> leave_by_pivot();
  Result<> leave_by_move();
  Result<io::Fd> mount_classic_at(const MountPlan& mount, int target);

  RootfsContext context_;
  io::Fd root_;                         // the container's root directory
  io::Fd host_null_;                    // a detached mount of the host's /dev/null, to mask files with
  std::vector<io::Fd> readonly_later_;  // mounts that others still had to be put into
  Log* log_;
};

// Writes `value` to /proc/sys/NAME resp. /proc/thread-self/attr/...: through a proc file system of our own
// that nothing in the container can have replaced or mounted over.
Result<> write_sysctls(const std::vector<std::pair<std::string, std::string>>& sysctls);
Result<> write_exec_label(const ProcessPlan& process);  // AppArmor, SELinux; nothing to do without labels

}  // namespace podo::runtime
