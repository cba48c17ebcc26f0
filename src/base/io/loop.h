// A Loop runs Tasks, all on one thread: ready strands in rounds, and between rounds the timers and events
// that make strands ready. It never polls: with nothing ready it sleeps until the next timer or event.
//
//   EpollLoop loop;                                  // the machine's; simulated_loop.h has the other one
//   Result<int> answer = loop.run(ask(network));     // returns when the Task has ended
//
// Fairness: a strand leaves the turn to others after some awaits even when it need not wait, and a round is
// bounded, so neither a busy strand nor many of them keep timers and events waiting.
//
// A Loop and all that runs on it belong to one thread; only post() may be called from any other. Groups and
// strands die before their loop.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/core/clock.h"
#include "base/io/task.h"
#include "base/io/timer.h"

namespace podo::io {

// A message to a loop from another thread.
class Letter {
 public:
  virtual ~Letter() = default;
  virtual void arrive() = 0;  // on the loop's thread, outside of any strand
};

class Loop {
 public:
  Loop(const Loop&) = delete;
  virtual ~Loop();

  // Runs until `task` has ended. Fails with ErrorKind::internal when no event can come any more (only the
  // simulated loop knows): the message then says who waits for what. What other groups spawned stays where
  // it is and goes on in the next run.
  template <class T>
  Result<T> run(Task<T> task) {
    std::optional<Result<T>> outcome;
    Result<void> ran = run_outermost(keep_outcome(std::move(task), outcome));
    if (!ran) return Failure(std::move(ran).error());
    return *std::move(outcome);
  }

  Clock& clock() { return clock_; }
  TimerHeap& timers() { return timers_; }

  void post(std::unique_ptr<Letter> letter);  // from any thread

  // One line a waiting strand: "serve: waits for a connection".
  std::string describe_waits();

  void make_ready(Strand& strand);
  void make_ready_last(Strand& strand) { ready_.push_back(strand); }

 protected:
  explicit Loop(Clock& clock) : clock_(clock) {}

  // Takes what events there are; with none, waits for one until `until` (null: for ever). False when none can
  // come. An instant that has passed means: do not wait.
  virtual bool take_events(std::optional<Monotonic> until) = 0;
  virtual void interrupt() {}  // from any thread: ends take_events soon
  virtual Strand& choose(List<Strand, ReadyQueue>& ready) { return *ready.front(); }
  void open_letters();

 private:
  friend class Strand;
  template <class T>
  static Task<void> keep_outcome(Task<T> task, std::optional<Result<T>>& outcome) {
    outcome.emplace(co_await task.result());
  }
  Result<void> run_outermost(Task<void> task);
  std::uint64_t enlist(Strand& strand);
  bool is_running(const Strand& strand) const { return running_ == &strand; }
  void run_round();
  void run_turn(Strand& strand);
  bool next_events();

  Clock& clock_;
  TimerHeap timers_;
  List<Strand, ReadyQueue> ready_;
  List<Strand, Living> living_;
  Strand* running_ = nullptr;
  std::uint64_t strands_made_ = 0;
  bool in_run_ = false;

  std::mutex letters_mutex_;
  std::vector<std::unique_ptr<Letter>> letters_;  // guarded by letters_mutex_
};

}  // namespace podo::io
