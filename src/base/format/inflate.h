// DEFLATE (RFC 1951) in gzip members (RFC 1952), undone as the bytes come: bounded memory, whatever was
// compressed. Compressing is gzip.h.
//
//   Inflater inflater;
//   inflater.feed(bytes);                                             // as often as there are bytes
//   while (!(piece = TRY(inflater.next())).empty()) use(piece);
//   inflater.finish();                                                // and once more next() until it is ""
//
//   gzip   := member+ zero*
//   member := 1f 8b 08 flags:u8 mtime:le32 xfl:u8 os:u8 [extra_size:le16 extra] [name 00] [comment 00]
//             [crc:le16] block+ crc32:le32 size_mod_2^32:le32
//   block  := final:bit type:2bits ( stored | fixed codes | dynamic codes )      bits from the lowest
//
// The input is hostile: a wrong code, a distance before the first byte, a wrong sum or length, a cut stream
// and bytes behind the last member are corrupt. How much comes out is the caller's to limit. One thread at a
// time; about 200 KB and what was fed. The decoder is this room's own because a stream in bounded memory is
// what the fastest library (libdeflate) does not do; numbers are in README.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/core/error.h"

namespace podo::gzip {

// One Huffman code as a table of `MainBits` and, behind it, the tables of the longer words.
template <std::size_t MainBits, std::size_t Entries>
struct CodeTable {
  static constexpr std::size_t main_bits = MainBits;
  std::array<std::uint32_t, Entries> entries;
};

class Inflater {
 public:
  Inflater();
  void feed(std::string_view bytes);  // copied
  void finish() { finished_ = true; }
  // Some bytes, valid until the next call of anything here; "" when more input is needed or, after finish(),
  // when all is told.
  Result<std::string_view> next();

 private:
  enum class State : std::uint8_t { member, block, stored, codes, trailer };
  static constexpr std::size_t window_bytes = 32 << 10, piece_bytes = 128 << 10, slack_bytes = 320;

  Result<bool> step();  // false: not without more input (or all is done)
  Result<bool> read_member();
  Result<bool> read_block();
  Result<bool> read_trailer();
  Result<bool> start_stored();
  Result<bool> read_dynamic_codes();
  Result<> use_codes(std::uint8_t* lengths, std::size_t literals, std::size_t distances);
  bool copy_stored();
  Result<bool> decode();

  std::size_t available() const { return input_end_ - input_at_; }
  bool wait_for(std::size_t bytes) const { return available() < bytes && !finished_; }
  std::uint64_t look_at_bits(unsigned count);  // count <= 16
  std::uint32_t take_bits(unsigned count);
  bool overran() const;  // more bits were taken than there were

  std::unique_ptr<std::uint8_t[]> input_;  // always with padding behind input_end_
  std::size_t input_capacity_ = 0, input_at_ = 0, input_end_ = 0;
  std::uint64_t bits_ = 0;  // taken from the input and not used, from the lowest; fewer than 8 between steps
  unsigned bit_count_ = 0;

  std::unique_ptr<std::uint8_t[]> output_;  // history, then what is new
  std::size_t history_at_ = 0;              // of this member
  std::size_t told_ = 0, output_at_ = 0;

  State state_ = State::member;
  bool finished_ = false, final_block_ = false, any_member_ = false;
  std::size_t stored_left_ = 0;
  std::uint32_t crc_ = 0, member_bytes_ = 0;
  CodeTable<11, 3200> literals_;
  CodeTable<8, 1024> distances_;
};

}  // namespace podo::gzip
