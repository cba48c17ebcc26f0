// Eight bytes at a time over the parts of JSON that are long: strings and indentation. Private to
// base/format.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace podo::json {

inline std::uint64_t load_8_bytes(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Control bytes, quote, backslash and everything that is not ASCII need a closer look inside a string.
inline bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

// The top bit of every byte that is not plain. A borrow of a subtraction can only mark bytes behind a
// true find, so the lowest mark is exact.
inline std::uint64_t marks_of(std::uint64_t word) {
  constexpr std::uint64_t each = 0x0101010101010101;
  return ((word - each * 0x20) | ((word ^ each * '"') - each) | ((word ^ each * '\\') - each) | word) &
         each * 0x80;
}

// The first byte in [at, end) that is not plain, or end. Two words a turn: most keys and many values
// end in the first turn, and a loop that always ends there is a branch that is always guessed.
inline const char* skip_plain(const char* at, const char* end) {
  static_assert(std::endian::native == std::endian::little);
  while (end - at >= 16) {
    const std::uint64_t low = marks_of(load_8_bytes(at)), high = marks_of(load_8_bytes(at + 8));
    if ((low | high) != 0) {
      const int bits = low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(high);
      return at + bits / 8;
    }
    at += 16;
  }
  while (at != end && is_plain(*at)) ++at;
  return at;
}

// The first byte that is not one of the four of RFC 8259, section 2. *end must be readable and not one
// of them.
inline const char* skip_space(const char* at, const char* end) {
  if (static_cast<unsigned char>(*at) > ' ') return at;
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') {
    ++at;
    while (end - at >= 8 && load_8_bytes(at) == 0x2020202020202020) at += 8;
  }
  return at;
}

}  // namespace podo::json
