// ready_mounts(): from a mount point to a path on the host that stays what it is while the container runs.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "base/linux/path.h"
#include "container/volumes/file_tree.h"
#include "container/volumes/mounts_resolve.h"
#include "container/volumes/volume_mount.h"

namespace podo::engine {
namespace {

constexpr std::string_view own_prefix = "mount-";  // folder/mount-3
constexpr std::size_t mountinfo_bytes_max = 16u << 20;

Result<> make_target(const std::string& path, bool is_folder) {
  if (is_folder) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed_errno(errno, "mkdir {}", path);
    return {};
  }
  TRY(linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
  return {};
}

// What is at the subpath now gets a mount of its own: should the path lead elsewhere later, the mount does
// not.
Result<std::string> pin_subpath(const MountPoint& point, const std::string& target) {
  const io::Fd volume =
      TRY(linux::open_at(AT_FDCWD, point.source.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
  const auto inner = linux::open_below(volume.get(), point.subpath.c_str(), O_PATH, linux::in_root_no_links);
  if (!inner) {
    return Failure(
        Error(inner.error()).within(text("cannot access path {} of volume {}", point.subpath, point.name)));
  }
  struct stat status{};
  if (::fstat(inner->get(), &status) != 0) return failed_errno(errno, "stat {}", point.subpath);
  if (is_mount_point(target)) TRY(linux::unmount(target.c_str(), MNT_DETACH));
  TRY(make_target(target, S_ISDIR(status.st_mode)));
  const io::Fd tree = TRY(linux::clone_tree(inner->get(), "", linux::Depth::tree));
  const io::Fd place = TRY(linux::open_at(AT_FDCWD, target.c_str(), O_PATH | O_NOFOLLOW));
  TRY(linux::attach(tree, place.get()));
  return target;
}

std::string_view word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view found = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return found;
}

struct HostMount {
  std::string_view at = "/";
  bool shared = false, slave = false;
};

// The mount that a path of the host lies on: the deepest that contains it, of several there the last.
HostMount mount_of(std::string_view mountinfo, std::string_view path) {
  HostMount best;
  while (!mountinfo.empty()) {
    const std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    std::string_view line = mountinfo.substr(0, end);
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    for (int i = 0; i < 4; ++i) word(line);  // id, parent, device, root
    const std::string_view at = word(line);
    const bool contains = path == at || at == "/" || (path.starts_with(at) && path[at.size()] == '/');
    if (!contains || at.size() < best.at.size()) continue;
    best = {.at = at};
    word(line);  // options
    for (std::string_view field = word(line); !field.empty() && field != "-"; field = word(line)) {
      best.shared |= field.starts_with("shared:");
      best.slave |= field.starts_with("master:");
    }
  }
  return best;
}

// A mount passes on (shared) or receives (slave) only what its place on the host passes on.
Result<> check_propagation(const MountPoint& point) {
  const bool shared = point.propagation.ends_with("shared"), slave = point.propagation.ends_with("slave");
  if (!shared && !slave) return {};
  const std::string mountinfo = TRY(linux::read_file("/proc/self/mountinfo", mountinfo_bytes_max));
  const HostMount on = mount_of(mountinfo, point.source);
  if (shared && !on.shared)
    return invalid("path {} is mounted on {} but it is not a shared mount", point.source, on.at);
  if (slave && !on.shared && !on.slave)
    return invalid("path {} is mounted on {} but it is not a shared or slave mount", point.source, on.at);
  return {};
}

Result<ReadyMount> ready_one(const MountPoint& point, const std::string& own_target) {
  ReadyMount ready{.point = point, .source = point.source};
  if (point.type == "tmpfs") return ready;
  if (!point.subpath.empty()) {
    ready.source = TRY(pin_subpath(point, own_target));
    return ready;
  }
  if (::access(point.source.c_str(), F_OK) != 0) {
    return invalid("invalid mount config for type \"{}\": bind source path does not exist: {}", point.type,
                   point.source);
  }
  TRY(check_propagation(point));
  return ready;
}

}  // namespace

Result<std::vector<ReadyMount>> ready_mounts(std::span<const MountPoint> mounts, const std::string& folder) {
  std::vector<ReadyMount> ready;
  for (std::size_t i = 0; i < mounts.size(); ++i)
    ready.push_back(TRY(ready_one(mounts[i], text("{}/{}{}", folder, own_prefix, i))));
  return ready;
}

void release_mounts(const std::string& folder) {
  const auto top = linux::open_at(AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (!top) return;
  const auto names = names_in(top->get());
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.starts_with(own_prefix) && name != "shm") continue;
    const std::string path = folder + "/" + name;
    while (is_mount_point(path)) {
      if (!linux::unmount(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW)) break;
    }
    if (::rmdir(path.c_str()) != 0) ::unlink(path.c_str());
  }
}

Result<std::string> make_shm(const std::string& folder, std::int64_t bytes) {
  const std::string path = folder + "/shm";
  TRY(make_target(path, true));
  if (is_mount_point(path)) return path;
  TRY(linux::mount_classic("shm", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                           text("mode=1777,size={}", bytes).c_str()));
  return path;
}

}  // namespace podo::engine
