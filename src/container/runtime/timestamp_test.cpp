#include <doctest/doctest.h>
#include <time.h>

#include "container/runtime/timestamp.h"

namespace podo::runtime {

TEST_CASE("a timestamp is RFC 3339 in UTC, with all nine digits") {
  CHECK_EQ(rfc3339({0}), "1970-01-01T00:00:00.000000000Z");
  CHECK_EQ(rfc3339({1'709'164'799'000'000'042}), "2024-02-28T23:59:59.000000042Z");
  CHECK_EQ(rfc3339({1'709'164'800'999'999'999}), "2024-02-29T00:00:00.999999999Z");
}

TEST_CASE("a timestamp agrees with the C library on every day of four centuries") {
  for (std::int64_t day = 0; day < 146'097; ++day) {
    const time_t seconds = day * 86'400 + 45'296;  // 12:34:56
    tm parts{};
    ::gmtime_r(&seconds, &parts);
    char expected[40];
    ::strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000000000Z", &parts);
    if (seconds > INT64_MAX / 1'000'000'000) break;  // 2262: where nanoseconds end
    REQUIRE_EQ(rfc3339({seconds * 1'000'000'000}), expected);
  }
}

}  // namespace podo::runtime
