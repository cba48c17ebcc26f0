// EpollLoop: the loop of this machine, over epoll(7). Readiness: one descriptor on it.
//
// A descriptor is watched from its first wait on, edge-triggered, for both directions at once; operations try
// the system call first and wait only after EAGAIN:
//
//   for (;;) {
//     ssize_t count = ::read(fd, ...);
//     if (count >= 0 || errno != EAGAIN) break;
//     co_await ready.readable();
//   }
//
// The loop ignores SIGPIPE for the process: a write to a closed pipe or socket answers EPIPE.
#pragma once

#include "base/io/fd.h"
#include "base/io/loop.h"

struct epoll_event;

namespace podo::io {

class EpollLoop;

class Readiness {
  struct Direction;

 public:
  // Watches `fd` without owning it; dies before the descriptor is closed.
  Readiness(EpollLoop& loop, int fd) : loop_(loop), fd_(fd) {}
  Readiness(const Readiness&) = delete;
  ~Readiness();

  class [[nodiscard]] Wait final : public io::Wait {
   public:
    Wait(Readiness& readiness, Direction& direction) : readiness_(readiness), direction_(direction) {}
    ~Wait() override { end(); }
    std::string what() const override;

   private:
    friend class Readiness;
    void start() override;
    void stop() override { direction_.waiting = nullptr; }
    Readiness& readiness_;
    Direction& direction_;
  };
  Wait readable() { return Wait(*this, in_); }  // one at a time, in each direction
  Wait writable() { return Wait(*this, out_); }

  EpollLoop& loop() { return loop_; }

 private:
  friend class EpollLoop;
  struct Direction {
    Wait* waiting = nullptr;
    bool ready = false;  // an edge came while nobody waited
  };
  void arrived(std::uint32_t events);
  static void arrived(Direction& direction);

  EpollLoop& loop_;
  Direction in_;
  Direction out_;
  int fd_;
  bool watched_ = false;
};

class EpollLoop final : public Loop {
 public:
  EpollLoop();
  explicit EpollLoop(Clock& clock);

 private:
  friend class Readiness;
  bool take_events(std::optional<Monotonic> until) override;
  void interrupt() override;
  Result<void> watch(Readiness& readiness, int fd);
  void forget(int fd);
  int wait_for_events(epoll_event* events, int events_max, std::optional<Monotonic> until);

  SystemClock system_clock_;
  Fd epoll_;
  Fd interrupts_;  // an eventfd
};

}  // namespace podo::io
