// IP addresses and prefixes of both families, as values that sort and count: IPv4 before IPv6, then by
// number.
//
//   address := dotted IPv4 | IPv6 (RFC 4291; printed as RFC 5952 says)
//   prefix  := address "/" length
//
// A default IpAddress is none at all: it tests false.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo {

class IpAddress {
 public:
  IpAddress() = default;
  static Result<IpAddress> parse(std::string_view text);
  static IpAddress from_bytes(std::string_view bytes);  // 4 or 16, in network order; else none

  explicit operator bool() const { return size_ != 0; }
  bool is_v4() const { return size_ == 4; }
  bool is_v6() const { return size_ == 16; }
  int bits() const { return size_ * 8; }
  bool is_loopback() const;
  bool is_unspecified() const;

  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), size_}; }
  std::string to_text() const;  // "" for none

  // The address so much further on, wrapping at the end of the family's numbers.
  IpAddress plus(std::uint64_t count) const;
  IpAddress previous() const;
  // Every bit behind the first `length` is 0, or 1.
  IpAddress with_host_bits(int length, bool ones) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::uint8_t size_ = 0;  // first, so that families sort apart
  std::array<std::uint8_t, 16> bytes_ = {};
};

struct IpPrefix {
  IpAddress address;  // may have host bits, as in "10.0.0.7/8"
  int length = 0;

  static Result<IpPrefix> parse(std::string_view text);
  explicit operator bool() const { return static_cast<bool>(address); }
  IpAddress first() const { return address.with_host_bits(length, false); }
  IpAddress last() const { return address.with_host_bits(length, true); }
  IpPrefix network() const { return {first(), length}; }
  bool contains(const IpAddress& other) const;
  bool overlaps(const IpPrefix& other) const;
  std::string to_text() const;
  bool operator==(const IpPrefix&) const = default;
};

}  // namespace podo
