#include "base/core/clock.h"

#include <time.h>

namespace podo {
namespace {

std::int64_t read_clock(clockid_t id) {
  timespec at{};
  ::clock_gettime(id, &at);
  return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

}  // namespace

Monotonic SystemClock::now() const { return {read_clock(CLOCK_MONOTONIC)}; }
Wall SystemClock::wall() const { return {read_clock(CLOCK_REALTIME)}; }

}  // namespace podo
