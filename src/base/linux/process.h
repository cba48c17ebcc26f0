// Other processes, by descriptor: a pidfd keeps naming the process it was opened for, where a number is given
// away again.
//
//   const io::Fd pidfd = TRY(open_process(pid));
//   const ProcessStat stat = TRY(read_process_stat(pid));
//   if (stat.start_time == remembered) TRY(signal_process(pidfd, SIGTERM));
//
// In this order the stat is of the process that pidfd names, or that one has ended and the signal fails.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "base/core/clock.h"
#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::linux {

Result<io::Fd> open_process(pid_t pid);                    // NotFound (ESRCH): no such process
Result<> signal_process(const io::Fd& pidfd, int signal);  // NotFound (ESRCH): it ended and was reaped
// True: it ended within `limit`, perhaps not yet reaped.
Result<bool> wait_for_end(const io::Fd& pidfd, Duration limit);

struct ProcessStat {
  char state = 0;  // R, S, D, T, Z...
  pid_t parent = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot
  bool ended() const { return state == 'Z' || state == 'X'; }
};
Result<ProcessStat> read_process_stat(pid_t pid);  // /proc/PID/stat
Result<ProcessStat> parse_process_stat(std::string_view text);

// It is the first process of a pid namespace of its own: whose end is the end of all others in there.
Result<bool> leads_pid_namespace(pid_t pid);

}  // namespace podo::linux
