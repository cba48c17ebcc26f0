#include "container/volumes/file_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "base/linux/file.h"

namespace podo::engine {
namespace {

constexpr int deep_max = 4096;
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

struct Sum {
  std::uint64_t bytes = 0;
  dev_t device = 0;
  std::set<ino_t> seen;  // of those with several names
};

Result<> add_sizes(int folder, Sum& sum, int deep) {
  for (const std::string& name : TRY(names_in(folder))) {
    struct stat status{};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_dev != sum.device)
      continue;
    if (S_ISDIR(status.st_mode)) {
      const auto inner = linux::open_at(folder, name.c_str(), folder_flags);
      if (inner && deep < deep_max) TRY(add_sizes(inner->get(), sum, deep + 1));
      continue;
    }
    if (status.st_nlink > 1 && !sum.seen.insert(status.st_ino).second) continue;
    if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
      sum.bytes += static_cast<std::uint64_t>(status.st_size);
  }
  return {};
}

Result<> remove_one(int folder, const std::string& name, dev_t device, int deep) {
  if (deep > deep_max) return exhausted("more than {} folders inside one another", deep_max);
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return failed_errno(errno, "unlink {}", name);
  {
    const io::Fd inner = TRY(linux::open_at(folder, name.c_str(), folder_flags));
    struct stat status{};
    if (::fstat(inner.get(), &status) != 0) return failed_errno(errno, "stat {}", name);
    if (status.st_dev != device) return conflict("{} is a mount point", name);
    for (const std::string& one : TRY(names_in(inner.get())))
      TRY(remove_one(inner.get(), one, device, deep + 1));
  }
  if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    return failed_errno(errno, "rmdir {}", name);
  return {};
}

}  // namespace

Result<std::vector<std::string>> names_in(int folder) {
  const int again = ::openat(folder, ".", folder_flags | O_CLOEXEC);
  if (again < 0) return failed_errno(errno, "open a folder");
  const std::unique_ptr<DIR, CloseDirectory> directory(::fdopendir(again));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      names.emplace_back(entry->d_name);
  }
  return names;
}

Result<bool> is_empty_folder(int folder) { return TRY(names_in(folder)).empty(); }

Result<std::uint64_t> tree_bytes(const std::string& folder) {
  const io::Fd top = TRY(linux::open_at(AT_FDCWD, folder.c_str(), folder_flags));
  struct stat status{};
  if (::fstat(top.get(), &status) != 0) return failed_errno(errno, "stat {}", folder);
  Sum sum{.bytes = 0, .device = status.st_dev, .seen = {}};
  TRY(add_sizes(top.get(), sum, 0));
  return sum.bytes;
}

Result<> remove_at(int folder, const std::string& name) {
  struct stat status{};
  if (::fstat(folder, &status) != 0) return failed_errno(errno, "stat the folder of {}", name);
  return remove_one(folder, name, status.st_dev, 0);
}

Result<> remove_tree(const std::string& folder) {
  const std::size_t slash = folder.rfind('/');
  const auto parent = linux::open_at(AT_FDCWD, folder.substr(0, slash).c_str(), O_RDONLY | O_DIRECTORY);
  if (!parent && parent.error().system_errno() == ENOENT) return {};
  if (!parent) return Failure(parent.error());
  TRY_IN(folder, remove_at(parent->get(), folder.substr(slash + 1)));
  return {};
}

}  // namespace podo::engine
