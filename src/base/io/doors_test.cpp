// The doors whose two makers are in base/core and here: Clock and Random.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/io/epoll_loop.h"
#include "base/io/simulated_loop.h"
#include "base/io/testsuite/clock_suite.h"
#include "base/io/testsuite/random_suite.h"

namespace podo::io {

TEST_CASE("the clock of this machine keeps the Clock contract") {
  verify_clock([] { return std::make_unique<EpollLoop>(); });
}

TEST_CASE("the simulated clock keeps the Clock contract") {
  verify_clock([] { return std::make_unique<SimulatedLoop>(1); });
}

TEST_CASE("the simulated clock jumps, also when told: a day takes no time, the wall clock may be set back") {
  SimulatedLoop loop(1);
  Wall start = loop.clock().wall();
  CHECK(loop.run([]() -> Task<void> { co_await sleep(seconds(86'400)); }()).has_value());
  CHECK_EQ(loop.clock().wall(), Wall{start.ns + seconds(86'400).ns});
  loop.simulated_clock().shift_wall(seconds(-90'000));
  CHECK_LT(loop.clock().wall(), start);
  CHECK_EQ(loop.clock().now(), Monotonic{} + seconds(86'400));
}

TEST_CASE("the kernel's generator keeps the Random contract") {
  SystemRandom random;
  verify_random(random);
}

TEST_CASE("a seeded generator keeps the Random contract, and repeats itself from its seed") {
  SeededRandom random(1);
  verify_random(random);
  SUBCASE("repeats") {
    SeededRandom a(9), b(9), c(10);
    std::uint64_t first = a.next();
    CHECK_EQ(first, b.next());
    CHECK_NE(first, c.next());
  }
}

}  // namespace podo::io
