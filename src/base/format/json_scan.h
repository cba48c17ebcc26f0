// Eight bytes at a time over the parts of JSON that are long: strings and indentation. Private to base/format.
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

// The first byte in [at, end) that is not plain, or end. A borrow of a subtraction can only mark bytes behind a
// true find, so the lowest mark is exact.
inline const char* skip_plain(const char* at, const char* end) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t each = 0x0101010101010101;
  while (end - at >= 8) {
    const std::uint64_t word = load_8_bytes(at);
    const std::uint64_t marks =
        ((word - each * 0x20) | ((word ^ each * '"') - each) | ((word ^ each * '\\') - each) | word) & each * 0x80;
    if (marks != 0) return at + std::countr_zero(marks) / 8;
    at += 8;
  }
  while (at != end && is_plain(*at)) ++at;
  return at;
}

// The first byte that is not one of the four of RFC 8259, section 2. *end must be readable and not one of them.
inline const char* skip_space(const char* at, const char* end) {
  while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') {
    ++at;
    while (end - at >= 8 && load_8_bytes(at) == 0x2020202020202020) at += 8;
  }
  return at;
}

}  // namespace podo::json
