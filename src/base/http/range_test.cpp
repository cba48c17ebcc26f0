#include "base/http/range.h"

#include <doctest/doctest.h>

namespace podo::http {

static RangeChoice asked(std::string range, std::uint64_t size, std::string if_range = "") {
  Headers headers{{"Range", std::move(range)}};
  if (!if_range.empty()) headers.add("If-Range", std::move(if_range));
  return choose_range(headers, size, "\"tag\"");
}

TEST_CASE("a range says which bytes are wanted, both ends included") {
  CHECK_EQ(asked("bytes=0-9", 100).content_range(100), "bytes 0-9/100");
  CHECK_EQ(asked("bytes=90-", 100).content_range(100), "bytes 90-99/100");
  CHECK_EQ(asked("bytes=90-1000", 100).content_range(100), "bytes 90-99/100");
  CHECK_EQ(asked("bytes=-10", 100).content_range(100), "bytes 90-99/100");
  CHECK_EQ(asked("bytes=-1000", 100).content_range(100), "bytes 0-99/100");
  CHECK_EQ(asked("Bytes= 5 - 5 ", 100).count, 1);
}

TEST_CASE("a range behind the end cannot be satisfied") {
  CHECK_EQ(asked("bytes=100-", 100).content_range(100), "bytes */100");
  CHECK(asked("bytes=-0", 100).kind == RangeChoice::Kind::unsatisfiable);
  CHECK(asked("bytes=0-0", 0).kind == RangeChoice::Kind::unsatisfiable);
}

TEST_CASE("what is no single range of bytes means the whole") {
  for (const char* range : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=9-5", "items=0-1",
                            "bytes=0-1,3-4", "bytes=0-99999999999999999999"}) {
    CAPTURE(range);
    CHECK(asked(range, 100).kind == RangeChoice::Kind::whole);
    CHECK_EQ(asked(range, 100).count, 100);
  }
}

TEST_CASE("a range of another version means the whole") {
  CHECK(asked("bytes=0-9", 100, "\"tag\"").kind == RangeChoice::Kind::part);
  CHECK(asked("bytes=0-9", 100, "\"old\"").kind == RangeChoice::Kind::whole);
}

TEST_CASE("who names the tag has it already") {
  CHECK(has_already({{"If-None-Match", "\"a\", W/\"tag\""}}, "\"tag\""));
  CHECK(has_already({{"If-None-Match", "*"}}, "\"tag\""));
  CHECK_FALSE(has_already({{"If-None-Match", "\"a\",\"b\""}}, "\"tag\""));
  CHECK_FALSE(has_already({}, "\"tag\""));
}

}  // namespace podo::http
