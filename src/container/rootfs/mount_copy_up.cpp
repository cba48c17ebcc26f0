// tmpcopyup: a tmpfs starts with what the image has in that directory.
//
// The image is not trusted, so nothing is opened by a path: every step is one name in a directory already
// open, without following links. Kept are files, directories, symlinks, devices and fifos with mode, owner,
// times and extended attributes. Mounts below the directory are not entered: they belong to nobody's image.
#include <dirent.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <climits>
#include <memory>

#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/rootfs/mount_steps.h"

namespace podo::runtime {

namespace {

// Deeper trees are no image's; the recursion and its descriptors stay bounded.
constexpr int depth_max = 64;

Result<> copy_directory(int from, int to, int depth);

// Labels and capabilities travel; what tmpfs cannot hold is left, as cp -a does.
Result<> copy_attributes(int from, int to) {
  char names[4096];
  const ssize_t size = ::flistxattr(from, names, sizeof names);
  for (const char* name = names; name < names + size; name += std::string_view(name).size() + 1) {
    char value[4096];
    const ssize_t length = ::fgetxattr(from, name, value, sizeof value);
    if (length < 0 || ::fsetxattr(to, name, value, static_cast<std::size_t>(length), 0) == 0) continue;
    if (errno != EOPNOTSUPP && errno != EPERM) return failed_errno(errno, "set the attribute {}", name);
  }
  return {};
}

// In a user namespace that does not know the owner the copy stays ours.
Result<> copy_owner(int to, const char* name, const struct stat& status) {
  if (::fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) == 0) return {};
  if (errno == EINVAL || errno == EPERM) return {};
  return failed_errno(errno, "chown");
}

// The owner first: a change of owner takes set-user-id and capabilities away.
Result<> copy_status(int from, int to, const struct stat& status) {
  TRY(copy_owner(to, "", status));
  if (::fchmod(to, status.st_mode & 07777u) != 0) return failed_errno(errno, "chmod");
  TRY(copy_attributes(from, to));
  const struct timespec times[] = {status.st_atim, status.st_mtim};
  if (::futimens(to, times) != 0) return failed_errno(errno, "set the times");
  return {};
}

Result<> copy_content(int from, int to) {
  for (;;) {
    const ssize_t count = ::sendfile(to, from, nullptr, 1 << 20);
    if (count == 0) return {};
    if (count < 0 && errno != EINTR) return failed_errno(errno, "copy");
  }
}

Result<> copy_file(int from, int to, const char* name) {
  // Non-blocking: should the file have become a fifo meanwhile, nobody waits for its writer.
  const io::Fd source =
      TRY(linux::open_below(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, linux::in_one_mount));
  struct stat status;
  if (::fstat(source.get(), &status) != 0) return failed_errno(errno, "stat");
  if (!S_ISREG(status.st_mode)) return failed_errno(EINVAL, "no longer a file");
  const io::Fd copy = TRY(linux::open_at(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  TRY(copy_content(source.get(), copy.get()));
  return copy_status(source.get(), copy.get(), status);
}

Result<> copy_subdirectory(int from, int to, const char* name, int depth) {
  if (depth >= depth_max) return fail(ErrorKind::exhausted, text("deeper than {} directories", depth_max));
  const io::Fd source =
      TRY(linux::open_below(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, linux::in_one_mount));
  if (::mkdirat(to, name, 0700) != 0) return failed_errno(errno, "mkdir");
  const io::Fd copy = TRY(linux::open_at(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return copy_directory(source.get(), copy.get(), depth + 1);
}

Result<> copy_link(int from, int to, const char* name, const struct stat& status) {
  char target[PATH_MAX + 1];
  const ssize_t size = ::readlinkat(from, name, target, PATH_MAX);
  if (size < 0) return failed_errno(errno, "readlink");
  target[size] = '\0';
  if (::symlinkat(target, to, name) != 0) return failed_errno(errno, "symlink");
  return copy_owner(to, name, status);
}

Result<> copy_node(int to, const char* name, const struct stat& status) {
  if (::mknodat(to, name, status.st_mode, status.st_rdev) != 0) return failed_errno(errno, "mknod");
  return copy_owner(to, name, status);
}

Result<> copy_entry(int from, int to, const char* name, dev_t device, int depth) {
  struct stat status;
  if (::fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return failed_errno(errno, "stat");
  if (status.st_dev != device) return {};
  switch (status.st_mode & S_IFMT) {
    case S_IFREG: return copy_file(from, to, name);
    case S_IFDIR: return copy_subdirectory(from, to, name, depth);
    case S_IFLNK: return copy_link(from, to, name, status);
    case S_IFSOCK: return {};  // means nothing without its process
    default: return copy_node(to, name, status);
  }
}

Result<> copy_directory(int from, int to, int depth) {
  struct stat status;
  if (::fstat(from, &status) != 0) return failed_errno(errno, "stat");
  io::Fd listed = TRY(linux::open_at(from, ".", O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(listed.get()), ::closedir);
  if (entries == nullptr) return failed_errno(errno, "list");
  listed.release();  // closedir() closes it
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    TRY_IN(name, copy_entry(from, to, entry->d_name, status.st_dev, depth));
  }
  return copy_status(from, to, status);
}

}  // namespace

Result<> copy_tree(int from, int to) {
  // O_PATH descriptors can neither list nor change: "." reopens what they refer to.
  const io::Fd source = TRY(linux::open_at(from, ".", O_RDONLY | O_DIRECTORY));
  const io::Fd target = TRY(linux::open_at(to, ".", O_RDONLY | O_DIRECTORY));
  return copy_directory(source.get(), target.get(), 0);
}

}  // namespace podo::runtime
