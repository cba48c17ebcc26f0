#include "base/core/ip_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace podo {

Result<IpAddress> IpAddress::parse(std::string_view text) {
  char copy[INET6_ADDRSTRLEN] = {};
  IpAddress address;
  if (text.size() < sizeof copy) {
    text.copy(copy, text.size());
    const bool v6 = text.find(':') != text.npos;
    if (text.find('\0') == text.npos &&
        ::inet_pton(v6 ? AF_INET6 : AF_INET, copy, address.bytes_.data()) == 1)
      address.size_ = v6 ? 16 : 4;
  }
  if (!address) return invalid("invalid IP address: {}", text);
  return address;
}

IpAddress IpAddress::from_bytes(std::string_view bytes) {
  IpAddress address;
  if (bytes.size() != 4 && bytes.size() != 16) return address;
  address.size_ = static_cast<std::uint8_t>(bytes.size());
  std::memcpy(address.bytes_.data(), bytes.data(), bytes.size());
  return address;
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes_[0] == 127;
  return is_v6() && previous().is_unspecified();  // ::1 and one less
}

bool IpAddress::is_unspecified() const {
  return *this && bytes().find_first_not_of('\0') == std::string_view::npos;
}

std::string IpAddress::to_text() const {
  if (!*this) return {};
  char out[INET6_ADDRSTRLEN];
  ::inet_ntop(is_v6() ? AF_INET6 : AF_INET, bytes_.data(), out, sizeof out);
  return out;
}

IpAddress IpAddress::plus(std::uint64_t count) const {
  IpAddress sum = *this;
  unsigned carry = 0;
  for (std::size_t i = size_; i-- > 0; count >>= 8) {
    const unsigned total = sum.bytes_[i] + static_cast<unsigned>(count & 0xff) + carry;
    sum.bytes_[i] = static_cast<std::uint8_t>(total);
    carry = total >> 8;
  }
  return sum;
}

IpAddress IpAddress::previous() const {
  IpAddress before = *this;
  for (std::size_t i = size_; i-- > 0;)
    if (before.bytes_[i]-- != 0) break;
  return before;
}

IpAddress IpAddress::with_host_bits(int length, bool ones) const {
  IpAddress changed = *this;
  for (int i = 0; i < size_; ++i) {
    const int kept = length - i * 8;
    const unsigned mask = kept >= 8 ? 0 : kept <= 0 ? 0xff : 0xffu >> kept;
    auto& byte = changed.bytes_[static_cast<std::size_t>(i)];
    byte = static_cast<std::uint8_t>(ones ? byte | mask : byte & ~mask);
  }
  return changed;
}

Result<IpPrefix> IpPrefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto wrong = [&] { return invalid("invalid CIDR address: {}", text); };
  if (slash == text.npos) return wrong();
  const auto address = IpAddress::parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (!address || error != std::errc() || end != digits.data() + digits.size() || digits[0] == '-' ||
      length > address->bits())
    return wrong();
  return IpPrefix{*address, length};
}

bool IpPrefix::contains(const IpAddress& other) const {
  return other.bits() == address.bits() && first() <= other && other <= last();
}

bool IpPrefix::overlaps(const IpPrefix& other) const {
  return address.bits() == other.address.bits() && first() <= other.last() && other.first() <= last();
}

std::string IpPrefix::to_text() const { return address ? text("{}/{}", address.to_text(), length) : ""; }

}  // namespace podo
