#include "podo/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/core/number.h"
#include "base/io/timer.h"
#include "base/linux/file.h"
#include "base/linux/process.h"

namespace podo {
namespace {

constexpr Duration looked_again_after = milliseconds(10);
constexpr int looks_max = 1'000;

bool has_ended(const std::string& pid) {
  const auto number = whole_number<pid_t>(pid);
  if (!number) return false;
  const auto stat = linux::read_process_stat(*number);
  return !stat || stat->ended();
}

}  // namespace

io::Task<DataLock> DataLock::take(std::string folder) {
  const std::string path = folder + "/lock";
  io::Fd file = co_await linux::open_at(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT, 0600);
  for (int looks = 1; ::flock(file.get(), LOCK_EX | LOCK_NB) != 0; ++looks) {
    if (errno != EWOULDBLOCK) co_await failed_errno(errno, "lock {}", path);
    const std::string holder = linux::read_file(AT_FDCWD, path.c_str(), 32).value_or("");
    if (looks == looks_max || !has_ended(holder))
      co_await conflict("another podo (process {}) uses {}", holder.empty() ? "?" : holder, folder);
    co_await io::sleep(looked_again_after);
  }
  const std::string pid = text("{}", ::getpid());
  if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), pid.data(), pid.size(), 0) < 0)
    co_await failed_errno(errno, "write {}", path);
  co_return DataLock(std::move(file));
}

}  // namespace podo
