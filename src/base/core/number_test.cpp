#include "base/core/number.h"

#include <cstdint>
#include <doctest/doctest.h>

using podo::whole_number;

TEST_CASE("a number is read when it is all of the text") {
  CHECK(whole_number<std::uint16_t>("8080") == 8080);
  CHECK(whole_number<std::int64_t>("-5") == -5);
  CHECK(whole_number<unsigned>("ff", 16) == 255);
  for (const auto* text : {"", " ", " 1", "1 ", "+1", "0x1", "1.0", "one"}) {
    CAPTURE(text);
    CHECK(whole_number<std::int64_t>(text) == std::nullopt);
  }
}

TEST_CASE("a number that its type does not hold is none") {
  CHECK(whole_number<std::uint16_t>("65535") == 65535);
  CHECK(whole_number<std::uint16_t>("65536") == std::nullopt);
  CHECK(whole_number<std::uint64_t>("-1") == std::nullopt);
  CHECK(whole_number<std::int64_t>("9223372036854775808") == std::nullopt);
}
