// SimulatedLoop: runs the same Tasks in a world of its own. Time stands still while anything is ready and
// jumps to the next timer when nothing is; which of the ready strands goes first is drawn from the seed. The
// same seed gives the same run, to the last step. When nothing is ready and no timer is set, nothing can
// happen any more, and run() says who waits for what.
//
// One thread. Work of a BlockingPool does not belong here: it would bring real time in.
#pragma once

#include "base/core/random.h"
#include "base/io/loop.h"

namespace podo::io {

// Virtual time: starts at 2026-01-01T00:00:00Z and is moved by its loop alone.
class SimulatedClock final : public Clock {
 public:
  Monotonic now() const override { return now_; }
  Wall wall() const override { return {wall_start_.ns + now_.ns}; }
  void shift_wall(Duration by) { wall_start_.ns += by.ns; }  // what a time server does to a machine

 private:
  friend class SimulatedLoop;
  Monotonic now_;
  Wall wall_start_ = {1'767'225'600'000'000'000};
};

class SimulatedLoop final : public Loop {
 public:
  explicit SimulatedLoop(std::uint64_t seed) : Loop(clock_), random_(seed) {}

  SimulatedClock& simulated_clock() { return clock_; }
  Random& random() { return random_; }  // for the world's own choices: latencies, losses

  // Of every turn taken so far: which strand, when. Equal digests mean equal runs.
  std::uint64_t trace_digest() const { return digest_; }
  std::uint64_t turns() const { return turns_; }

 private:
  bool take_events(std::optional<Monotonic> until) override;
  Strand& choose(List<Strand, ReadyQueue>& ready) override;

  SimulatedClock clock_;
  SeededRandom random_;
  std::uint64_t digest_ = 14'695'981'039'346'656'037u;  // FNV-1a's start
  std::uint64_t turns_ = 0;
};

}  // namespace podo::io
