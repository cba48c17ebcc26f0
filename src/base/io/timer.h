// Timers of a loop: a Timer is set for an instant and then fires once on its loop, never early. Timers of the
// same instant fire in the order in which they were set. Setting and cancelling cost O(log n).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/core/clock.h"
#include "base/io/wait.h"

namespace podo::io {

class TimerHeap;

class Timer {
 public:
  Timer(const Timer&) = delete;

 protected:
  Timer() = default;
  ~Timer() { cancel(); }
  void set(Loop& loop, Monotonic when);  // replaces an earlier setting
  void cancel();
  bool pending() const { return heap_ != nullptr; }
  virtual void fired() = 0;

 private:
  friend class TimerHeap;
  TimerHeap* heap_ = nullptr;
  std::size_t place_ = 0;
};

// The pending timers: a heap of four children to a node, ordered by (when, order of setting).
class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  ~TimerHeap();

  void add(Timer& timer, Monotonic when);
  void remove(Timer& timer);
  std::optional<Monotonic> next() const;
  void fire_due(Monotonic now);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::int64_t when_ns;
    std::uint64_t order;
    Timer* timer;
    bool before(const Entry& other) const {
      return when_ns != other.when_ns ? when_ns < other.when_ns : order < other.order;
    }
  };
  void put(std::size_t place, Entry entry);
  void sift_up(std::size_t place, Entry entry);
  void sift_down(std::size_t place, Entry entry);

  std::vector<Entry> entries_;
  std::uint64_t next_order_ = 0;
};

// co_await sleep(milliseconds(5)): on the clock of the loop that runs the Task, so a simulated one jumps.
class Sleep final : public Wait, private Timer {
 public:
  explicit Sleep(Duration duration) : duration_(duration) {}
  ~Sleep() override { end(); }
  std::string what() const override { return "a timer"; }

 private:
  void start() override;
  void stop() override { Timer::cancel(); }
  void fired() override { wake(); }
  Duration duration_;
};
inline Sleep sleep(Duration duration) { return Sleep(duration); }

}  // namespace podo::io
