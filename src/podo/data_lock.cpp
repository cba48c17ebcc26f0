#include "podo/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/linux/file.h"

namespace podo {

Result<DataLock> DataLock::take(const std::string& folder) {
  const std::string path = folder + "/lock";
  io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT, 0600));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed_errno(errno, "lock {}", path);
    const auto holder = linux::read_all(file.get(), 32);
    return conflict("another podo (process {}) uses {}", holder && !holder->empty() ? *holder : "?", folder);
  }
  const std::string pid = text("{}", ::getpid());
  if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), pid.data(), pid.size(), 0) < 0)
    return failed_errno(errno, "write {}", path);
  return DataLock(std::move(file));
}

}  // namespace podo
