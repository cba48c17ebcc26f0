#include "container/rootfs/mount_target.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "base/linux/path.h"

namespace podo::runtime {

namespace {

// Links of an image may lead to each other for ever; the kernel's own walks stop at 40.
constexpr int links_max = 40;

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}
std::string_view name_of_last(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Result<io::Fd> find(int root, const std::string& path, TargetKind kind) {
  return linux::open_below(root, path.c_str(), O_PATH | (kind == TargetKind::directory ? O_DIRECTORY : 0),
                           linux::in_root);
}

// The path that a symlink `name` in the directory `path_of_parent` stands for, as the container sees it.
Result<std::string> follow(int parent, std::string_view path_of_parent, const std::string& name) {
  char link[PATH_MAX];
  const ssize_t size = ::readlinkat(parent, name.c_str(), link, sizeof link);
  if (size < 0) return failed_errno(errno, "read the link {}", name);
  const std::string_view to(link, static_cast<std::size_t>(size));
  if (to.starts_with('/')) return std::string(to);
  return text("{}/{}", path_of_parent, to);
}

Result<io::Fd> find_or_create(int root, const std::string& path, TargetKind kind, int links_left) {
  Result<io::Fd> found = find(root, path, kind);
  if (found || found.error().system_errno() != ENOENT || path == "/") return found;

  const std::string above(parent_of(path));
  const io::Fd parent = TRY(find_or_create(root, above, TargetKind::directory, links_left));
  const std::string name(name_of_last(path));
  if (name.empty() || name == "." || name == "..") return find(root, path, kind);  // the walk can pass now

  int made;
  if (kind == TargetKind::directory) {
    made = ::mkdirat(parent.get(), name.c_str(), 0755);
  } else {
    made = ::openat(parent.get(), name.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0644);
    if (made >= 0) ::close(made);
  }
  if (made < 0 && errno != EEXIST) return failed_errno(errno, "create {}", path);

  Result<io::Fd> created =
      linux::open_below(parent.get(), name.c_str(),
                        O_PATH | (kind == TargetKind::directory ? O_DIRECTORY : 0), linux::in_one_mount);
  if (created || created.error().system_errno() != ELOOP) return created;
  if (links_left == 0) return failed_errno(ELOOP, "open {}", path);
  return find_or_create(root, TRY(follow(parent.get(), above, name)), kind, links_left - 1);
}

}  // namespace

Result<io::Fd> open_target(int root, std::string_view path, TargetKind kind) {
  return find_or_create(root, linux::clean_path(path), kind, links_max);
}

Result<io::Fd> open_target_parent(int root, std::string_view path, std::string& name) {
  const std::string clean = linux::clean_path(path);
  name = name_of_last(clean);
  if (name.empty()) return invalid("'{}' names no file", path);
  return find_or_create(root, std::string(parent_of(clean)), TargetKind::directory, links_max);
}

bool is_directory(int fd) {
  struct stat status;
  return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace podo::runtime
