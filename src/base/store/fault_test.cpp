#include <doctest/doctest.h>

#include <cstdlib>

#include "base/store/testsuite/crash_machine.h"

namespace podo::store {
namespace {

// PODO_SEEDS=1000 runs so many seeds, PODO_SEED=7 that one.
std::uint64_t asked_for(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

// Five lives with a disk that fails now and then, every other one with a power cut at some point; a good end.
Task<void> lives(CrashMachine& machine) {
  for (int life = 0; life < 5; ++life) {
    LifeEnd end = static_cast<LifeEnd>(machine.random.below(4));
    bool is_cut = machine.random.below(2) == 0;
    machine.disk.crash_after(is_cut ? 1 + machine.random.below(300) : UINT64_MAX / 2);
    co_await machine.live(end, 40);
  }
  machine.disk.crash_after(UINT64_MAX / 2);
  co_await machine.live(LifeEnd::clean_close, 40);
  co_await machine.live(LifeEnd::clean_close, 1);
}

void run(std::uint64_t seed) {
  CrashMachine machine(seed, seed, true);
  Result<void> ended = machine.loop.run(io::deadline(lives(machine), seconds(3600)));
  CHECK_MESSAGE(ended.has_value(), "again with PODO_SEED=", seed, ": ",
                (ended ? "" : ended.error().message()));
}

}  // namespace

TEST_CASE("the log store keeps its word on a disk that fails, and goes on when it does not") {
  const std::uint64_t one = asked_for("PODO_SEED", 0);
  if (one != 0) return run(one);
  for (std::uint64_t seed = 1; seed <= asked_for("PODO_SEEDS", 400); ++seed) run(seed);
}

}  // namespace podo::store
