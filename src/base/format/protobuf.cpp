#include "base/format/protobuf.h"

#include <bit>
#include <cstring>

#include "base/core/ensure.h"

namespace podo::protobuf {
namespace {

constexpr std::size_t varint_bytes_max = 10;

std::size_t put_varint(char* out, std::uint64_t value) {
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) out[size++] = static_cast<char>(value | 0x80);
  out[size++] = static_cast<char>(value);
  return size;
}

std::uint64_t key_of(std::uint32_t number, Wire wire) {
  return static_cast<std::uint64_t>(number) << 3 | static_cast<std::uint64_t>(wire);
}

}  // namespace

void Writer::raw(std::uint64_t value) {
  char bytes[varint_bytes_max];
  out_.append(bytes, put_varint(bytes, value));
}

void Writer::varint(std::uint32_t number, std::uint64_t value) {
  raw(key_of(number, Wire::varint));
  raw(value);
}

void Writer::real(std::uint32_t number, double value) {
  static_assert(std::endian::native == std::endian::little);
  raw(key_of(number, Wire::eight_bytes));
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out_.append(bytes, sizeof bytes);
}

void Writer::string(std::uint32_t number, std::string_view value) {
  raw(key_of(number, Wire::bytes));
  raw(value.size());
  out_ += value;
}

// One byte for the length is kept: most nested messages are under 128 bytes, and need no move then.
std::size_t Writer::open(std::uint32_t number) {
  raw(key_of(number, Wire::bytes));
  out_.push_back(0);
  return out_.size();
}

void Writer::close(std::size_t opened) {
  ENSURE(opened <= out_.size());
  char bytes[varint_bytes_max];
  const std::size_t size = put_varint(bytes, out_.size() - opened);
  out_[opened - 1] = bytes[0];
  if (size > 1) out_.insert(opened, bytes + 1, size - 1);
}

Result<std::uint64_t> Reader::raw() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at_ == end_) return invalid("unexpected EOF");
    const auto byte = static_cast<unsigned char>(*at_++);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  return invalid("proto: integer overflow");
}

Result<std::string_view> Reader::cut(std::uint64_t size) {
  if (size > static_cast<std::uint64_t>(end_ - at_)) return invalid("unexpected EOF");
  const std::string_view found(at_, size);
  at_ += size;
  return found;
}

Result<> Reader::skip() {
  pending_ = false;
  switch (wire_) {
    case Wire::varint: TRY(raw()); return {};
    case Wire::eight_bytes: TRY(cut(8)); return {};
    case Wire::bytes: TRY(cut(TRY(raw()))); return {};
    case Wire::four_bytes: TRY(cut(4)); return {};
  }
  return {};
}

Result<bool> Reader::next() {
  if (pending_) TRY(skip());
  if (at_ == end_) return false;
  const std::uint64_t key = TRY(raw());
  const auto wire = static_cast<unsigned>(key & 7);
  number_ = static_cast<std::uint32_t>(key >> 3);
  if (wire > 5 || wire == 3 || wire == 4) return invalid("proto: illegal wireType {}", wire);
  if (number_ == 0 || number_ > (1u << 29) - 1)
    return invalid("proto: illegal tag {} (wire type {})", key >> 3, wire);
  wire_ = static_cast<Wire>(wire);
  pending_ = true;
  return true;
}

Result<> Reader::expect(Wire wire) {
  ENSURE(pending_);
  if (wire_ != wire) {
    return invalid("proto: wrong wireType = {} for field {}", static_cast<unsigned>(wire_), number_);
  }
  pending_ = false;
  return {};
}

Result<std::uint64_t> Reader::varint() {
  TRY(expect(Wire::varint));
  return raw();
}

Result<std::int64_t> Reader::integer() { return static_cast<std::int64_t>(TRY(varint())); }

Result<double> Reader::real() {
  TRY(expect(Wire::eight_bytes));
  double value;
  std::memcpy(&value, TRY(cut(sizeof value)).data(), sizeof value);
  return value;
}

Result<std::string_view> Reader::bytes() {
  TRY(expect(Wire::bytes));
  return cut(TRY(raw()));
}

}  // namespace podo::protobuf
