#include "container/registry/users.h"

#include <doctest/doctest.h>

namespace podo::registry {

// Of "secret", at the lowest cost.
static const std::string hash = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

TEST_CASE("a line is a user with a bcrypt hash, or a comment") {
  const auto users = read_users("# people\n\nann:" + hash + "\r\nbob:" + hash);
  REQUIRE_MESSAGE(users.has_value(), users.error().message());
  CHECK_EQ(users->size(), 2);
  CHECK_EQ(users->at("ann"), hash);
  CHECK(read_users("")->empty());
  for (const std::string& line :
       std::vector<std::string>{"ann", ":" + hash, "ann:secret", "ann:$apr1$abc$def", "ann:" + hash + "x"}) {
    const auto refused = read_users("\n" + line);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message().starts_with("line 2: "));
  }
}

}  // namespace podo::registry
