// Waiting for a process as its foreground: signals that come to us go to it, its terminal is ours, its exit
// code is our result.
//
// Life:  take_signals() before the process starts, so that none is lost -> wait() once. Blocks all signals of
// this process for good.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::runtime {

// What has arrived at a signalfd goes to the process of `pidfd`, but for what concerns us alone.
enum class WindowSize : std::uint8_t { same, changed };
WindowSize forward_signals(const io::Fd& signals, const io::Fd& pidfd);

class Foreground {
 public:
  static Result<Foreground> take_signals();
  // 128 + signal when it was killed. `terminal`: the master of its terminal, or empty.
  Result<int> wait(pid_t pid, const io::Fd& pidfd, const io::Fd& terminal);

 private:
  explicit Foreground(io::Fd signals) : signals_(std::move(signals)) {}
  Result<> forward_until_ended(const io::Fd& pidfd);
  io::Fd signals_;
};

}  // namespace podo::runtime
