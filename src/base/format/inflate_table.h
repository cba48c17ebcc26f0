// The tables by which Inflater reads Huffman codes (RFC 1951 3.2). A part of Inflater, and of nothing else.
//
// The lowest bits of the input are the index of an entry, which says what they begin with:
//
//   entry := used:8 word:5 kind:3 value:16          from the lowest bit
//     used   bits of the word and of the extra bits behind it; for a link, of the table it leads to
//     word   bits of the word alone
//     value  the literal; the length or distance without its extra bits; for a link, where the table begins
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/core/error.h"

namespace podo::gzip {

enum Kind : std::uint32_t {
  kind_length = 0,  // or a distance: there is more to do
  kind_literal = 1u << 13,
  kind_unknown = 1u << 14,  // a word that no symbol has; the bit is set in all that are rare
  kind_end = kind_unknown | kind_literal,
  kind_link = kind_unknown | 1u << 15,  // the word is longer than the index
  kind_mask = 7u << 13,
};

constexpr unsigned word_bits_max = 15;

constexpr std::uint32_t make_entry(std::uint32_t value, std::uint32_t kind, unsigned extra_bits) {
  return value << 16 | kind | extra_bits;
}
// The entry of a symbol whose word has `bits` bits.
constexpr std::uint32_t with_word(std::uint32_t entry, unsigned bits) { return entry + bits + (bits << 8); }
constexpr unsigned used_bits(std::uint32_t entry) { return entry & 0xff; }
constexpr unsigned word_bits(std::uint32_t entry) { return entry >> 8 & 0x1f; }
constexpr std::uint32_t value_of(std::uint32_t entry) { return entry >> 16; }
constexpr std::uint32_t kind_of(std::uint32_t entry) { return entry & kind_mask; }
constexpr bool is_rare(std::uint32_t entry) { return (entry & kind_unknown) != 0; }

inline constexpr std::array<std::uint32_t, 288> literal_entries = [] {
  std::array<std::uint32_t, 288> entries{};
  for (std::uint32_t i = 0; i < 256; ++i) entries[i] = make_entry(i, kind_literal, 0);
  entries[256] = make_entry(0, kind_end, 0);
  std::uint32_t length = 3;
  for (std::uint32_t i = 257; i < 285; ++i) {
    unsigned extra = i < 265 ? 0 : (i - 261) / 4;
    entries[i] = make_entry(length, 0, extra);
    length += 1u << extra;
  }
  entries[285] = make_entry(258, 0, 0);
  entries[286] = entries[287] = make_entry(0, kind_unknown, 0);
  return entries;
}();

inline constexpr std::array<std::uint32_t, 32> distance_entries = [] {
  std::array<std::uint32_t, 32> entries{};
  std::uint32_t distance = 1;
  for (std::uint32_t i = 0; i < 30; ++i) {
    unsigned extra = i < 4 ? 0 : i / 2 - 1;
    entries[i] = make_entry(distance, 0, extra);
    distance += 1u << extra;
  }
  entries[30] = entries[31] = make_entry(0, kind_unknown, 0);
  return entries;
}();

inline constexpr std::array<std::uint32_t, 19> length_code_entries = [] {
  std::array<std::uint32_t, 19> entries{};
  for (std::uint32_t i = 0; i < 19; ++i) entries[i] = make_entry(i, kind_literal, 0);
  return entries;
}();

// Fills `table` (of `size` entries, the first 1 << main_bits by index) from the word lengths of the symbols.
// Words must fill the whole code; only a code of one word, of one bit, or of none at all may leave gaps.
Result<> build_code_table(const std::uint8_t* lengths, std::size_t symbols,
                          const std::uint32_t* symbol_entries, std::uint32_t* table, std::size_t size,
                          unsigned main_bits);

}  // namespace podo::gzip
