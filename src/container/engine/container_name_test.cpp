#include "container/engine/container_name.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

TEST_CASE("a container's name begins with a letter or digit and is two long at least") {
  CHECK(check_name("web").value() == "web");
  CHECK(check_name("/web_1.a-b").value() == "web_1.a-b");
  for (const char* wrong : {"", "/", "a", "-ab", "_ab", "a b", "a/b", "//ab",
                            "\xc3\xa4"
                            "b"}) {
    CAPTURE(wrong);
    REQUIRE_FALSE(check_name(wrong));
    CHECK(check_name(wrong).error().kind() == ErrorKind::invalid);
  }
  CHECK(check_name("a b").error().message() ==
        "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
}

TEST_CASE("made-up names are names, and differ more with every attempt") {
  SeededRandom random(7);
  for (unsigned attempt = 0; attempt < 300; ++attempt) CHECK(check_name(make_name(random, attempt)));
  const std::string late = make_name(random, 10);
  CHECK(late.back() >= '0');
  CHECK(late.back() <= '9');
}

TEST_CASE("an id is 64 hex digits") {
  SeededRandom random(7);
  const std::string id = make_id(random);
  CHECK(id.size() == 64);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(short_id(id).size() == 12);
  CHECK(make_id(random) != id);
}

}  // namespace
}  // namespace podo::engine
