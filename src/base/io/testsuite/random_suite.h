// The contract of Random, as named properties.
#pragma once

#include <doctest/doctest.h>

#include <bit>
#include <set>
#include <vector>

#include "base/core/random.h"

namespace podo {

inline void verify_random(Random& random) {
  SUBCASE("every byte of a buffer is filled, whatever its length, and none beside it") {
    for (std::size_t length = 0; length < 70; ++length) {
      std::vector<bool> changed(length);
      for (int round = 0; round < 16; ++round) {
        std::vector<std::byte> bytes(length + 2, std::byte{0x5a});
        random.fill(std::span(bytes).subspan(1, length));
        CHECK_EQ(bytes.front(), std::byte{0x5a});
        CHECK_EQ(bytes.back(), std::byte{0x5a});
        for (std::size_t i = 0; i < length; ++i) changed[i] = changed[i] || bytes[i + 1] != std::byte{0x5a};
      }
      CHECK_EQ(std::count(changed.begin(), changed.end(), false), 0);
    }
  }
  SUBCASE("values differ, and half of their bits are set") {
    std::set<std::uint64_t> seen;
    int bits = 0;
    for (int i = 0; i < 10'000; ++i) {
      std::uint64_t value = random.next();
      seen.insert(value);
      bits += std::popcount(value);
    }
    CHECK_EQ(seen.size(), 10'000);
    CHECK((bits > 317'000 && bits < 323'000));  // 320,000 expected, standard deviation 400
  }
  SUBCASE("values below a limit reach all of it, evenly, and nothing above") {
    CHECK_EQ(random.below(1), 0);
    std::vector<int> counts(7);
    for (int i = 0; i < 70'000; ++i) ++counts.at(random.below(7));
    for (int count : counts) CHECK((count > 9'400 && count < 10'600));  // standard deviation 93
    std::uint64_t large = (std::uint64_t{1} << 63) + 1;
    for (int i = 0; i < 1000; ++i) CHECK_LT(random.below(large), large);
  }
}

}  // namespace podo
