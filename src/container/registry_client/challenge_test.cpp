#include "container/registry_client/challenge.h"

#include <doctest/doctest.h>

namespace podo::image {

TEST_CASE("a bearer challenge says where tokens are") {
  const auto list = challenges_of(
      {{"www-authenticate", R"(Bearer realm="https://auth.example/token",service="reg, \"one\"",)"
                            R"(scope="repository:a/b:pull,push")"}});
  REQUIRE(list.size() == 1);
  CHECK(list[0].scheme == "bearer");
  CHECK(list[0].get("realm") == "https://auth.example/token");
  CHECK(list[0].get("service") == R"(reg, "one")");
  CHECK(list[0].get("scope") == "repository:a/b:pull,push");
  CHECK(list[0].get("error") == "");
}

TEST_CASE("challenges stand beside one another, in one field or in several") {
  const auto list =
      challenges_of({{"WWW-Authenticate", R"(Basic realm="x", Bearer realm=https://a/t,Service = "s")"},
                     {"Content-Type", "text/plain"},
                     {"WWW-Authenticate", "Negotiate"}});
  REQUIRE(list.size() == 3);
  CHECK(list[0].scheme == "basic");
  CHECK(list[1].get("realm") == "https://a/t");
  CHECK(list[1].get("service") == "s");
  CHECK(list[2].scheme == "negotiate");
}

TEST_CASE("what is no challenge is passed over") {
  CHECK(challenges_of({}).empty());
  CHECK(challenges_of({{"WWW-Authenticate", ""}}).empty());
  CHECK(challenges_of({{"WWW-Authenticate", "=,=\"\""}}).empty());
  const auto open = challenges_of({{"WWW-Authenticate", R"(Bearer realm="unfinished)"}});
  REQUIRE(open.size() == 1);
  CHECK(open[0].get("realm") == "unfinished");
  CHECK(challenges_of({{"WWW-Authenticate", R"(Bearer realm="x\)"}}).size() == 1);
}

}  // namespace podo::image
