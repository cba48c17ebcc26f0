#include <doctest/doctest.h>

#include "base/core/error.h"
#include "base/core/text.h"

namespace podo {

TEST_CASE("text puts its arguments in place") {
  CHECK_EQ(text("nothing to put"), "nothing to put");
  CHECK_EQ(text("{} of {}", 3, std::string("ten")), "3 of ten");
  CHECK_EQ(text("{{{}}}", 'x'), "{x}");
  CHECK_EQ(text("{:x} {:o} {}", 255, 0644u, -7), "ff 644 -7");
  CHECK_EQ(text("{} {}", true, INT64_MIN), "true -9223372036854775808");
}

namespace {
Result<int> half(int number) {
  if (number % 2 != 0) return invalid("{} is odd", number);
  return number / 2;
}
Result<int> quarter(int number) { return TRY_IN("quarter", half(TRY(half(number)))); }
}  // namespace

TEST_CASE("TRY passes the value on, or the error with its context") {
  CHECK_EQ(*quarter(8), 2);
  CHECK_EQ(quarter(6).error().message(), "quarter: 3 is odd");
  CHECK_EQ(quarter(5).error().message(), "5 is odd");
  CHECK(quarter(5).error().kind() == ErrorKind::invalid);
}

TEST_CASE("a system failure keeps its errno and takes its kind from it") {
  const Error error = failed_errno(ENOENT, "open {}", "/x").error();
  CHECK_EQ(error.message(), "open /x: No such file or directory");
  CHECK_EQ(error.system_errno(), ENOENT);
  CHECK(error.kind() == ErrorKind::not_found);
}

}  // namespace podo
