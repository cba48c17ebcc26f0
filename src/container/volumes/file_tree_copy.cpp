// copy_tree(): one tree into an empty folder.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <map>
#include <vector>

#include "base/linux/file.h"
#include "container/volumes/file_tree.h"

namespace podo::engine {
namespace {

constexpr int deep_max = 4096;
constexpr std::size_t piece_bytes = 1 << 20;

// A name in a folder, through /proc/self/fd: for calls that have no *at form.
std::string by_descriptor(int folder, const std::string& name) {
  return text("/proc/self/fd/{}/{}", folder, name);
}

class Copy {
 public:
  Result<> folder(int from, int to, int deep);

 private:
  Result<> one(int from, int to, const std::string& name, int deep);
  Result<> content(int from, int to, const std::string& name, const struct stat& status, int deep);
  std::map<std::pair<dev_t, ino_t>, std::string> several_;  // files with several names -> one in the copy
  std::vector<std::string> path_;
  int top_ = -1;
};

Result<> copy_bytes(int from, int to) {
  for (;;) {
    const ssize_t count = ::copy_file_range(from, nullptr, to, nullptr, piece_bytes, 0);
    if (count == 0) return {};
    if (count > 0) continue;
    if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
      return failed_errno(errno, "copy a file");
    break;
  }
  std::string buffer(piece_bytes, '\0');
  for (;;) {
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count == 0) return {};
    if (count < 0) return failed_errno(errno, "read");
    for (ssize_t done = 0; done < count;) {
      const ssize_t wrote = ::write(to, buffer.data() + done, static_cast<std::size_t>(count - done));
      if (wrote < 0) return failed_errno(errno, "write");
      done += wrote;
    }
  }
}

// What the file system at the target does not know is left out.
void copy_xattrs(const std::string& from, const std::string& to) {
  std::string names(65536, '\0');
  const ssize_t size = ::llistxattr(from.c_str(), names.data(), names.size());
  for (ssize_t at = 0; at < size;) {
    const char* name = names.data() + at;
    at += static_cast<ssize_t>(std::char_traits<char>::length(name)) + 1;
    std::string value(65536, '\0');
    const ssize_t length = ::lgetxattr(from.c_str(), name, value.data(), value.size());
    if (length >= 0) (void)::lsetxattr(to.c_str(), name, value.data(), static_cast<std::size_t>(length), 0);
  }
}

Result<> copy_owner(int to, const std::string& name, const struct stat& status) {
  if (::fchownat(to, name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "chown {}", name);
  if (!S_ISLNK(status.st_mode) && ::fchmodat(to, name.c_str(), status.st_mode & 07777, 0) != 0)
    return failed_errno(errno, "chmod {}", name);
  return {};
}

Result<> copy_times(int to, const std::string& name, const struct stat& status) {
  const timespec times[2] = {status.st_atim, status.st_mtim};
  if (::utimensat(to, name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "utimens {}", name);
  return {};
}

Result<> copy_link(int from, int to, const std::string& name) {
  std::string target(4096, '\0');
  const ssize_t length = ::readlinkat(from, name.c_str(), target.data(), target.size());
  if (length < 0) return failed_errno(errno, "readlink {}", name);
  target.resize(static_cast<std::size_t>(length));
  if (::symlinkat(target.c_str(), to, name.c_str()) != 0) return failed_errno(errno, "symlink {}", name);
  return {};
}

Result<> Copy::content(int from, int to, const std::string& name, const struct stat& status, int deep) {
  if (S_ISDIR(status.st_mode)) {
    if (::mkdirat(to, name.c_str(), 0700) != 0) return failed_errno(errno, "mkdir {}", name);
    const io::Fd inner_from = TRY(linux::open_at(from, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    const io::Fd inner_to = TRY(linux::open_at(to, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    path_.push_back(name);
    TRY(folder(inner_from.get(), inner_to.get(), deep + 1));
    path_.pop_back();
    return {};
  }
  if (S_ISREG(status.st_mode)) {
    const io::Fd source = TRY(linux::open_at(from, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    const io::Fd copy = TRY(linux::open_at(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    return copy_bytes(source.get(), copy.get());
  }
  if (S_ISLNK(status.st_mode)) return copy_link(from, to, name);
  if (S_ISSOCK(status.st_mode)) return {};
  if (::mknodat(to, name.c_str(), status.st_mode & (S_IFMT | 07777), status.st_rdev) != 0)
    return failed_errno(errno, "mknod {}", name);
  return {};
}

Result<> Copy::one(int from, int to, const std::string& name, int deep) {
  struct stat status{};
  if (::fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "stat {}", name);
  if (S_ISSOCK(status.st_mode)) return {};
  if (!S_ISDIR(status.st_mode) && status.st_nlink > 1) {
    std::string here;
    for (const std::string& part : path_) here += part + "/";
    const auto [known, first] = several_.try_emplace({status.st_dev, status.st_ino}, here + name);
    if (!first) {
      if (::linkat(top_, known->second.c_str(), to, name.c_str(), 0) == 0) return {};
      return failed_errno(errno, "link {}", name);
    }
  }
  TRY_IN(name, content(from, to, name, status, deep));
  TRY(copy_owner(to, name, status));
  copy_xattrs(by_descriptor(from, name), by_descriptor(to, name));
  return copy_times(to, name, status);
}

Result<> Copy::folder(int from, int to, int deep) {
  if (deep > deep_max) return exhausted("more than {} folders inside one another", deep_max);
  if (top_ < 0) top_ = to;
  for (const std::string& name : TRY(names_in(from))) TRY(one(from, to, name, deep));
  return {};
}

}  // namespace

Result<> copy_tree(int from, int to) {
  Copy copy;
  TRY(copy.folder(from, to, 0));
  struct stat status{};
  if (::fstat(from, &status) != 0) return failed_errno(errno, "stat a folder");
  TRY(copy_owner(to, ".", status));
  copy_xattrs(by_descriptor(from, "."), by_descriptor(to, "."));
  return copy_times(to, ".", status);
}

}  // namespace podo::engine
