#include "container/rootfs/rootfs_devices.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/linux/mount.h"
#include "container/rootfs/mount_target.h"

namespace podo::runtime {

namespace {

bool is_the_device(const struct stat& status, const DevicePlan& device) {
  return (status.st_mode & S_IFMT) == (device.mode & S_IFMT) &&
         (S_ISFIFO(status.st_mode) || status.st_rdev == device.number);
}

Result<> bind_device(int root, const DevicePlan& device) {
  const io::Fd tree = TRY(linux::clone_tree(AT_FDCWD, device.path.c_str(), linux::Depth::mount));
  struct stat status;
  if (::fstat(tree.get(), &status) != 0) return failed_errno(errno, "stat {}", device.path);
  if (!is_the_device(status, device)) return invalid("the host's {} is another device", device.path);
  const io::Fd target = TRY(open_target(root, device.path, TargetKind::file));
  return linux::attach(tree, target.get());
}

Result<> make_node(int parent, const std::string& name, const DevicePlan& device) {
  if (::mknodat(parent, name.c_str(), device.mode, device.number) != 0) {
    if (errno != EEXIST) return failed_errno(errno, "mknod");
    struct stat status;
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return failed_errno(errno, "stat");
    if (!is_the_device(status, device)) return already_exists("there is something else of that name");
    return {};
  }
  if (device.uid == 0 && device.gid == 0) return {};
  if (::fchownat(parent, name.c_str(), device.uid, device.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "chown");
  return {};
}

}  // namespace

Result<> make_devices(int root, const std::vector<DevicePlan>& devices, bool in_user_namespace) {
  std::string directory;
  io::Fd parent;  // kept: nearly all devices are in /dev
  for (const DevicePlan& device : devices) {
    if (device.path == "/dev/ptmx") continue;  // a link to the container's own, see below
    const std::string context = "device " + device.path;
    if (in_user_namespace && !S_ISFIFO(device.mode)) {
      TRY_IN(context, bind_device(root, device));
      continue;
    }
    const std::string above = device.path.substr(0, device.path.rfind('/') + 1);
    std::string name;
    if (!parent || above != directory) parent = TRY_IN(context, open_target_parent(root, device.path, name));
    else name = device.path.substr(above.size());
    directory = above;
    Result<> made = make_node(parent.get(), name, device);
    // Root, but of a user namespace somebody else made.
    if (!made && made.error().system_errno() == EPERM) made = bind_device(root, device);
    TRY_IN(context, std::move(made));
  }
  return {};
}

Result<> make_device_links(int root) {
  struct Link {
    const char* name;
    const char* to;
  };
  constexpr Link links[] = {{"fd", "/proc/self/fd"},
                            {"stdin", "/proc/self/fd/0"},
                            {"stdout", "/proc/self/fd/1"},
                            {"stderr", "/proc/self/fd/2"},
                            {"ptmx", "pts/ptmx"}};
  const io::Fd dev = TRY(open_target(root, "/dev", TargetKind::directory));
  for (const auto& [name, to] : links) {
    if (::symlinkat(to, dev.get(), name) == 0) continue;
    // An image's own link or file of that name stays, but not its ptmx: that would make terminals of another
    // instance.
    if (errno == EEXIST && std::string_view(name) != "ptmx") continue;
    if (errno != EEXIST || ::unlinkat(dev.get(), name, 0) != 0 || ::symlinkat(to, dev.get(), name) != 0)
      return failed_errno(errno, "symlink /dev/{}", name);
  }
  return {};
}

}  // namespace podo::runtime
