// The contract of Clock, as named properties, seen from Tasks on a loop that runs on it.
#pragma once

#include <doctest/doctest.h>

#include "base/io/combine.h"

namespace podo::io {

inline Task<void> time_never_goes_back() {
  Clock& clock = (co_await this_loop()).clock();
  Monotonic before = clock.now();
  for (int i = 0; i < 1000; ++i) {
    Monotonic now = clock.now();
    CHECK_GE(now, before);
    before = now;
    if (i % 100 == 0) co_await sleep(microseconds(i));
  }
}

inline Task<void> a_sleep_is_never_shorter_than_asked() {
  Clock& clock = (co_await this_loop()).clock();
  for (Duration asked :
       {nanoseconds(0), nanoseconds(1), microseconds(30), milliseconds(3), nanoseconds(-5)}) {
    Monotonic start = clock.now();
    co_await sleep(asked);
    CHECK_GE(clock.now() - start, asked);
  }
}

inline Task<void> the_wall_clock_moves_along() {
  Clock& clock = (co_await this_loop()).clock();
  Wall wall = clock.wall();
  CHECK_GT(wall, Wall{seconds(1'700'000'000).ns});  // after 2023: nanoseconds since 1970
  co_await sleep(milliseconds(5));
  CHECK_GE(clock.wall().ns - wall.ns, milliseconds(4).ns);
}

// `loop_of` makes a loop on the clock.
template <class MakeLoop>
void verify_clock(MakeLoop loop_of) {
  auto loop = loop_of();
  SUBCASE("time never goes back") { CHECK(loop->run(time_never_goes_back()).has_value()); }
  SUBCASE("a sleep is never shorter than asked") {
    CHECK(loop->run(a_sleep_is_never_shorter_than_asked()).has_value());
  }
  SUBCASE("the wall clock moves along") { CHECK(loop->run(the_wall_clock_moves_along()).has_value()); }
}

}  // namespace podo::io
