#include <doctest/doctest.h>

#include "container/runtime/timestamp.h"

namespace podo::runtime {

TEST_CASE("a timestamp is RFC 3339 in UTC, with all nine digits") {
  CHECK_EQ(rfc3339({0}), "1970-01-01T00:00:00.000000000Z");
  CHECK_EQ(rfc3339({1'709'164'799'000'000'042}), "2024-02-28T23:59:59.000000042Z");
  CHECK_EQ(rfc3339({1'709'164'800'999'999'999}), "2024-02-29T00:00:00.999999999Z");
}

}  // namespace podo::runtime
