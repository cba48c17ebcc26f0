// Values as D-Bus writes them (D-Bus Specification, "Marshaling"), of the types this program needs:
//
//   byte y := u8                      boolean b := u32, 0 or 1
//   number    n q i u x t             of 2, 2, 4, 4, 8, 8 bytes, the first of a pair signed; in the order
//                                     of the message's first byte, here 'l': the least significant first
//   string s, object path o := length:u32 byte* NUL    length without the NUL
//   signature g             := length:u8 byte* NUL
//   array aT  := length:u32 padding T*                 of the elements, without the padding before them
//   structure (T...) := T...
//   variant v := g value                               g: one type, that of the value
//
// Each begins at a multiple of its size, counted from the message's start: y g v at 1, n q at 2, i u b s o
// a at 4, x t and structures at 8; what lies between is zero. A body begins at a multiple of 8, so it is
// written alone.
//
// Values only, no I/O. What comes from outside is never read beyond its end; Corrupt says what is wrong
// with it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/core/error.h"

namespace podo::dbus {

struct ObjectPath {
  std::string path;
  bool operator==(const ObjectPath&) const = default;
};

// What a variant of ours may hold.
using Value = std::variant<bool, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t,
                           std::int64_t, std::uint64_t, std::string, ObjectPath, std::vector<std::uint8_t>,
                           std::vector<std::uint32_t>, std::vector<std::string>>;
std::string_view signature_of(const Value& value);  // "t", "as"

struct Property {
  std::string name;
  Value value;
  bool operator==(const Property&) const = default;
};

class Writer {
 public:
  Writer& byte(std::uint8_t value);
  Writer& boolean(bool value) { return uint32(value ? 1 : 0); }
  Writer& uint32(std::uint32_t value) { return number(value, 4); }
  Writer& uint64(std::uint64_t value) { return number(value, 8); }
  Writer& string(std::string_view value);  // also an object path
  Writer& signature(std::string_view value);
  Writer& value(const Value& value);                   // the value alone
  Writer& variant(const Value& value);                 // its signature before it
  Writer& properties(std::span<const Property> list);  // a(sv)
  // An array's elements are written between the two. `alignment`: of an element.
  std::size_t begin_array(std::size_t alignment);
  void end_array(std::size_t begun, std::size_t alignment);
  Writer& align(std::size_t alignment);

  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  Writer& number(std::uint64_t value, std::size_t size);
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  Result<std::uint8_t> byte();
  Result<std::uint32_t> uint32();
  Result<std::string_view> string();  // valid as long as the bytes are
  Result<std::string_view> signature();
  Result<> align(std::size_t alignment);
  Result<> skip(char type);  // one value of a basic type
  std::size_t at() const { return at_; }
  bool done() const { return at_ == bytes_.size(); }

 private:
  Result<std::string_view> take(std::size_t count);
  Result<std::string_view> text_of(std::size_t length);  // and the NUL behind it
  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace podo::dbus
