#include "container/engine/run_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "base/linux/file.h"

namespace podo::engine {
namespace {

// `device`: a folder of another one is a mount.
Result<void> empty_folder(io::Fd folder, dev_t device) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(folder.get()), ::closedir);
  if (!entries) return failed_errno(errno, "read a folder of a container");
  const int at = folder.release();  // the DIR's now
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status;
    if (::fstatat(at, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISDIR(status.st_mode)) {
      if (::unlinkat(at, name.c_str(), 0) != 0 && errno != ENOENT)
        return failed_errno(errno, "remove {}", name);
      continue;
    }
    if (status.st_dev != device) return failed_errno(EBUSY, "remove {}: something is mounted there", name);
    if (::unlinkat(at, name.c_str(), AT_REMOVEDIR) == 0) continue;
    auto inner = linux::open_at(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!inner) return Failure(std::move(inner).error());
    if (auto emptied = empty_folder(*std::move(inner), device); !emptied) return emptied;
    if (::unlinkat(at, name.c_str(), AT_REMOVEDIR) != 0) return failed_errno(errno, "remove {}", name);
  }
  return {};
}

}  // namespace

Result<> make_run_folder(const std::string& folder) {
  for (const std::string& path : {folder, folder + "/rootfs"}) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed_errno(errno, "mkdir {}", path);
  }
  return {};
}

Result<void> remove_run_folder(const std::string& folder) {
  auto opened = linux::open_at(AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!opened) {
    if (opened.error().system_errno() == ENOENT) return {};
    return Failure(std::move(opened).error());
  }
  struct stat status;
  if (::fstat(opened->get(), &status) != 0) return failed_errno(errno, "stat {}", folder);
  if (auto emptied = empty_folder(*std::move(opened), status.st_dev); !emptied) return emptied;
  if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) return failed_errno(errno, "rmdir {}", folder);
  return {};
}

}  // namespace podo::engine
