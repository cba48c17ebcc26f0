#include "model/kube/stamp.h"

#include <doctest/doctest.h>

namespace podo::kube {

TEST_CASE("a uid is a random UUID, and says so") {
  SeededRandom random{1};
  const std::string uid = make_uid(random);
  CHECK_EQ(uid.size(), 36);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) CHECK_EQ(uid[at], '-');
  CHECK_EQ(uid[14], '4');
  CHECK(std::string_view("89ab").find(uid[19]) != std::string_view::npos);
  CHECK_NE(make_uid(random), uid);
}

TEST_CASE("times are cut to the second, also those before 1970") {
  CHECK_EQ(time_text({.ns = 1'999'999'999}), "1970-01-01T00:00:01Z");
  CHECK_EQ(time_text({.ns = -1}), "1969-12-31T23:59:59Z");
}

}  // namespace podo::kube
