#include "container/cgroup/cgroup_oom.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "container/cgroup/cgroup_files.h"
#include "container/cgroup/cgroup_values.h"

namespace podo::runtime {
namespace {

// From the start of the file; "" once its group is gone.
Result<std::uint64_t> read_counter(int file, std::string_view key) {
  char text[4096];
  const auto length = ::pread(file, text, sizeof text, 0);
  if (length < 0 && errno == ENODEV) return 0;
  if (length < 0) return failed_errno(errno, "read a control group's events");
  return count_in(std::string_view(text, static_cast<std::size_t>(length)), key).value_or(0);
}

}  // namespace

Result<OomWatch> OomWatch::open(const std::vector<CgroupDirectory>& directories) {
  for (const auto& directory : directories) {
    if (directory.holds("memory")) return of_v1(directory.path);
  }
  for (const auto& directory : directories) {
    if (!directory.controllers.empty()) continue;
    const auto group = TRY(open_group(directory.path));
    io::Fd events(::openat(group.get(), "memory.events", O_RDONLY | O_CLOEXEC));
    if (events) return of_counter(std::move(events), "oom_kill");
  }
  return OomWatch();
}

Result<OomWatch> OomWatch::of_counter(io::Fd file, std::string key) {
  OomWatch watch;
  watch.file_ = std::move(file);
  watch.key_ = std::move(key);
  watch.seen_ = TRY(read_counter(watch.file_.get(), watch.key_));
  return watch;
}

Result<OomWatch> OomWatch::of_v1(const std::string& directory) {
  OomWatch watch;
  watch.group_ = TRY(open_group(directory));
  watch.event_ = io::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!watch.event_) return failed_errno(errno, "eventfd");
  const io::Fd control(::openat(watch.group_.get(), "memory.oom_control", O_RDONLY | O_CLOEXEC));
  if (!control) return failed_errno(errno, "open {}/memory.oom_control", directory);
  const auto registration = text("{} {}", watch.event_.get(), control.get());
  const int error = write_group_file(watch.group_.get(), "cgroup.event_control", registration);
  if (error != 0) return failed_errno(error, "register for {}/memory.oom_control", directory);
  return watch;
}

pollfd OomWatch::waits_for() const {
  if (event_) return {.fd = event_.get(), .events = POLLIN, .revents = 0};
  return {.fd = file_.get(), .events = POLLPRI, .revents = 0};   // no file: -1, which poll leaves alone
}

Result<bool> OomWatch::happened() {
  if (event_) {
    std::uint64_t times = 0;
    if (::read(event_.get(), &times, sizeof times) != sizeof times) return false;
    // The kernel signals the removal of the group in the same way.
    return ::faccessat(group_.get(), "memory.oom_control", F_OK, 0) == 0;
  }
  if (!file_) return false;
  const auto now = TRY(read_counter(file_.get(), key_));
  const bool grew = now > seen_;
  seen_ = now;
  return grew;
}

}  // namespace podo::runtime
