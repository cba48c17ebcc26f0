#include "cluster/volumes/volume_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "container/image/overlay.h"
#include "container/image/tree.h"

namespace podo::volumes {
namespace {

constexpr mode_t parents_mode = 0750, volume_mode = 0777, memory_mode = 01777;

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

mode_t root_mode(mode_t mode, const std::optional<Group>& group) {
  return group ? shared_mode(mode, true, Writable::yes) : mode;
}

Result<io::Fd> open_place(const std::string& path) {
  if (::mkdir(path.c_str(), volume_mode) != 0 && errno != EEXIST)
    return failed_errno(errno, "mkdir {}", path);
  return linux::open_at(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

Result<> share(const io::Fd& mount) {
  return linux::set_attributes(mount.get(), linux::Depth::mount, {.propagation = MS_SHARED});
}

// Mounted upon itself: only what is a mount can pass mounts on.
Result<> share_folder(const std::string& path) {
  if (TRY(image::is_mount_point(path))) return {};
  const io::Fd place = TRY(open_place(path));
  const io::Fd mount = TRY(linux::clone_tree(place.get(), "", linux::Depth::mount));
  TRY(share(mount));
  return linux::attach(mount, place.get());
}

Result<> finish(const std::string& path, const std::optional<Group>& group) {
  const io::Fd folder = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (group && ::fchown(folder.get(), static_cast<uid_t>(-1), group->gid) != 0)
    return failed_errno(errno, "chown {}", path);
  if (::fchmod(folder.get(), root_mode(volume_mode, group)) != 0)
    return failed_errno(errno, "chmod {}", path);
  return {};
}

std::string_view kind_problem(std::string_view type) {
  if (type == "Directory" || type == "DirectoryOrCreate") return "a directory";
  if (type == "File" || type == "FileOrCreate") return "a file";
  if (type == "Socket") return "a socket file";
  return type == "CharDevice" ? "a character device" : "a block device";
}

bool is_kind(mode_t mode, std::string_view type) {
  if (type == "Directory" || type == "DirectoryOrCreate") return S_ISDIR(mode);
  if (type == "File" || type == "FileOrCreate") return S_ISREG(mode);
  if (type == "Socket") return S_ISSOCK(mode);
  return type == "CharDevice" ? S_ISCHR(mode) : S_ISBLK(mode);
}

}  // namespace

Result<> make_disk_folder(const FolderWish& wish) {
  if (::access(wish.path.c_str(), F_OK) != 0) {
    const std::string unfinished = parent_of(wish.path) + "/." + name_of(wish.path);
    TRY(image::make_folders(parent_of(wish.path), parents_mode));
    if (::mkdir(unfinished.c_str(), volume_mode) != 0 && errno != EEXIST)
      return failed_errno(errno, "mkdir {}", unfinished);
    TRY(finish(unfinished, wish.group));
    if (::rename(unfinished.c_str(), wish.path.c_str()) != 0)
      return failed_errno(errno, "rename {}", unfinished);
  }
  return wish.passes_mounts ? share_folder(wish.path) : Result<>();
}

Result<> make_memory_folder(const FolderWish& wish, std::optional<std::uint64_t> bytes_max) {
  if (TRY(image::is_mount_point(wish.path))) return {};
  TRY(image::make_folders(parent_of(wish.path), parents_mode));
  const io::Fd place = TRY(open_place(wish.path));
  const io::Fd filesystem = TRY(linux::open_filesystem("tmpfs"));
  const mode_t mode = root_mode(memory_mode, wish.group);
  TRY(linux::set_parameter(filesystem, "mode", text("{:o}", mode).c_str()));
  if (wish.group) TRY(linux::set_parameter(filesystem, "gid", text("{}", wish.group->gid).c_str()));
  if (bytes_max) TRY(linux::set_parameter(filesystem, "size", text("{}", *bytes_max).c_str()));
  // Secrets are to stay in memory; kernels before 6.4 cannot promise that.
  static_cast<void>(linux::set_parameter(filesystem, "noswap", ""));
  const io::Fd mount = TRY(linux::make_mount(filesystem, 0));
  if (wish.passes_mounts) TRY(share(mount));
  return linux::attach(mount, place.get());
}

Result<> make_bind_folder(const FolderWish& wish, const std::string& source, Writable writable) {
  if (TRY(image::is_mount_point(wish.path))) return {};
  if (::access(source.c_str(), F_OK) != 0) return not_found("path \"{}\" does not exist", source);
  TRY(image::make_folders(parent_of(wish.path), parents_mode));
  const io::Fd place = TRY(open_place(wish.path));
  const io::Fd mount = TRY(linux::clone_tree(AT_FDCWD, source.c_str(), linux::Depth::tree));
  if (writable == Writable::no)
    TRY(linux::set_attributes(mount.get(), linux::Depth::mount, {.set = MOUNT_ATTR_RDONLY}));
  else if (wish.group) TRY(own_tree(text("/proc/self/fd/{}/.", mount.get()), *wish.group, Writable::yes));
  if (wish.passes_mounts) TRY(share(mount));
  return linux::attach(mount, place.get());
}

Result<> check_host_path(const std::string& path, std::string_view type, mode_t made_mode) {
  if (type.empty()) return {};
  struct stat status{};
  const bool there = ::stat(path.c_str(), &status) == 0;
  if (!there && type == "DirectoryOrCreate") {
    TRY(image::make_folders(path, 0755));
    return ::chmod(path.c_str(), made_mode) == 0 ? Result<>() : failed_errno(errno, "chmod {}", path);
  }
  if (!there && type == "FileOrCreate") {
    const io::Fd made = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_CREAT, 0644));
    return ::fchmod(made.get(), 0644) == 0 ? Result<>() : failed_errno(errno, "chmod {}", path);
  }
  if (there && is_kind(status.st_mode, type)) return {};
  return invalid("hostPath type check failed: {} is not {}", path, kind_problem(type));
}

}  // namespace podo::volumes
