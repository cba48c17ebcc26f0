#include "cluster/volumes/sub_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "base/linux/path.h"
#include "container/image/overlay.h"
#include "container/image/tree.h"

namespace podo::volumes {
namespace {

// Links may lead elsewhere in the volume, mounts in it are entered.
constexpr std::uint64_t in_volume = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
constexpr mode_t intermediate_mask = 0755, pins_mode = 0750;

Result<mode_t> mode_of(const io::Fd& folder) {
  struct stat status{};
  if (::fstat(folder.get(), &status) != 0) return failed_errno(errno, "stat a volume");
  return status.st_mode & (S_ISGID | 0777);
}

// One step at a time, each below the volume: a link that is put in the way is looked through again.
Result<io::Fd> make_folders_below(const io::Fd& volume, const std::string& path) {
  const mode_t mode = TRY(mode_of(volume));
  for (std::size_t slash = path.find('/');; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    const bool is_last = slash == path.npos;
    if (auto there = linux::open_below(volume.get(), part.c_str(), O_PATH | O_DIRECTORY, in_volume)) {
      if (is_last) return there;
      continue;
    } else if (there.error().system_errno() != ENOENT) {
      return there;
    }
    const std::size_t name = part.rfind('/') + 1;  // 0 when there is none
    const std::string above = name == 0 ? "." : part.substr(0, name);
    const io::Fd parent =
        TRY(linux::open_below(volume.get(), above.c_str(), O_RDONLY | O_DIRECTORY, in_volume));
    if (::mkdirat(parent.get(), part.c_str() + name, mode & intermediate_mask) != 0)
      return failed_errno(errno, "mkdir {}", part);
    if (!is_last) continue;
    io::Fd made = TRY(image::open_folder(parent.get(), part.c_str() + name));
    if (::fchmod(made.get(), mode) != 0) return failed_errno(errno, "chmod {}", part);
    return made;
  }
}

std::string clean(const std::string& sub_path) {
  const std::string absolute = linux::clean_path(sub_path);
  return absolute == "/" ? "." : absolute.substr(1);
}

Result<bool> is_same(const io::Fd& what, const std::string& target) {
  struct stat wanted{}, there{};
  if (::fstat(what.get(), &wanted) != 0) return failed_errno(errno, "stat a subPath");
  if (::lstat(target.c_str(), &there) != 0) return failed_errno(errno, "stat {}", target);
  return wanted.st_dev == there.st_dev && wanted.st_ino == there.st_ino;
}

Result<> make_target(const std::string& target, bool is_folder) {
  TRY(image::make_folders(target.substr(0, target.rfind('/')), pins_mode));
  struct stat status{};
  if (::lstat(target.c_str(), &status) == 0 && S_ISDIR(status.st_mode) != is_folder &&
      (S_ISDIR(status.st_mode) ? ::rmdir(target.c_str()) : ::unlink(target.c_str())) != 0)
    return failed_errno(errno, "remove {}", target);
  if (is_folder) {
    if (::mkdir(target.c_str(), 0700) != 0 && errno != EEXIST) return failed_errno(errno, "mkdir {}", target);
    return {};
  }
  TRY(linux::open_at(AT_FDCWD, target.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
  return {};
}

}  // namespace

Result<io::Fd> open_or_make_sub_path(const std::string& volume, const std::string& sub_path) {
  const io::Fd top = TRY(linux::open_at(AT_FDCWD, volume.c_str(), O_PATH | O_DIRECTORY));
  const std::string path = clean(sub_path);
  auto found = linux::open_below(top.get(), path.c_str(), O_PATH, in_volume);
  if (found || found.error().system_errno() != ENOENT) return found;
  return make_folders_below(top, path);
}

Result<> pin(const io::Fd& what, const std::string& target) {
  while (TRY(image::is_mount_point(target))) {
    if (TRY(is_same(what, target))) return {};
    TRY(linux::unmount(target.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH));
  }
  struct stat status{};
  if (::fstat(what.get(), &status) != 0) return failed_errno(errno, "stat a subPath");
  TRY(make_target(target, S_ISDIR(status.st_mode)));
  const io::Fd mount = TRY(linux::clone_tree(what.get(), "", linux::Depth::tree));
  const io::Fd place = TRY(linux::open_at(AT_FDCWD, target.c_str(), O_PATH | O_NOFOLLOW));
  return linux::attach(mount, place.get());
}

}  // namespace podo::volumes
