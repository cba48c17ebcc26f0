#include <doctest/doctest.h>

#include <cstdlib>

#include "base/store/testsuite/crash_machine.h"

namespace podo::store {
namespace {

// PODO_SEEDS=1000 runs so many seeds, at all their points; PODO_SEED=7 that one, PODO_POINT=12 and
// PODO_CRASH=3 that one of it.
std::uint64_t asked_for(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

struct Run {
  std::uint64_t seed = 0;
  std::uint64_t point = 0;  // of the first life, where the power goes; 0: it does not
  std::uint64_t crash = 0;  // the seed of what crashes leave
};

struct Totals {
  std::uint64_t crashes = 0;
  std::uint64_t compactions = 0;
  RecoveryCheck::Counts counts;

  void add(const CrashMachine& machine) {
    crashes += machine.crashes;
    compactions += machine.compactions;
    counts.unanswered += machine.ledger.counts.unanswered;
    counts.losses += machine.ledger.counts.losses;
    counts.past_reads += machine.ledger.counts.past_reads;
    counts.resumed += machine.ledger.counts.resumed;
    counts.refused += machine.ledger.counts.refused;
  }
};

// The first life ends at the point; four more follow and end anywhere; the last one sees that all is well.
Task<void> lives(CrashMachine& machine, std::uint64_t point, std::uint64_t& points) {
  constexpr int calls = 14;
  if (point != 0) machine.disk.crash_after(point);
  co_await machine.live(LifeEnd::power_cut, 2 * calls);
  points = machine.disk.points();
  if (point == 0) co_return;
  for (int life = 0; life < 4; ++life) {
    LifeEnd end = static_cast<LifeEnd>(machine.random.below(4));
    bool in_opening = machine.random.below(3) == 0;
    if (end == LifeEnd::power_cut || machine.random.below(4) != 0)
      machine.disk.crash_after(1 + machine.random.below(in_opening ? 12 : 100));
    co_await machine.live(end, calls);
  }
  machine.disk.crash_after(UINT64_MAX / 2);
  co_await machine.live(LifeEnd::clean_close, 1);
}

// How many points the first life has.
std::uint64_t run(const Run& run, Totals& totals) {
  CrashMachine machine(run.seed, run.crash);
  std::uint64_t points = 0;
  Result<void> ended = machine.loop.run(io::deadline(lives(machine, run.point, points), seconds(3600)));
  totals.add(machine);
  CHECK_MESSAGE(ended.has_value(), "again with PODO_SEED=", run.seed, " PODO_POINT=", run.point,
                " PODO_CRASH=", run.crash, ": ", (ended ? "" : ended.error().message()));
  return points;
}

void run_seed(std::uint64_t seed, std::uint64_t step, Totals& totals) {
  const std::uint64_t points = run({.seed = seed}, totals);
  for (std::uint64_t point = 1 + seed % step; point <= points; point += step)
    for (std::uint64_t crash = 1; crash <= 2; ++crash)
      run({.seed = seed, .point = point, .crash = point * 10 + crash}, totals);
}

}  // namespace

TEST_CASE("the log store keeps its word at every point where the power can go") {
  Totals totals;
  const std::uint64_t one = asked_for("PODO_SEED", 0), point = asked_for("PODO_POINT", 0);
  if (point != 0) {
    run({.seed = one, .point = point, .crash = asked_for("PODO_CRASH", 1)}, totals);
  } else if (one != 0) {
    run_seed(one, 1, totals);
  } else if (const std::uint64_t seeds = asked_for("PODO_SEEDS", 0); seeds != 0) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) run_seed(seed, 1, totals);
  } else {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) run_seed(seed, 9, totals);
    CHECK(totals.crashes >= 10'000);
    CHECK(totals.compactions > 200);
    CHECK(totals.counts.unanswered > 1000);
    CHECK(totals.counts.losses > 100);
  }
  MESSAGE(totals.crashes, " crashes, ", totals.compactions, " compactions, ", totals.counts.unanswered,
          " transactions found that nobody had been told of, ", totals.counts.losses,
          " losses of what was shown, ", totals.counts.past_reads, " reads of the past, ",
          totals.counts.resumed, " watches went on, ", totals.counts.refused, " were refused");
}

}  // namespace podo::store
