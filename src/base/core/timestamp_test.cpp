#include <doctest/doctest.h>
#include <time.h>

#include "base/core/timestamp.h"

namespace podo {

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

TEST_CASE("what was written is read again, and other ways to write it too") {
  for (const std::int64_t ns : {0L, 1'709'164'799'000'000'042L, -1'000'000'000L, 951'827'696'500'000'000L})
    CHECK_EQ(parse_rfc3339(rfc3339({ns}))->ns, ns);
  CHECK_EQ(parse_rfc3339("2024-02-29t02:00:00+02:00")->ns, parse_rfc3339("2024-02-29T00:00:00Z")->ns);
  CHECK_EQ(parse_rfc3339("2024-02-29T00:00:00.5-00:30")->ns, parse_rfc3339("2024-02-29T00:30:00.5Z")->ns);
  CHECK_EQ(rfc3339_nano(*parse_rfc3339("2024-02-29T00:00:00.500Z")), "2024-02-29T00:00:00.5Z");
  CHECK_EQ(rfc3339_nano(*parse_rfc3339("2024-02-29T00:00:00Z")), "2024-02-29T00:00:00Z");
  for (const char* wrong :
       {"", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-02-29",
        "2024-02-29T00:00:00", "2024-02-29T24:00:00Z", "2024-02-29T00:00:00.Z", "9999-01-01T00:00:00Z"})
    CHECK_FALSE(parse_rfc3339(wrong));
}

TEST_CASE("durations are read as Go reads them") {
  CHECK_EQ(parse_duration("1h2m3.5s")->ns, 3'723'500'000'000);
  CHECK_EQ(parse_duration("300ms")->ns, 300'000'000);
  CHECK_EQ(parse_duration("-1.5h")->ns, -5'400'000'000'000);
  CHECK_EQ(parse_duration("0")->ns, 0);
  CHECK_EQ(parse_duration("1us")->ns, 1'000);
  for (const char* wrong : {"", "3", "s", "1x", "1h 2m", "-", "9999999999999h", "1h-2m"})
    CHECK_FALSE(parse_duration(wrong));
}

TEST_CASE("since and until are instants, seconds or durations") {
  const Wall now{1'700'000'000'000'000'000};
  CHECK_EQ(parse_instant("1700000000.25", now)->ns, 1'700'000'000'250'000'000);
  CHECK_EQ(parse_instant("1700000000.000000001", now)->ns, 1'700'000'000'000'000'001);
  CHECK_EQ(parse_instant("0", now)->ns, 0);
  CHECK_EQ(parse_instant("10m", now)->ns, 1'699'999'400'000'000'000);
  CHECK_EQ(parse_instant("2023-11-14T22:13:20Z", now)->ns, now.ns);
  CHECK_FALSE(parse_instant("yesterday", now));
}

}  // namespace podo
