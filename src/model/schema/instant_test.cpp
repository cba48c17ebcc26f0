#include "model/schema/instant.h"

#include <doctest/doctest.h>

namespace podo::schema {
namespace {

std::string seconds(std::string_view text) {
  const auto at = parse_instant(text, Precision::seconds);
  return at ? text_of(*at, Precision::seconds) : at.error().message();
}

std::string micros(std::string_view text) {
  const auto at = parse_instant(text, Precision::micros);
  return at ? text_of(*at, Precision::micros) : at.error().message();
}

}  // namespace

TEST_CASE("times are written in UTC, to the second or with six digits") {
  CHECK_EQ(seconds("2024-02-29T23:59:59Z"), "2024-02-29T23:59:59Z");
  CHECK_EQ(seconds("2024-03-01T00:30:00+01:00"), "2024-02-29T23:30:00Z");
  CHECK_EQ(seconds("1999-12-31T23:59:59.987654321-00:01"), "2000-01-01T00:00:59Z");
  CHECK_EQ(seconds("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
  CHECK_EQ(seconds("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59Z");
  CHECK_EQ(micros("2024-05-01T09:08:07.123456Z"), "2024-05-01T09:08:07.123456Z");
  CHECK(parse_instant("0001-01-01T00:00:00Z", Precision::seconds)->is_zero());
  CHECK_EQ(parse_instant("1970-01-02T00:00:01.5Z", Precision::seconds)->seconds, 86'401);
  CHECK_EQ(parse_instant("1970-01-02T00:00:01.5Z", Precision::seconds)->nanos, 500'000'000);
}

TEST_CASE("every day of four centuries is read and written the same") {
  for (std::int64_t day = -400 * 366; day < 200 * 366; ++day) {
    const std::string text = text_of({day * 86'400 + 3'661, 0}, Precision::seconds);
    const auto at = parse_instant(text, Precision::seconds);
    REQUIRE(at);
    REQUIRE_EQ(at->seconds, day * 86'400 + 3'661);
  }
}

TEST_CASE("what is no time is told in the words of Go") {
  const std::string as = " as \"2006-01-02T15:04:05Z07:00\": cannot parse ";
  CHECK_EQ(seconds(""), "parsing time \"\"" + as + "\"\" as \"2006\"");
  CHECK_EQ(seconds("yesterday"), "parsing time \"yesterday\"" + as + "\"yesterday\" as \"2006\"");
  CHECK_EQ(seconds("2024-01-01"), "parsing time \"2024-01-01\"" + as + "\"\" as \"T\"");
  CHECK_EQ(seconds("2024-01-01T00:00:00"),
           "parsing time \"2024-01-01T00:00:00\"" + as + "\"\" as \"Z07:00\"");
  CHECK_EQ(seconds("2024-13-01T00:00:00Z"), "parsing time \"2024-13-01T00:00:00Z\": month out of range");
  CHECK_EQ(seconds("2023-02-29T00:00:00Z"), "parsing time \"2023-02-29T00:00:00Z\": day out of range");
  CHECK_EQ(seconds("2024-01-01T00:00:00Zx"), "parsing time \"2024-01-01T00:00:00Zx\": extra text: \"x\"");
  CHECK_EQ(micros("2024-01-01T00:00:00Z"),
           "parsing time \"2024-01-01T00:00:00Z\" as \"2006-01-02T15:04:05.000000Z07:00\": "
           "cannot parse \"Z\" as \".000000\"");
}

}  // namespace podo::schema
