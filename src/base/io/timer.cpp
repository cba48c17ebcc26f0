#include "base/io/timer.h"

#include "base/io/loop.h"

namespace podo::io {
namespace {
constexpr std::size_t children =
    4;  // a shallower heap than a binary one, and a node's children share a cache line
}

void Timer::set(Loop& loop, Monotonic when) {
  cancel();
  loop.timers().add(*this, when);
}

void Timer::cancel() {
  if (heap_ != nullptr) heap_->remove(*this);
}

void Sleep::start() { set(strand().loop(), strand().loop().clock().now() + duration_); }

TimerHeap::~TimerHeap() {
  for (Entry& entry : entries_) entry.timer->heap_ = nullptr;
}

void TimerHeap::add(Timer& timer, Monotonic when) {
  timer.heap_ = this;
  entries_.emplace_back();
  sift_up(entries_.size() - 1, {when.ns, next_order_++, &timer});
}

void TimerHeap::remove(Timer& timer) {
  std::size_t place = timer.place_;
  timer.heap_ = nullptr;
  Entry last = entries_.back();
  entries_.pop_back();
  if (place == entries_.size()) return;
  if (place > 0 && last.before(entries_[(place - 1) / children])) sift_up(place, last);
  else sift_down(place, last);
}

std::optional<Monotonic> TimerHeap::next() const {
  if (entries_.empty()) return std::nullopt;
  return Monotonic{entries_.front().when_ns};
}

void TimerHeap::fire_due(Monotonic now) {
  // A timer set while others fire has its turn in the next round, also when it is already due: a timer that
  // sets itself again and again cannot hold the loop.
  std::uint64_t end = next_order_;
  while (!entries_.empty() && entries_.front().when_ns <= now.ns && entries_.front().order < end) {
    Timer* timer = entries_.front().timer;
    remove(*timer);
    timer->fired();
  }
}

void TimerHeap::put(std::size_t place, Entry entry) {
  entries_[place] = entry;
  entry.timer->place_ = place;
}

void TimerHeap::sift_up(std::size_t place, Entry entry) {
  while (place > 0) {
    std::size_t parent = (place - 1) / children;
    if (!entry.before(entries_[parent])) break;
    put(place, entries_[parent]);
    place = parent;
  }
  put(place, entry);
}

void TimerHeap::sift_down(std::size_t place, Entry entry) {
  for (;;) {
    std::size_t first = place * children + 1;
    if (first >= entries_.size()) break;
    std::size_t least = first;
    for (std::size_t i = first + 1; i < first + children && i < entries_.size(); ++i)
      if (entries_[i].before(entries_[least])) least = i;
    if (!entries_[least].before(entry)) break;
    put(place, entries_[least]);
    place = least;
  }
  put(place, entry);
}

}  // namespace podo::io
