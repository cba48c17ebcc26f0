#include "cluster/client/work_queue.h"

#include <algorithm>

#include "base/io/loop.h"

namespace podo::client {

class WorkQueue::Later final : public io::Timer {
 public:
  Later(WorkQueue& queue, std::string_view key, Monotonic when) : queue_(queue), key_(key), when_(when) {
    set(queue.loop_, when);
  }
  Monotonic when() const { return when_; }
  void bring_forward(Monotonic when) {
    if (when >= when_) return;
    when_ = when;
    set(queue_.loop_, when);
  }

 private:
  void fired() override {
    WorkQueue& queue = queue_;
    const std::string key = key_;
    queue.later_.erase(key);  // this timer
    queue.add(key);
  }

  WorkQueue& queue_;
  const std::string key_;
  Monotonic when_;
};

WorkQueue::WorkQueue(io::Loop& loop, std::string name) : loop_(loop), added_(std::move(name)) {}
WorkQueue::~WorkQueue() = default;

void WorkQueue::add(std::string_view key) {
  if (!known_.emplace(key).second || taken_.contains(key)) return;
  waiting_.emplace_back(key);
  added_.notify_one();
}

void WorkQueue::add_after(std::string_view key, Duration wait) {
  if (wait.ns <= 0) return add(key);
  const Monotonic when = loop_.clock().now() + wait;
  const auto found = later_.find(key);
  if (found != later_.end()) found->second->bring_forward(when);
  else later_.emplace(key, std::make_unique<Later>(*this, key, when));
}

io::Task<std::string> WorkQueue::next() {
  while (waiting_.empty()) co_await added_.wait();
  std::string key = std::move(waiting_.front());
  waiting_.pop_front();
  known_.erase(key);
  taken_.insert(key);
  co_return key;
}

void WorkQueue::done(std::string_view key, Outcome outcome) {
  if (const auto taken = taken_.find(key); taken != taken_.end()) taken_.erase(taken);
  if (known_.contains(key)) {  // it was added meanwhile
    waiting_.emplace_back(key);
    added_.notify_one();
  }
  const auto failed = failures_.find(key);
  if (outcome == Outcome::good) {
    if (failed != failures_.end()) failures_.erase(failed);
    return;
  }
  int& failures = failed != failures_.end() ? failed->second : failures_[std::string(key)];
  add_after(key, wait_after(++failures));
}

Duration WorkQueue::wait_after(int failures) {
  constexpr std::int64_t first_ms = 5, last_ms = 300'000;
  const int doublings = std::clamp(failures - 1, 0, 20);
  return milliseconds(std::min(first_ms << doublings, last_ms));
}

}  // namespace podo::client
