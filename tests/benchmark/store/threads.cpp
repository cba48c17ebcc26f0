#include "threads.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "workload.h"

namespace podo::bench {

namespace {

// A number that threads sleep on until it changes. Straight on the futex: the waits of the standard library
// spin first, which is CPU that the engine would be blamed for.
class Turnstile {
 public:
  std::uint32_t number() const { return number_.load(std::memory_order_acquire); }
  void wait_while(std::uint32_t number) {
    while (this->number() == number)
      ::syscall(SYS_futex, &number_, FUTEX_WAIT_PRIVATE, number, nullptr, nullptr, 0);
  }
  void advance() {
    number_.fetch_add(1, std::memory_order_release);
    ::syscall(SYS_futex, &number_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
  }

 private:
  std::atomic<std::uint32_t> number_{0};
};

class GroupCommit {
 public:
  explicit GroupCommit(Engine& engine) : engine_(engine), committer_([this] { commit_until_closed(); }) {}

  Result<void> close() {  // when no put is under way any more
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    waiting_.notify_one();
    committer_.join();
    if (error_) return Failure(*std::move(error_));
    return {};
  }

  bool put(const Put& put) {  // from any thread; false when a commit failed
    std::unique_lock lock(mutex_);
    Group& group = *gathering_;
    group.puts.push_back(put);
    const bool first = group.puts.size() == 1;
    const std::uint32_t number = group.done.number();
    lock.unlock();
    if (first) waiting_.notify_one();
    group.done.wait_while(number);
    return !failed_.load(std::memory_order_relaxed);
  }

 private:
  // Two of them take turns: one gathers while the other is committed.
  struct Group {
    std::vector<Put> puts;
    Turnstile done;
  };

  // The writers that were just woken are about to come back: the group waits for them as long as it grows.
  void let_it_grow(std::unique_lock<std::mutex>& lock) {
    for (std::size_t before = 0; before < gathering_->puts.size();) {
      before = gathering_->puts.size();
      lock.unlock();
      ::sched_yield();
      lock.lock();
    }
  }

  void commit_until_closed() {
    std::unique_lock lock(mutex_);
    for (;;) {
      waiting_.wait(lock, [&] { return closed_ || !gathering_->puts.empty(); });
      if (gathering_->puts.empty()) return;
      let_it_grow(lock);
      Group& group = *gathering_;
      gathering_ = &group == &groups_[0] ? &groups_[1] : &groups_[0];
      lock.unlock();
      if (Result<void> committed = engine_.commit(group.puts); !committed) {
        error_.emplace(std::move(committed).error());
        failed_ = true;
      }
      group.puts.clear();
      group.done.advance();
      lock.lock();
    }
  }

  Engine& engine_;
  std::mutex mutex_;  // guards gathering_, the puts of what it points to, and closed_
  std::condition_variable waiting_;
  Group groups_[2];
  Group* gathering_ = &groups_[0];
  bool closed_ = false;
  std::atomic<bool> failed_ = false;
  std::optional<Error> error_;  // the committer's until it was joined
  std::thread committer_;
};

template <class Commit>
void write(Pace& pace, unsigned writer, std::vector<std::int64_t>& latencies_ns, Commit commit) {
  SeededRandom random = pace.random(writer);
  while (pace.goes_on()) {
    const Put put = pace.load().work.random_put(random);
    const Monotonic start = pace.now();
    if (!commit(put)) return;
    latencies_ns.push_back((pace.now() - start).ns);
  }
}

Result<WriteTimes> write_alone(Engine& engine, const WriteLoad& load) {
  WriteTimes times;
  Pace pace(load);
  Result<void> committed;
  bench::write(pace, 0, times.latencies_ns, [&](const Put& put) {
    committed = engine.commit(std::span(&put, 1));
    return committed.has_value();
  });
  TRY(committed);
  times.wall = pace.wall();
  return times;
}

}  // namespace

Result<WriteTimes> write_from_threads(Engine& engine, const WriteLoad& load) {
  if (load.writers == 1) return write_alone(engine, load);
  GroupCommit group(engine);
  Pace pace(load);
  std::vector<std::vector<std::int64_t>> latencies_ns(load.writers);
  std::vector<std::thread> writers;
  for (unsigned i = 0; i < load.writers; ++i)
    writers.emplace_back(
        [&, i] { bench::write(pace, i, latencies_ns[i], [&](const Put& put) { return group.put(put); }); });
  for (std::thread& writer : writers) writer.join();
  WriteTimes times;
  times.wall = pace.wall();
  TRY(group.close());
  for (const auto& each : latencies_ns)
    times.latencies_ns.insert(times.latencies_ns.end(), each.begin(), each.end());
  return times;
}

}  // namespace podo::bench
