// What daemon and monitor say to each other, and the files a monitor leaves behind.
//
// A monitor is the parent of one container's (or one exec's) first process: a tiny program of its own that
// owns stdio, writes the log and keeps the exit code, so that the daemon may be killed and started again at any
// time. It serves one daemon connection at a time: the socket it was born with (descriptor 3), or a later
// connection to DIR/monitor.sock, which takes the place of an earlier one.
//
//   message := type:u8 zero:u8[3] size:be32 payload:u8[size]        size <= payload_max
//
//   daemon -> monitor                              monitor -> daemon
//   stdin      bytes of standard input             stdout, stderr  output, while `subscribe` says so
//   close_in   no more of it                       started         pid:be32 of the first process
//   resize     rows:be16 columns:be16              failed          text: why it could not be started (the
//   subscribe  u8: 1 forward output, 0 do not                      runtime's message); the monitor then ends
//   rotate     (none) reopen and rotate now        drained         output has ended and is in the log
//                                                  exited          code:be32 signal:be32 at:be64 (ns, 1970)
//
// stdin, stdout, stderr have the numbers of Docker's multiplexed stream, so that output is passed on as it is.
// A terminal's output is all stdout. Flow: what the monitor cannot pass on for `stalled_after_ms` (a daemon that
// does not read) is dropped for that connection; the log always gets everything.
//
// In DIR, which only root can enter:
//   monitor.sock   listens while the monitor lives
//   monitor.pid    its pid and start time, "PID START\n"
//   pid            the first process, "PID START\n", once started
//   exit           "CODE SIGNAL NANOSECONDS\n", written by rename before `exited` is sent
#pragma once

#include <cstddef>
#include <cstdint>

namespace podo::monitor {

enum class Type : std::uint8_t {
  stdin_ = 0,
  stdout_ = 1,
  stderr_ = 2,
  close_in = 16,
  resize = 17,
  subscribe = 18,
  rotate = 19,
  started = 32,
  failed = 33,
  drained = 34,
  exited = 35,
};

struct Header {
  std::uint8_t type;
  std::uint8_t zero[3];
  std::uint8_t size[4];  // big-endian
};
static_assert(sizeof(Header) == 8);

inline constexpr std::size_t payload_max = 64 << 10;
inline constexpr int stalled_after_ms = 10'000;

}  // namespace podo::monitor
