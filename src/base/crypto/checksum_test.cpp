#include "base/crypto/checksum.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <utility>

using podo::crypto::Checksum;
using podo::crypto::checksum;

namespace {

// The bytes of the algorithm's own sanity test, so that its published sums apply.
std::string sanity_bytes(std::size_t size) {
  std::string bytes;
  for (std::uint64_t generator = 2654435761U; bytes.size() < size; generator *= 11400714785074694797U)
    bytes.push_back(static_cast<char>(generator >> 56));
  return bytes;
}

}  // namespace

TEST_CASE("sums are the published ones, with and without a seed") {
  struct Known {
    std::size_t size;
    std::uint64_t seed, sum;
  };
  constexpr std::uint64_t seed = 0x9E3779B185EBCA8DU;
  const Known known[] = {
      {0, 0, 0x2D06800538D394C2},      {0, seed, 0xA8A6B918B2F0364A},    {1, 0, 0xC44BDFF4074EECDB},
      {1, seed, 0x032BE332DD766EF8},   {6, 0, 0x27B56A84CD2D7325},       {6, seed, 0x84589C116AB59AB9},
      {12, 0, 0xA713DAF0DFBB77E7},     {12, seed, 0xE7303E1B2336DE0E},   {24, 0, 0xA3FE70BF9D3510EB},
      {24, seed, 0x850E80FC35BDD690},  {48, 0, 0x397DA259ECBA1F11},      {48, seed, 0xADC2CBAA44ACC616},
      {80, 0, 0xBCDEFBBB2C47C90A},     {80, seed, 0xC6DD0CB699532E73},   {195, 0, 0xCD94217EE362EC3A},
      {195, seed, 0xBA68003D370CB3D9}, {403, 0, 0xCDEB804D65C6DEA4},     {403, seed, 0x6259F6ECFD6443FD},
      {2048, 0, 0xDD59E2C3A5F038E0},   {2048, seed, 0x66F81670669ABABC},
  };
  for (const auto& [size, with, sum] : known) CHECK_MESSAGE(checksum(sanity_bytes(size), with) == sum, size);
}

TEST_CASE("parts sum up to the whole, however they are cut") {
  const std::string bytes = sanity_bytes(5000);
  for (const std::size_t step : {1U, 7U, 64U, 255U, 257U, 1024U, 4999U}) {
    Checksum parts(42);
    for (std::size_t at = 0; at < bytes.size(); at += step)
      parts.add(std::string_view(bytes).substr(at, step));
    CHECK(parts.value() == checksum(bytes, 42));
  }
}

TEST_CASE("a sum may be asked for on the way, and of nothing") {
  Checksum parts(7);
  CHECK(parts.value() == checksum("", 7));
  parts.add("");
  parts.add("abc");
  CHECK(parts.value() == checksum("abc", 7));
  parts.add("def");
  CHECK(parts.value() == checksum("abcdef", 7));
}

TEST_CASE("every flipped bit and every other seed gives another sum") {
  std::string bytes = sanity_bytes(300);
  std::set<std::uint64_t> sums{checksum(bytes, 1)};
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const char mask = static_cast<char>(1 << (bit % 8));
    bytes[bit / 8] ^= mask;
    CHECK(sums.insert(checksum(bytes, 1)).second);
    bytes[bit / 8] ^= mask;
  }
  for (std::uint64_t seed = 2; seed < 1000; ++seed) CHECK(sums.insert(checksum(bytes, seed)).second);
}
