#include "base/dbus/wire.h"

namespace podo::dbus {
namespace {

template <class T>
std::uint64_t bits_of(T value) {
  return static_cast<std::uint64_t>(value);
}

// How a value of a variant is written.
struct WriteValue {
  Writer& out;
  void operator()(bool value) const { out.boolean(value); }
  void operator()(std::uint8_t value) const { out.byte(value); }
  void operator()(std::int16_t value) const { two(static_cast<std::uint16_t>(value)); }
  void operator()(std::uint16_t value) const { two(value); }
  void operator()(std::int32_t value) const { out.uint32(static_cast<std::uint32_t>(value)); }
  void operator()(std::uint32_t value) const { out.uint32(value); }
  void operator()(std::int64_t value) const { out.uint64(bits_of(value)); }
  void operator()(std::uint64_t value) const { out.uint64(value); }
  void operator()(const std::string& value) const { out.string(value); }
  void operator()(const ObjectPath& value) const { out.string(value.path); }
  template <class T>
  void operator()(const std::vector<T>& values) const {
    constexpr std::size_t alignment = sizeof(T) == 1 ? 1 : 4;
    const std::size_t begun = out.begin_array(alignment);
    for (const T& each : values) (*this)(each);
    out.end_array(begun, alignment);
  }

 private:
  void two(std::uint16_t value) const {
    out.align(2);
    out.byte(static_cast<std::uint8_t>(value & 0xff)).byte(static_cast<std::uint8_t>(value >> 8));
  }
};

}  // namespace

std::string_view signature_of(const Value& value) {
  constexpr std::string_view signatures[] = {"b", "y", "n", "q",  "i",  "u", "x",
                                             "t", "s", "o", "ay", "au", "as"};
  static_assert(std::size(signatures) == std::variant_size_v<Value>);
  return signatures[value.index()];
}

Writer& Writer::align(std::size_t alignment) {
  bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment, '\0');
  return *this;
}

Writer& Writer::byte(std::uint8_t value) {
  bytes_.push_back(static_cast<char>(value));
  return *this;
}

Writer& Writer::number(std::uint64_t value, std::size_t size) {
  align(size);
  for (std::size_t i = 0; i < size; ++i) byte(static_cast<std::uint8_t>(value >> (8 * i)));
  return *this;
}

Writer& Writer::string(std::string_view value) {
  uint32(static_cast<std::uint32_t>(value.size()));
  bytes_.append(value).push_back('\0');
  return *this;
}

Writer& Writer::signature(std::string_view value) {
  byte(static_cast<std::uint8_t>(value.size()));
  bytes_.append(value).push_back('\0');
  return *this;
}

Writer& Writer::value(const Value& value) {
  std::visit(WriteValue{*this}, value);
  return *this;
}

Writer& Writer::variant(const Value& value) { return signature(signature_of(value)).value(value); }

Writer& Writer::properties(std::span<const Property> list) {
  const std::size_t begun = begin_array(8);
  for (const Property& each : list) align(8).string(each.name).variant(each.value);
  end_array(begun, 8);
  return *this;
}

std::size_t Writer::begin_array(std::size_t alignment) {
  uint32(0);
  const std::size_t begun = bytes_.size();
  align(alignment);
  return begun;
}

void Writer::end_array(std::size_t begun, std::size_t alignment) {
  const std::size_t first = (begun + alignment - 1) / alignment * alignment;
  const std::size_t length = bytes_.size() - first;
  for (std::size_t i = 0; i < 4; ++i) bytes_[begun - 4 + i] = static_cast<char>(length >> (8 * i));
}

Result<std::string_view> Reader::take(std::size_t count) {
  if (count > bytes_.size() - at_) return corrupt("it ends within a value");
  const std::string_view taken = bytes_.substr(at_, count);
  at_ += count;
  return taken;
}

Result<> Reader::align(std::size_t alignment) {
  const std::string_view padding = TRY(take((alignment - at_ % alignment) % alignment));
  if (padding.find_first_not_of('\0') != padding.npos) return corrupt("the padding is not zero");
  return {};
}

Result<std::uint8_t> Reader::byte() { return static_cast<std::uint8_t>(TRY(take(1))[0]); }

Result<std::uint32_t> Reader::uint32() {
  TRY(align(4));
  const std::string_view four = TRY(take(4));
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(four[i]);
  return value;
}

Result<std::string_view> Reader::text_of(std::size_t length) {
  const std::string_view value = TRY(take(length));
  if (TRY(byte()) != 0 || value.contains('\0')) return corrupt("a string has its end elsewhere");
  return value;
}

Result<std::string_view> Reader::string() { return text_of(TRY(uint32())); }

Result<std::string_view> Reader::signature() { return text_of(TRY(byte())); }

Result<> Reader::skip(char type) {
  switch (type) {
    case 'y': TRY(take(1)); return {};
    case 'n':
    case 'q':
      TRY(align(2));
      TRY(take(2));
      return {};
    case 'b':
    case 'i':
    case 'u':
    case 'h': TRY(uint32()); return {};
    case 'x':
    case 't':
    case 'd':
      TRY(align(8));
      TRY(take(8));
      return {};
    case 's':
    case 'o': TRY(string()); return {};
    case 'g': TRY(signature()); return {};
    default: return corrupt("a value of type '{}' where a basic one belongs", type);
  }
}

}  // namespace podo::dbus
