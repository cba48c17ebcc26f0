// Signals of the process as something to await: signalfd(2).
//
//   Signals signals(loop, {SIGTERM, SIGINT});
//   int number = co_await signals.next();
//
// From its construction on the given signals are blocked in the calling thread, until it dies; threads made
// later inherit that. So make it on the main thread, before any other thread. Children that Process spawns
// start with nothing blocked.
#pragma once

#include <signal.h>

#include <initializer_list>

#include "base/io/epoll_loop.h"

namespace podo::io {

class Signals {
 public:
  Signals(EpollLoop& loop, std::initializer_list<int> numbers);
  ~Signals();

  Task<int> next();

 private:
  sigset_t before_;
  Fd fd_;
  Readiness ready_;
};

}  // namespace podo::io
