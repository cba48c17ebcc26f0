#include <doctest/doctest.h>

#include "container/oci_cli/quantities.h"

namespace podo::oci_cli {

TEST_CASE("sizes have units of 1024") {
  CHECK_EQ(*parse_size("0"), 0);
  CHECK_EQ(*parse_size("33554432"), 33'554'432);
  for (const char* words : {"32m", "32M", "32mb", "32MiB", "32768k", "0.03125g", "33554432b"}) {
    CAPTURE(words);
    CHECK_EQ(*parse_size(words), 32 << 20);
  }
  CHECK_EQ(*parse_size("1.5G"), 1'610'612'736);
  CHECK_EQ(*parse_size("2p"), std::int64_t{2} << 50);
  CHECK_EQ(*parse_size("-1"), -1);
  for (const char* words :
       {"", "m", "-2", "1x", "1mm", "1 m", "1.", ".5", "1.2.3", "1ib", "99999999p", "-1m"}) {
    CAPTURE(words);
    CHECK(parse_size(words).error().kind() == ErrorKind::invalid);
  }
}

TEST_CASE("durations are sums of numbers with units") {
  CHECK_EQ(*parse_duration("5s"), seconds(5));
  CHECK_EQ(*parse_duration("500ms"), milliseconds(500));
  CHECK_EQ(*parse_duration("1m30s"), seconds(90));
  CHECK_EQ(*parse_duration("1.5h"), seconds(5400));
  CHECK_EQ(*parse_duration("7us"), microseconds(7));
  CHECK_EQ(*parse_duration("0"), Duration{});
  for (const char* words : {"", "5", "s", "5x", "-5s", "5s5", "5 s", "1d"}) {
    CAPTURE(words);
    CHECK(parse_duration(words).error().kind() == ErrorKind::invalid);
  }
}

TEST_CASE("whole numbers are read to their end") {
  CHECK_EQ(*parse_integer("-12"), -12);
  for (const char* words : {"", "1.0", "0x1", "1 ", "9223372036854775808"}) CHECK_FALSE(parse_integer(words));
}

}  // namespace podo::oci_cli
