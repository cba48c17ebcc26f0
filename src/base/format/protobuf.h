// The wire form of protocol buffers: fields out of bytes, and bytes out of fields. What the fields mean,
// and what they are called, is the caller's knowledge.
//
//   message := ( key value )*       key   := varint: number << 3 | wire
//   wire    := 0 varint | 1 eight bytes | 2 varint length, bytes | 5 four bytes   (3 and 4, groups: refused)
//   varint  := seven bits a byte, low ones first, the top bit set but for the last; ten bytes at most
//
//   Writer out(bytes);                             Reader in(bytes);
//   out.string(1, "v1");                           while (TRY(in.next())) {
//   const auto raw = out.open(2);                    if (in.number() == 1) version = TRY(in.bytes());
//   ...                                            }    // what is not asked for is skipped
//   out.close(raw);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::protobuf {

enum class Wire : std::uint8_t { varint = 0, eight_bytes = 1, bytes = 2, four_bytes = 5 };

// Appends to a string that the caller owns. A nested message is written in place; its length is put
// before it when it is closed.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void varint(std::uint32_t number, std::uint64_t value);
  void integer(std::uint32_t number, std::int64_t value) {  // int32, int64: negative ones take ten bytes
    varint(number, static_cast<std::uint64_t>(value));
  }
  void boolean(std::uint32_t number, bool value) { varint(number, value ? 1 : 0); }
  void real(std::uint32_t number, double value);
  void string(std::uint32_t number, std::string_view value);  // bytes too

  std::size_t open(std::uint32_t number);  // a nested message; what to give to close()
  void close(std::size_t opened);

 private:
  void raw(std::uint64_t value);
  std::string& out_;
};

// A view; the bytes must outlive it. Its errors are Invalid, in the words of Go's generated code.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // The next field, after skipping the value of the last if nobody asked for it. False: the end.
  Result<bool> next();
  std::uint32_t number() const { return number_; }
  Wire wire() const { return wire_; }

  // The value of this field, once; Invalid when it is of another wire form.
  Result<std::uint64_t> varint();
  Result<std::int64_t> integer();
  Result<double> real();
  Result<std::string_view> bytes();

 private:
  Result<std::uint64_t> raw();
  Result<std::string_view> cut(std::uint64_t size);
  Result<> expect(Wire wire);
  Result<> skip();

  const char* at_;
  const char* end_;
  std::uint32_t number_ = 0;
  Wire wire_ = Wire::varint;
  bool pending_ = false;  // the value of this field stands at at_
};

}  // namespace podo::protobuf
