#include "base/format/inflate.h"

#include <libdeflate.h>

#include <cstring>

#include "base/core/ensure.h"
#include "base/format/inflate_table.h"

namespace podo::gzip {
namespace {

constexpr std::size_t padding_bytes = 64;        // readable behind the input
constexpr std::size_t codes_bytes_max = 640;     // of a block's beginning with dynamic codes
constexpr std::size_t symbol_bytes_max = 32;     // two looks at eight bytes, and what they use
constexpr std::size_t member_bytes_max = 70000;  // of a member's beginning: 64 KB of extra bytes

std::uint64_t load64(const std::uint8_t* at) {
  std::uint64_t value;
  std::memcpy(&value, at, 8);
  return value;  // little-endian machines only, as the rest of Podo
}
std::uint32_t load32(const std::uint8_t* at) {
  std::uint32_t value;
  std::memcpy(&value, at, 4);
  return value;
}

constexpr std::uint64_t low_bits(unsigned count) { return (std::uint64_t{1} << count) - 1; }

// The input of the hot loop, in registers: up to eight bytes are looked at ahead of what is used.
struct Bits {
  const std::uint8_t* in;
  std::uint64_t bits;
  unsigned count;

  void fill() {  // to at least 56
    bits |= load64(in) << count;
    in += (63 - count) >> 3;
    count |= 56;
  }
  void drop(std::uint32_t entry) {
    bits >>= used_bits(entry);
    count -= used_bits(entry);
  }
  template <class Table>
  std::uint32_t look_up(const Table& table) const {
    return table.entries.data()[bits & low_bits(Table::main_bits)];
  }
  template <class Table>
  std::uint32_t follow(const Table& table, std::uint32_t link) const {
    return table.entries.data()[value_of(link) + (bits >> Table::main_bits & low_bits(used_bits(link)))];
  }
  // The entry's value with the extra bits behind its word; all of it is used then.
  std::size_t take(std::uint32_t entry) {
    const std::size_t value = value_of(entry) + ((bits & low_bits(used_bits(entry))) >> word_bits(entry));
    drop(entry);
    return value;
  }
};

// May write up to fifteen bytes behind the match: they are slack, or overwritten next.
std::uint8_t* copy_match(std::uint8_t* out, std::size_t distance, std::size_t length) {
  const std::uint8_t* from = out - distance;
  std::uint8_t* const end = out + length;
  if (distance >= 8) {
    do {
      std::memcpy(out, from, 8);
      std::memcpy(out + 8, from + 8, 8);
      out += 16;
      from += 16;
    } while (out < end);
  } else if (distance == 1) {
    std::memset(out, *from, length);
  } else {
    while (out < end) *out++ = *from++;
  }
  return end;
}

}  // namespace

Inflater::Inflater()
    : output_(std::make_unique_for_overwrite<std::uint8_t[]>(window_bytes + piece_bytes + slack_bytes)) {
  feed({});
}

void Inflater::feed(std::string_view bytes) {
  ENSURE(!finished_);
  if (available() > 0 && input_at_ > 0) std::memmove(input_.get(), input_.get() + input_at_, available());
  input_end_ -= input_at_;
  input_at_ = 0;
  const std::size_t needed = input_end_ + bytes.size() + padding_bytes;
  if (needed > input_capacity_) {
    auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(needed * 2);
    if (input_end_ > 0) std::memcpy(larger.get(), input_.get(), input_end_);
    input_ = std::move(larger);
    input_capacity_ = needed * 2;
  }
  if (!bytes.empty()) std::memcpy(input_.get() + input_end_, bytes.data(), bytes.size());
  input_end_ += bytes.size();
  std::memset(input_.get() + input_end_, 0, padding_bytes);
}

Result<std::string_view> Inflater::next() {
  if (output_at_ > window_bytes) {
    const std::size_t drop = output_at_ - window_bytes;
    std::memmove(output_.get(), output_.get() + drop, window_bytes);
    output_at_ = window_bytes;
    history_at_ = history_at_ > drop ? history_at_ - drop : 0;
  }
  told_ = output_at_;
  while (output_at_ < window_bytes + piece_bytes && (output_at_ == told_ || state_ != State::trailer)) {
    if (!TRY(step())) break;
  }
  std::string_view piece(reinterpret_cast<const char*>(output_.get()) + told_, output_at_ - told_);
  crc_ = libdeflate_crc32(crc_, piece.data(), piece.size());
  member_bytes_ += static_cast<std::uint32_t>(piece.size());
  if (piece.empty() && finished_) {
    if (state_ != State::member || available() > 0 || !any_member_)
      return corrupt("gzip: the stream is cut off");
  }
  return piece;
}

Result<bool> Inflater::step() {
  switch (state_) {
    case State::member: return read_member();
    case State::block: return read_block();
    case State::stored: return copy_stored();
    case State::codes: return decode();
    case State::trailer: return read_trailer();
  }
  return internal("gzip: state");
}

// Of a block's beginning, which is all there or the input has ended; behind the end are zeros.
std::uint64_t Inflater::look_at_bits(unsigned count) {
  while (bit_count_ < count) {
    bits_ |= std::uint64_t{input_at_ < input_end_ ? input_[input_at_] : std::uint8_t{0}} << bit_count_;
    ++input_at_;
    bit_count_ += 8;
  }
  return bits_ & low_bits(count);
}

std::uint32_t Inflater::take_bits(unsigned count) {
  auto value = static_cast<std::uint32_t>(look_at_bits(count));
  bits_ >>= count;
  bit_count_ -= count;
  return value;
}

bool Inflater::overran() const { return input_at_ > input_end_ + bit_count_ / 8; }

Result<bool> Inflater::read_member() {
  const std::uint8_t* at = input_.get() + input_at_;
  if (any_member_) {
    while (available() > 0 && *at == 0) ++at, ++input_at_;  // some writers fill their last block with zeros
    if (available() == 0) return false;
  }
  if (available() < 10)
    return finished_ && available() > 0 ? Result<bool>(corrupt("gzip: not a gzip stream")) : false;
  if (at[0] != 0x1f || at[1] != 0x8b || at[2] != 8 || (at[3] & 0xe0) != 0)
    return corrupt("gzip: not a gzip stream");
  const std::uint8_t flags = at[3];
  std::size_t size = 10;
  if ((flags & 4) != 0) size += 2u + (available() >= 12 ? at[10] | at[11] << 8 : 0);
  for (unsigned text : {8, 16}) {
    if ((flags & text) == 0) continue;
    while (size < available() && at[size] != 0) ++size;
    ++size;
  }
  if ((flags & 2) != 0) size += 2;
  if (size > member_bytes_max) return corrupt("gzip: the beginning of the stream is too long");
  if (size > available()) return finished_ ? Result<bool>(corrupt("gzip: the stream is cut off")) : false;
  input_at_ += size;
  any_member_ = true;
  history_at_ = output_at_;
  crc_ = member_bytes_ = 0;
  state_ = State::block;
  return true;
}

Result<bool> Inflater::read_trailer() {
  if (available() < 8) return finished_ ? Result<bool>(corrupt("gzip: the stream is cut off")) : false;
  const std::uint8_t* at = input_.get() + input_at_;
  if (load32(at) != crc_ || load32(at + 4) != member_bytes_)
    return corrupt("gzip: the content does not have the sum that was written with it");
  input_at_ += 8;
  state_ = State::member;
  return true;
}

Result<bool> Inflater::read_block() {
  if (final_block_) {
    bits_ = bit_count_ = 0;
    final_block_ = false;
    state_ = State::trailer;
    return true;
  }
  if (wait_for(codes_bytes_max)) return false;
  final_block_ = take_bits(1) != 0;
  switch (take_bits(2)) {
    case 0: return start_stored();
    case 1: {
      std::array<std::uint8_t, 320> lengths;
      for (std::size_t i = 0; i < 288; ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
      for (std::size_t i = 288; i < 320; ++i) lengths[i] = 5;
      TRY(use_codes(lengths.data(), 288, 32));
      return true;
    }
    case 2: return read_dynamic_codes();
  }
  return corrupt("gzip: a block of an unknown kind");
}

Result<bool> Inflater::start_stored() {
  bits_ = bit_count_ = 0;
  const std::uint32_t size = take_bits(16), complement = take_bits(16);
  if (overran()) return corrupt("gzip: the stream is cut off");
  if ((size ^ complement) != 0xffff) return corrupt("gzip: the length of a stored block is damaged");
  stored_left_ = size;
  state_ = State::stored;
  return true;
}

bool Inflater::copy_stored() {
  const std::size_t count = std::min({stored_left_, available(), window_bytes + piece_bytes - output_at_});
  if (count > 0) std::memcpy(output_.get() + output_at_, input_.get() + input_at_, count);
  input_at_ += count;
  output_at_ += count;
  stored_left_ -= count;
  if (stored_left_ == 0) state_ = State::block;
  return count > 0 || stored_left_ == 0;
}

Result<bool> Inflater::read_dynamic_codes() {
  static constexpr std::uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                             11, 4,  12, 3, 13, 2, 14, 1, 15};
  const std::size_t literals = 257 + take_bits(5), distances = 1 + take_bits(5), codes = 4 + take_bits(4);
  if (literals > 286 || distances > 30) return corrupt("gzip: a code of too many symbols");
  std::array<std::uint8_t, 19> code_lengths{};
  for (std::size_t i = 0; i < codes; ++i) code_lengths[order[i]] = static_cast<std::uint8_t>(take_bits(3));
  std::array<std::uint32_t, 128> table;
  TRY(build_code_table(code_lengths.data(), 19, length_code_entries.data(), table.data(), table.size(), 7));

  std::array<std::uint8_t, 320> lengths{};
  for (std::size_t i = 0; i < literals + distances;) {
    const std::uint32_t entry = table[look_at_bits(7)];
    if (is_rare(entry)) return corrupt("gzip: a word that the code does not have");
    take_bits(used_bits(entry));
    const std::uint32_t symbol = value_of(entry);
    if (symbol < 16) {
      lengths[i++] = static_cast<std::uint8_t>(symbol);
      continue;
    }
    if (symbol == 16 && i == 0) return corrupt("gzip: a repetition of nothing");
    const std::uint8_t repeated = symbol == 16 ? lengths[i - 1] : std::uint8_t{0};
    std::size_t times = symbol == 16 ? 3 + take_bits(2) : symbol == 17 ? 3 + take_bits(3) : 11 + take_bits(7);
    if (i + times > literals + distances) return corrupt("gzip: a repetition beyond the end");
    while (times-- > 0) lengths[i++] = repeated;
  }
  if (overran()) return corrupt("gzip: the stream is cut off");
  if (lengths[256] == 0) return corrupt("gzip: a block that cannot end");
  TRY(use_codes(lengths.data(), literals, distances));
  return true;
}

Result<> Inflater::use_codes(std::uint8_t* lengths, std::size_t literals, std::size_t distances) {
  TRY(build_code_table(lengths, literals, literal_entries.data(), literals_.entries.data(),
                       literals_.entries.size(), literals_.main_bits));
  TRY(build_code_table(lengths + literals, distances, distance_entries.data(), distances_.entries.data(),
                       distances_.entries.size(), distances_.main_bits));
  state_ = State::codes;
  return {};
}

// The hot loop: everything in registers, eight bytes of input at a look, no bounds of the tables asked (their
// indexes are masked). It runs while symbol_bytes_max of input are there, or the input has ended: then what
// is read behind it is padding, which shows in the position afterwards.
Result<bool> Inflater::decode() {
  if (wait_for(symbol_bytes_max)) return false;
  Bits bits{input_.get() + input_at_, bits_, bit_count_};
  // The padding may be begun, not left: two more looks fit behind this.
  const std::uint8_t* const input_end = input_.get() + input_end_;
  const std::uint8_t* const in_stop = finished_ ? input_end + 16 : input_end - symbol_bytes_max;
  std::uint8_t* out = output_.get() + output_at_;
  const std::uint8_t* const out_stop = output_.get() + window_bytes + piece_bytes;
  const std::uint8_t* const history = output_.get() + history_at_;
  const char* wrong = nullptr;
  bool ended = false;

  while (bits.in <= in_stop && out < out_stop) {
    bits.fill();
    std::uint32_t entry = bits.look_up(literals_);
    for (int i = 0; i < 2 && kind_of(entry) == kind_literal; ++i) {  // with what follows, 42 bits at most
      *out++ = static_cast<std::uint8_t>(value_of(entry));
      bits.drop(entry);
      entry = bits.look_up(literals_);
    }
    if (is_rare(entry)) [[unlikely]] {
      if (kind_of(entry) == kind_link) entry = bits.follow(literals_, entry);
      if (is_rare(entry)) {
        bits.drop(entry);
        if (kind_of(entry) == kind_end) ended = true;
        else wrong = "gzip: a word that the code does not have";
        break;
      }
    }
    if (kind_of(entry) == kind_literal) {
      *out++ = static_cast<std::uint8_t>(value_of(entry));
      bits.drop(entry);
      continue;
    }
    const std::size_t length = bits.take(entry);
    bits.fill();
    entry = bits.look_up(distances_);
    if (is_rare(entry)) [[unlikely]] {
      if (kind_of(entry) == kind_link) entry = bits.follow(distances_, entry);
      if (is_rare(entry)) {
        wrong = "gzip: a word that the code does not have";
        break;
      }
    }
    const std::size_t distance = bits.take(entry);
    if (distance > static_cast<std::size_t>(out - history)) {
      wrong = "gzip: a distance before the beginning";
      break;
    }
    out = copy_match(out, distance, length);
  }

  bits.in -= bits.count >> 3;
  bit_count_ = bits.count & 7;
  bits_ = bits.bits & low_bits(bit_count_);
  input_at_ = static_cast<std::size_t>(bits.in - input_.get());
  output_at_ = static_cast<std::size_t>(out - output_.get());
  if (wrong != nullptr) return corrupt("{}", wrong);
  if (overran()) return corrupt("gzip: the stream is cut off");
  if (ended) state_ = State::block;
  return true;
}

}  // namespace podo::gzip
