#include "base/format/inflate_table.h"

#include <algorithm>

#include "base/core/ensure.h"

namespace podo::gzip {
namespace {

struct Words {
  std::array<std::uint16_t, word_bits_max + 1> count{};
  std::array<std::uint32_t, word_bits_max + 2> next{};  // the next free word of each length
  unsigned longest = 0;
};

Result<Words> assign_words(const std::uint8_t* lengths, std::size_t symbols) {
  Words words;
  for (std::size_t i = 0; i < symbols; ++i) ++words.count[lengths[i]];
  words.count[0] = 0;
  std::int32_t left = 1;
  std::uint32_t used = 0;
  for (unsigned bits = 1; bits <= word_bits_max; ++bits) {
    left = left * 2 - words.count[bits];
    if (left < 0) return corrupt("gzip: a code has more words than bits allow");
    words.next[bits + 1] = (words.next[bits] + words.count[bits]) << 1;
    used += words.count[bits];
    if (words.count[bits] != 0) words.longest = bits;
  }
  if (left > 0 && (words.longest > 1 || used > 1)) return corrupt("gzip: a code is incomplete");
  return words;
}

std::uint32_t reversed(std::uint32_t word, unsigned bits) {
  std::uint32_t result = 0;
  for (; bits > 0; --bits, word >>= 1) result = result << 1 | (word & 1);
  return result;
}

}  // namespace

Result<> build_code_table(const std::uint8_t* lengths, std::size_t symbols,
                          const std::uint32_t* symbol_entries, std::uint32_t* table, std::size_t size,
                          unsigned main_bits) {
  Words words = TRY(assign_words(lengths, symbols));
  const std::uint32_t main_size = 1u << main_bits;
  std::fill_n(table, main_size, make_entry(0, kind_unknown, 0));

  // The words in their order, by length then symbol: longer ones of one beginning follow one another.
  std::array<std::uint16_t, 288> sorted;
  std::array<std::uint16_t, word_bits_max + 2> at{};
  for (unsigned bits = 1; bits <= word_bits_max; ++bits)
    at[bits + 1] = static_cast<std::uint16_t>(at[bits] + words.count[bits]);
  const std::size_t used = at[word_bits_max + 1];
  for (std::size_t i = 0; i < symbols; ++i)
    if (lengths[i] != 0) sorted[at[lengths[i]]++] = static_cast<std::uint16_t>(i);

  std::size_t free = main_size;
  // Longest first: the first word seen of a beginning decides how large its table is.
  std::array<std::uint32_t, word_bits_max + 2> last = words.next;
  for (unsigned bits = 1; bits <= word_bits_max; ++bits) last[bits] += words.count[bits];
  for (std::size_t k = used; k-- > 0;) {
    const std::uint16_t symbol = sorted[k];
    const unsigned bits = lengths[symbol];
    const std::uint32_t word = reversed(--last[bits], bits);
    const std::uint32_t entry = symbol_entries[symbol];
    if (bits <= main_bits) {
      for (std::uint32_t i = word; i < main_size; i += 1u << bits) table[i] = with_word(entry, bits);
      continue;
    }
    const std::uint32_t beginning = word & (main_size - 1);
    if (kind_of(table[beginning]) != kind_link) {
      const unsigned sub_bits = bits - main_bits;
      ENSURE(free + (1u << sub_bits) <= size);
      table[beginning] = make_entry(static_cast<std::uint32_t>(free), kind_link, sub_bits);
      free += 1u << sub_bits;
    }
    const std::uint32_t link = table[beginning], sub_size = 1u << used_bits(link);
    for (std::uint32_t i = word >> main_bits; i < sub_size; i += 1u << (bits - main_bits))
      table[value_of(link) + i] = with_word(entry, bits);
  }
  return {};
}

}  // namespace podo::gzip
