#include "base/linux/mount.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

namespace podo::linux {

namespace {

// The file system's own words, each read(2) one message: "e tmpfs: Bad value for 'size'\n" (e error, w
// warning, i information). They replace errno's word, which knows less.
Failure filesystem_failure(const io::Fd& filesystem, int error, std::string what) {
  std::string said;
  char message[512];
  for (ssize_t size; (size = ::read(filesystem.get(), message, sizeof message)) > 0;) {
    std::string_view words(message, static_cast<std::size_t>(size));
    if (words.size() < 3 || words[1] != ' ' || words[0] == 'i') continue;
    words.remove_prefix(2);
    while (words.ends_with('\n')) words.remove_suffix(1);
    if (!said.empty()) said.append("; ");
    said.append(words);
  }
  if (said.empty()) return system_failure(error, std::move(what));
  return system_failure(error, text("{} ({})", what, said));
}

}  // namespace

Result<io::Fd> open_filesystem(const char* type) {
  const int fd = ::fsopen(type, FSOPEN_CLOEXEC);
  if (fd >= 0) return io::Fd(fd);
  if (errno == ENODEV)
    return fail(ErrorKind::unsupported, text("this kernel has no file system '{}'", type), ENODEV);
  return failed_errno(errno, "fsopen {}", type);
}

Result<> set_parameter(const io::Fd& filesystem, const char* key, const char* value) {
  const bool flag = *value == '\0';
  if (::fsconfig(filesystem.get(), flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, key,
                 flag ? nullptr : value, 0) == 0)
    return {};
  const int error = errno;
  return filesystem_failure(filesystem, error,
                            flag ? text("option {}", key) : text("option {}={}", key, value));
}

Result<io::Fd> make_mount(const io::Fd& filesystem, std::uint64_t attributes) {
  if (::fsconfig(filesystem.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    const int error = errno;
    return filesystem_failure(filesystem, error, "create the file system");
  }
  const int fd = ::fsmount(filesystem.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes));
  if (fd >= 0) return io::Fd(fd);
  const int error = errno;
  return filesystem_failure(filesystem, error, "fsmount");
}

Result<io::Fd> clone_tree(int dir, const char* path, Depth depth) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (depth == Depth::tree ? AT_RECURSIVE : 0u) |
                         (*path == '\0' ? AT_EMPTY_PATH : 0u);
  const int fd = ::open_tree(dir, path, flags);
  if (fd < 0) return failed_errno(errno, "open_tree {}", path);
  return io::Fd(fd);
}

Result<> attach(const io::Fd& mount, int target, const char* name) {
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*name == '\0' ? MOVE_MOUNT_T_EMPTY_PATH : 0u);
  if (::move_mount(mount.get(), "", target, name, flags) != 0)
    return failed_errno(errno, "move_mount {}", name);
  return {};
}

Result<> set_attributes(int mount, Depth depth, const MountAttributes& attributes) {
  struct mount_attr change{};
  change.attr_set = attributes.set;
  change.attr_clr = attributes.clear;
  // The times of access are one choice of four: to set one, the kernel wants the old one cleared.
  if ((change.attr_set & MOUNT_ATTR__ATIME) != 0) change.attr_clr |= MOUNT_ATTR__ATIME;
  change.propagation = attributes.propagation;
  if (attributes.user_namespace >= 0)
    change.userns_fd = static_cast<std::uint64_t>(attributes.user_namespace);
  const unsigned flags = AT_EMPTY_PATH | (depth == Depth::tree ? AT_RECURSIVE : 0u);
  if (::mount_setattr(mount, "", flags, &change, sizeof change) != 0)
    return failed_errno(errno, "mount_setattr");
  return {};
}

Result<> mount_classic(const char* source, const char* target, const char* type, unsigned long flags,
                       const char* data) {
  if (::mount(source, target, type, flags, data) != 0) return failed_errno(errno, "mount {}", target);
  return {};
}

Result<> pivot_root(const char* new_root, const char* put_old) {
  if (::syscall(SYS_pivot_root, new_root, put_old) != 0) return failed_errno(errno, "pivot_root");
  return {};
}

Result<> unmount(const char* path, int flags) {
  if (::umount2(path, flags) != 0) return failed_errno(errno, "umount {}", path);
  return {};
}

}  // namespace podo::linux
