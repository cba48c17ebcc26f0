#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <vector>

#include "base/core/random.h"

namespace podo {

TEST_CASE("a seed gives the same numbers again, another seed others") {
  SeededRandom first(7), again(7), other(8);
  std::vector<std::uint64_t> a, b, c;
  for (int i = 0; i < 100; ++i) {
    a.push_back(first.next());
    b.push_back(again.next());
    c.push_back(other.next());
  }
  CHECK(a == b);
  CHECK(a != c);
}

TEST_CASE("below gives every value of a small range about equally often, and none outside") {
  SeededRandom random(1);
  std::array<int, 7> seen{};
  for (int i = 0; i < 70'000; ++i) {
    const std::uint64_t value = random.below(seen.size());
    REQUIRE(value < seen.size());
    ++seen[value];
  }
  for (const int count : seen) {
    CHECK(count > 9'500);
    CHECK(count < 10'500);
  }
}

TEST_CASE("fill reaches every byte, also of lengths that are no multiple of a word") {
  for (const std::size_t size : {1u, 7u, 8u, 13u, 64u}) {
    SystemRandom system;
    SeededRandom seeded(size);
    for (Random* random : {static_cast<Random*>(&system), static_cast<Random*>(&seeded)}) {
      std::vector<std::byte> ever(size);
      for (int round = 0; round < 64; ++round) {
        std::vector<std::byte> bytes(size);
        random->fill(bytes);
        for (std::size_t i = 0; i < size; ++i) ever[i] |= bytes[i];
      }
      for (const std::byte each : ever) CHECK(each != std::byte{0});
    }
  }
}

}  // namespace podo
