#include "base/linux/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>

#include "base/linux/file.h"

namespace podo::linux {

Result<io::Fd> open_process(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return failed_errno(errno, "open process {}", pid);
  return io::Fd(static_cast<int>(fd));
}

Result<> signal_process(const io::Fd& pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) != 0) {
    return failed_errno(errno, "send signal {}", signal);
  }
  return {};
}

Result<bool> wait_for_end(const io::Fd& pidfd, Duration limit) {
  const SystemClock clock;
  const Monotonic deadline = clock.now() + limit;
  for (;;) {
    const Duration left = deadline - clock.now();
    const timespec wait = {left.ns > 0 ? left.ns / 1'000'000'000 : 0,
                           left.ns > 0 ? left.ns % 1'000'000'000 : 0};
    pollfd watched = {pidfd.get(), POLLIN, 0};
    const int ready = ::ppoll(&watched, 1, &wait, nullptr);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) return failed_errno(errno, "wait for a process");
  }
}

Result<ProcessStat> read_process_stat(pid_t pid) {
  const std::string path = text("/proc/{}/stat", pid);
  return TRY_IN(path, parse_process_stat(TRY(read_file(path.c_str(), 4096))));
}

// stat := pid " (" name ") " state " " parent " " ...
// start_time is field 22, counted from pid = 1 (proc_pid_stat(5)).
Result<ProcessStat> parse_process_stat(std::string_view text) {
  const std::size_t name_end = text.rfind(')');  // the name may hold anything, parentheses and spaces too
  if (name_end == std::string_view::npos || name_end + 4 > text.size())
    return corrupt("not a process's stat");
  ProcessStat stat;
  stat.state = text[name_end + 2];
  std::string_view rest = text.substr(name_end + 4);
  for (int field = 4; field <= 22; ++field) {
    const std::size_t end = std::min(rest.find_first_of(" \n"), rest.size());
    const std::string_view word = rest.substr(0, end);
    std::errc failed{};
    if (field == 4) failed = std::from_chars(word.begin(), word.end(), stat.parent).ec;
    if (field == 22) failed = std::from_chars(word.begin(), word.end(), stat.start_time).ec;
    if (word.empty() || failed != std::errc{})
      return corrupt("field {} of a process's stat is '{}'", field, word);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return stat;
}

// /proc/PID/status has a line "NSpid:\t4711\t1": its number in each pid namespace from ours to its own.
Result<bool> leads_pid_namespace(pid_t pid) {
  const std::string status = TRY(read_file(text("/proc/{}/status", pid).c_str(), 64 << 10));
  const std::size_t start = status.find("\nNSpid:");
  if (start == std::string::npos) return unsupported("/proc/{}/status has no NSpid", pid);
  const std::string_view line =
      std::string_view(status).substr(start + 1, status.find('\n', start + 1) - start - 1);
  return line.ends_with("\t1");
}

}  // namespace podo::linux
