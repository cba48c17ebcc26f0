#include "base/format/gzip_stream.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace podo::gzip {
namespace {

constexpr std::size_t window = 32 << 10, match_max = 258, match_min = 4;
constexpr char head[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff";

// A code word with the extra bits behind it, lowest bit first.
struct Word {
  std::uint16_t bits;
  std::uint8_t count;
};

// Huffman codes are packed from their highest bit.
constexpr std::uint16_t reversed(unsigned code, unsigned count) {
  unsigned out = 0;
  for (unsigned i = 0; i < count; ++i) out |= (code >> i & 1) << (count - 1 - i);
  return static_cast<std::uint16_t>(out);
}

constexpr Word symbol_word(unsigned symbol) {
  if (symbol < 144) return {reversed(0x30 + symbol, 8), 8};
  if (symbol < 256) return {reversed(0x190 + symbol - 144, 9), 9};
  if (symbol < 280) return {reversed(symbol - 256, 7), 7};
  return {reversed(0xc0 + symbol - 280, 8), 8};
}

constexpr std::array<Word, 256> literals = [] {
  std::array<Word, 256> words = {};
  for (unsigned i = 0; i < 256; ++i) words[i] = symbol_word(i);
  return words;
}();

// By length. Symbols 257 to 264 are 3 to 10; then four each share one more extra bit; 285 is 258.
constexpr std::array<Word, match_max + 1> lengths = [] {
  std::array<Word, match_max + 1> words = {};
  for (unsigned length = 3; length < match_max; ++length) {
    const unsigned from = length - 3;
    const unsigned extra = from < 8 ? 0 : static_cast<unsigned>(std::bit_width(from)) - 3;
    const Word word = symbol_word(257 + (from < 8 ? from : 4 * extra + (from >> extra)));
    const unsigned low = from & ((1u << extra) - 1);
    words[length] = {static_cast<std::uint16_t>(word.bits | low << word.count),
                     static_cast<std::uint8_t>(word.count + extra)};
  }
  words[match_max] = symbol_word(285);
  return words;
}();

constexpr std::array<std::uint8_t, 30> distance_codes = [] {
  std::array<std::uint8_t, 30> codes = {};
  for (unsigned i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint8_t>(reversed(i, 5));
  return codes;
}();

std::uint32_t load_4_bytes(const char* at) {
  std::uint32_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// How many bytes are the same at `a` and `b`, which ends at `end`.
std::size_t same_bytes(const char* a, const char* b, const char* end) {
  const char* const begin = b;
  for (; end - b >= 8; a += 8, b += 8) {
    std::uint64_t left, right;
    std::memcpy(&left, a, 8);
    std::memcpy(&right, b, 8);
    if (left != right)
      return static_cast<std::size_t>(b - begin) +
             static_cast<std::size_t>(std::countr_zero(left ^ right)) / 8;
  }
  while (b != end && *a == *b) ++a, ++b;
  return static_cast<std::size_t>(b - begin);
}

}  // namespace

// Writes bits to where there is room for them.
class Stream::Block {
 public:
  Block(Bits bits, char* out) : bits_(bits), out_(out) {}

  void put(std::uint64_t bits, unsigned count) {
    bits_.held |= bits << bits_.count;
    bits_.count += count;
  }
  void put(Word word) { put(word.bits, word.count); }
  void put_match(std::size_t length, std::size_t distance) {
    put(lengths[length]);
    const auto from = static_cast<std::uint32_t>(distance - 1);
    const unsigned extra = from < 4 ? 0 : static_cast<unsigned>(std::bit_width(from)) - 2;
    put(distance_codes[from < 4 ? from : 2 * extra + (from >> extra)], 5);
    put(from & ((1u << extra) - 1), extra);
  }
  void put_literals(const char* at, const char* end) {
    for (; at != end; ++at) {
      put(literals[static_cast<unsigned char>(*at)]);
      drain();
    }
  }
  // Whole bytes go out; a match and a literal find room for what they add.
  void drain() {
    std::memcpy(out_, &bits_.held, 8);
    out_ += bits_.count / 8;
    bits_.held >>= bits_.count & ~7u;
    bits_.count &= 7;
  }
  Bits bits() const { return bits_; }
  char* out() const { return out_; }

  void write(std::string_view piece, std::uint32_t* newest) {
    const char* const begin = piece.data();
    const char* const end = begin + piece.size();
    const char* at = begin;
    const char* unwritten = begin;  // literals
    while (end - at >= static_cast<std::ptrdiff_t>(match_min + 4)) {
      const std::uint32_t word = load_4_bytes(at);
      std::uint32_t& place = newest[word * 2654435761u >> (32 - table_bits)];
      const char* const candidate = begin + place;
      place = static_cast<std::uint32_t>(at - begin);
      if (candidate >= at || static_cast<std::size_t>(at - candidate) > window ||
          load_4_bytes(candidate) != word) {
        at += std::min(end - at, 1 + (at - unwritten) / 64);  // where nothing repeats itself, it hurries on
        continue;
      }
      put_literals(unwritten, at);
      const char* const limit = end - at > static_cast<std::ptrdiff_t>(match_max) ? at + match_max : end;
      const std::size_t length = same_bytes(candidate, at, limit);
      put_match(length, static_cast<std::size_t>(at - candidate));
      drain();
      at += length;
      unwritten = at;
    }
    put_literals(unwritten, end);
  }

 private:
  Bits bits_;
  char* out_;
};

Stream::Stream() : newest_(std::make_unique<std::uint32_t[]>(std::size_t{1} << table_bits)) {}

std::string Stream::write(std::string_view piece) {
  std::string out;
  if (piece.empty()) return out;
  crc_ = libdeflate_crc32(crc_, piece.data(), piece.size());
  size_ += static_cast<std::uint32_t>(piece.size());
  std::fill_n(newest_.get(), std::size_t{1} << table_bits, 0);
  const std::size_t most = sizeof head + piece.size() + piece.size() / 8 + 32;  // nine bits a byte
  out.resize_and_overwrite(most, [&](char* bytes, std::size_t) {
    char* at = bytes;
    if (!std::exchange(begun_, true)) at = std::copy_n(head, sizeof head - 1, at);
    Block block(bits_, at);
    block.put(0b010, 3);
    block.write(piece, newest_.get());
    block.put(symbol_word(256));
    block.drain();
    bits_ = block.bits();
    return static_cast<std::size_t>(block.out() - bytes);
  });
  return out;
}

std::string Stream::end() {
  std::string out;
  if (!std::exchange(begun_, true)) out.assign(head, sizeof head - 1);
  // An empty block that is the last, to the end of its byte.
  std::uint64_t rest = bits_.held | std::uint64_t{0b011} << bits_.count;
  for (unsigned count = bits_.count + 3 + 7; count > 0; count -= std::min(count, 8u), rest >>= 8)
    out += static_cast<char>(rest);
  for (const std::uint32_t word : {crc_, size_})
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(word >> shift);
  return out;
}

}  // namespace podo::gzip
