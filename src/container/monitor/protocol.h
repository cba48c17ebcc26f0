// What daemon and monitor say to each other, and the files a monitor leaves behind.
//
// A monitor is the parent of one container's (or one exec's) first process: a tiny program of its own
// that owns stdio, writes the log and keeps the exit code, so that the daemon may be killed and started
// again at any time. It serves one daemon connection at a time: the socket it was born with (descriptor
// 3), or a later connection to DIR/monitor.sock, which takes the place of an earlier one.
//
//   message := type:u8 zero:u8[3] size:be32 payload:u8[size]        size <= payload_max
//
//   daemon -> monitor                              monitor -> daemon
//   stdin      bytes of standard input             stdout, stderr  output, while `subscribe` says so
//   close_in   no more of it                       started         pid:be32 of the first process
//   start      what to run; the first message      failed          text: why it could not be started (the
//   resize     rows:be16 columns:be16                              runtime's message); the monitor then ends
//   subscribe  u8: 1 forward output, 0 do not      drained         dropped:be64; all output is in the log
//   rotate     (none) rotate the log now           exited          code:be32 signal:be32 at:be64 (ns, 1970)
//                                                  credit          bytes:be32 of stdin that may be sent in
//                                                                  addition to what was granted before
//
//   start := ( key "=" value NUL )* NUL ( argument NUL )*
//     keys: log (json-file, local, none), path, max-size (bytes, 0: no limit), max-file, attrs (a JSON
//     object), tty, stdin, subscribe (0, 1). The arguments run the OCI runtime, whose program is descriptor
//     4; the monitor's working directory is DIR, and the runtime's too. It must write its --pid-file to
//     "pid", and with tty its --console-socket is "console.sock". With status 0 it has started the process.
//
// stdin, stdout, stderr have the numbers of Docker's multiplexed stream, so that output is passed on as
// it is. A terminal's output is all stdout. `drained` and `exited` come in any order, then the monitor
// ends; output of processes that outlive the first one is awaited for drain_ms. `dropped` counts log
// lines that could not be written (a full disk): nothing of that ever stops the container.
//
// Flow. Standard input: only as much as was granted, so that the connection is never held up by a process
// that does not read; a new connection starts with what is free then. Output: a daemon that reads nothing
// for stalled_after_ms loses its connection, and may come again; the log always gets everything.
//
// In DIR, which only root can enter:
//   monitor.sock   listens while the monitor lives
//   monitor.pid    its pid and start time, "PID START\n"
//   pid            the first process, "PID START\n", once started (field 22 of /proc/PID/stat)
//   exit           "CODE SIGNAL NANOSECONDS\n", written by rename before `exited` is sent
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace podo::monitor {

enum class Type : uint8_t {
  stdin_ = 0,
  stdout_ = 1,
  stderr_ = 2,
  close_in = 16,
  resize = 17,
  subscribe = 18,
  rotate = 19,
  start = 20,
  started = 32,
  failed = 33,
  drained = 34,
  exited = 35,
  credit = 36,
};

struct Header {
  uint8_t type;
  uint8_t zero[3];
  uint8_t size[4];  // big-endian
};
static_assert(sizeof(Header) == 8);

inline constexpr size_t payload_max = 64 << 10;
inline constexpr int stalled_after_ms = 10'000;
inline constexpr int drain_ms = 2'000;
inline constexpr int control_descriptor = 3;
inline constexpr int runtime_descriptor = 4;

}  // namespace podo::monitor
