#include "base/crypto/recent.h"

#include <doctest/doctest.h>

namespace podo::crypto {
namespace {

TEST_CASE("a value is found again by its text, changed in place, and forgotten") {
  Recent<int> seen(10);
  CHECK(seen.find("a") == nullptr);
  seen.put("a", 1) += 1;
  seen.put("", 7);
  REQUIRE(seen.find("a") != nullptr);
  CHECK(*seen.find("a") == 2);
  CHECK(*seen.find("") == 7);
  seen.forget("a");
  CHECK(seen.find("a") == nullptr);
  CHECK(*seen.find("") == 7);
  seen.put("a", 3);
  CHECK(*seen.find("a") == 3);
}

TEST_CASE("half of the most stay at least, all of them at most") {
  for (const int most : {2, 10, 2000}) {
    Recent<int> seen(static_cast<std::size_t>(most));
    const auto name = [](int i) { return "object " + std::to_string(i); };
    for (int i = 0; i < 3 * most; ++i) seen.put(name(i), i);
    int there = 0;
    for (int i = 0; i < 2 * most; ++i) there += seen.find(name(i)) != nullptr ? 1 : 0;
    CHECK(there == 0);
    for (int i = 3 * most - most / 2; i < 3 * most; ++i) {
      REQUIRE(seen.find(name(i)) != nullptr);
      CHECK(*seen.find(name(i)) == i);
    }
  }
}

TEST_CASE("what is looked for stays, however much comes after it") {
  Recent<int> seen(100);
  seen.put("ours", 1);
  for (int i = 0; i < 1000; ++i) {
    seen.put(std::to_string(i), i);
    if (i % 20 == 0) CHECK(seen.find("ours") != nullptr);
  }
  CHECK(seen.find("0") == nullptr);
}

TEST_CASE("what was forgotten does not come back from the older half") {
  Recent<int> seen(8);
  seen.put("gone", 1);
  for (int i = 0; i < 4; ++i) seen.put(std::to_string(i), i);  // "gone" is of the older ones now
  seen.forget("gone");
  CHECK(seen.find("gone") == nullptr);
}

}  // namespace
}  // namespace podo::crypto
