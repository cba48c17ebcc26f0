#include "base/io/loop.h"

#include "base/core/ensure.h"
#include "base/io/wait.h"

namespace podo::io {
namespace {

constexpr int steps_per_turn = 64;    // awaits of one strand before others have their turn
constexpr int turns_per_round = 128;  // turns before timers and events have theirs

class Outermost final : public Strand {
 public:
  Outermost(Loop& loop, Task<void> task) : Strand(loop, task.release(), "main") {}
  bool done = false;

 private:
  void ended(std::unique_ptr<Error>) override { done = true; }
};

}  // namespace

Loop::~Loop() {
  ENSURE(living_.empty());  // strands die before their loop
}

std::uint64_t Loop::enlist(Strand& strand) {
  living_.push_back(strand);
  return ++strands_made_;
}

void Loop::make_ready(Strand& strand) {
  if (running_ == &strand && !strand.Link<ReadyQueue>::linked()) strand.continues_ = true;
  else if (!strand.Link<ReadyQueue>::linked()) ready_.push_back(strand);
}

Result<void> Loop::run_outermost(Task<void> task) {
  ENSURE(!in_run_);  // run() does not nest
  in_run_ = true;
  Outermost outermost(*this, std::move(task));
  bool events_may_come = true;
  while (!outermost.done && events_may_come) {
    run_round();
    if (!outermost.done) events_may_come = next_events();
  }
  in_run_ = false;
  if (!outermost.done) return internal("nothing can happen any more:\n{}", describe_waits());
  return {};
}

void Loop::run_round() {
  for (int turn = 0; turn < turns_per_round && !ready_.empty(); ++turn) {
    Strand& strand = choose(ready_);
    List<Strand, ReadyQueue>::remove(strand);
    run_turn(strand);
  }
}

void Loop::run_turn(Strand& strand) {
  running_ = &strand;
  for (int step = 0; step < steps_per_turn; ++step) {
    strand.continues_ = false;
    if (strand.step()) {
      running_ = nullptr;
      strand.ended(std::move(strand.error_));
      return;
    }
    if (!strand.continues_) break;
  }
  running_ = nullptr;
  if (strand.continues_) ready_.push_back(strand);
}

bool Loop::next_events() {
  std::optional<Monotonic> until = ready_.empty() ? timers_.next() : Monotonic{INT64_MIN};
  if (!take_events(until)) return false;
  if (timers_.size() > 0) timers_.fire_due(clock_.now());
  return true;
}

void Loop::post(std::unique_ptr<Letter> letter) {
  std::unique_lock lock(letters_mutex_);
  letters_.push_back(std::move(letter));
  bool first = letters_.size() == 1;
  lock.unlock();
  if (first) interrupt();
}

void Loop::open_letters() {
  std::vector<std::unique_ptr<Letter>> letters;
  {
    std::lock_guard lock(letters_mutex_);
    letters.swap(letters_);
  }
  for (auto& letter : letters) letter->arrive();
}

std::string Loop::describe_waits() {
  std::string lines;
  for (Strand* strand = living_.front(); strand != nullptr; strand = living_.after(*strand)) {
    const Wait* wait = strand->waits_for();
    lines += text("{} (strand {}): {}\n", strand->name(), strand->number(),
                  wait != nullptr ? "waits for " + wait->what() : std::string("is ready"));
  }
  return lines;
}

}  // namespace podo::io
