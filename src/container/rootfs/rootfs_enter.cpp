#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "container/rootfs/rootfs.h"

namespace podo::runtime {

namespace {

struct MountedPath {
  std::string path, type;
};

// mountinfo := id parent dev root PATH options optional* "-" TYPE source options; blanks in PATH are \040
// (octal)
std::vector<MountedPath> parse_mountinfo(std::string_view mountinfo) {
  std::vector<MountedPath> mounts;
  while (!mountinfo.empty()) {
    const std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    std::string_view line = mountinfo.substr(0, end);
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    for (int field = 0; field < 4; ++field) line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
    const std::string_view escaped = line.substr(0, line.find(' '));
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    line.remove_prefix(dash + 3);
    MountedPath& mount = mounts.emplace_back("", std::string(line.substr(0, line.find(' '))));
    for (std::size_t i = 0; i < escaped.size(); ++i) {
      if (escaped[i] == '\\' && i + 3 < escaped.size()) {
        mount.path.push_back(static_cast<char>((escaped[i + 1] - '0') * 64 + (escaped[i + 2] - '0') * 8 +
                                               (escaped[i + 3] - '0')));
        i += 3;
      } else {
        mount.path.push_back(escaped[i]);
      }
    }
  }
  return mounts;
}

// Without pivot_root the host's tree stays mounted below ours. Its proc and sysfs are complete and unmasked,
// and would let the container mount complete ones of its own; so they go, or are covered where they are
// locked.
Result<> remove_host_proc_and_sys(std::string_view root) {
  const std::string mountinfo = TRY(linux::read_file("/proc/self/mountinfo", 64 << 20));
  std::vector<MountedPath> mounts = parse_mountinfo(mountinfo);
  std::ranges::reverse(mounts);  // what is mounted on another one first
  for (const auto& [path, type] : mounts) {
    if (type != "proc" && type != "sysfs") continue;
    if (path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/')) continue;
    const Result<> gone = linux::unmount(path.c_str(), MNT_DETACH);
    if (gone || gone.error().system_errno() == ENOENT) continue;
    TRY(linux::mount_classic("tmpfs", path.c_str(), "tmpfs", MS_RDONLY, "nr_inodes=1,size=4k"));
  }
  return {};
}

}  // namespace

Result<> Rootfs::leave_by_move() {
  if (::fchdir(root_.get()) != 0) return failed_errno(errno, "fchdir");
  char root[PATH_MAX];
  if (::getcwd(root, sizeof root) == nullptr) return failed_errno(errno, "getcwd");
  TRY(remove_host_proc_and_sys(root));
  const io::Fd host = TRY(linux::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  TRY(linux::attach(root_, host.get()));
  if (::chroot(".") != 0) return failed_errno(errno, "chroot");
  return {};
}

// pivot_root(".", ".") puts the old root on top of the new one, so that no directory for it is needed in the
// image; umount2(2) of "." then takes the upper one of the two.
Result<> Rootfs::leave_by_pivot() {
  io::Fd host;
  const bool host_is_shared = (context_.plan->rootfs.propagation & MS_SHARED) != 0;
  if (host_is_shared) host = TRY(linux::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  if (::fchdir(root_.get()) != 0) return failed_errno(errno, "fchdir");
  TRY(linux::pivot_root(".", "."));
  // The unmounting must not reach the host's namespace.
  if (host_is_shared) TRY(linux::set_attributes(host.get(), linux::Depth::tree, {.propagation = MS_SLAVE}));
  return linux::unmount(".", MNT_DETACH);
}

Result<> Rootfs::enter() {
  if (context_.no_pivot) TRY_IN("enter the root by moving it", leave_by_move());
  else TRY_IN("enter the root", leave_by_pivot());
  if (::chdir("/") != 0) return failed_errno(errno, "chdir /");
  return {};
}

}  // namespace podo::runtime
