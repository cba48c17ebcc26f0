#include "container/volumes/run_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "base/linux/file.h"

namespace podo::engine {
namespace {

// Monitors of execs that end meanwhile still write their last word.
constexpr int attempts = 8;

Result<void> remove_folder(int at, const char* name, dev_t device);

Result<void> empty_folder(io::Fd folder, dev_t device) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(folder.get()), ::closedir);
  if (!entries) return failed_errno(errno, "read a folder of a container");
  const int at = folder.release();  // the DIR's now
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (::unlinkat(at, name.c_str(), 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR) return failed_errno(errno, "remove {}", name);
    if (auto removed = remove_folder(at, name.c_str(), device); !removed) return removed;
  }
  return {};
}

// `device`: a folder of another one is a mount.
Result<void> remove_folder(int at, const char* name, dev_t device) {
  for (int attempt = 0;; ++attempt) {
    if (::unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    if (errno != ENOTEMPTY || attempt == attempts) return failed_errno(errno, "remove {}", name);
    auto folder = linux::open_at(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!folder && folder.error().system_errno() == ENOENT) return {};
    if (!folder) return Failure(std::move(folder).error());
    struct stat status;
    if (::fstat(folder->get(), &status) != 0) return failed_errno(errno, "stat {}", name);
    if (status.st_dev != device) return failed_errno(EBUSY, "remove {}: something is mounted there", name);
    if (auto emptied = empty_folder(*std::move(folder), device); !emptied) return emptied;
  }
}

}  // namespace

Result<> make_run_folder(const std::string& folder) {
  for (const std::string& path : {folder, folder + "/rootfs"}) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed_errno(errno, "mkdir {}", path);
  }
  return {};
}

Result<void> remove_run_folder(const std::string& folder) {
  struct stat status;
  if (::lstat(folder.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return failed_errno(errno, "stat {}", folder);
  }
  return remove_folder(AT_FDCWD, folder.c_str(), status.st_dev);
}

}  // namespace podo::engine
