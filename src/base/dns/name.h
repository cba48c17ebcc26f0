// Domain names as text: labels joined with dots, no dot at the end, the root is "". What a label may hold
// besides letters, digits, '-' and '_' is escaped as in RFC 1035, 5.1: "\." and "\DDD". Case is kept, and
// does not count when names are compared.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::dns {

inline constexpr std::size_t name_bytes_max = 255, label_bytes_max = 63;  // on the wire

std::string lower(std::string_view name);
bool same_name(std::string_view a, std::string_view b);
bool is_within(std::string_view name, std::string_view zone);  // "a.b" and "b" are within "b"

// name := label* 0      label := length:u8 byte{length}, 1 <= length <= 63
Result<std::string> encode_name(std::string_view name);  // uncompressed
// At `at` in the message, which moves behind it. A pointer leads strictly backwards, so there is no circle.
Result<std::string> decode_name(std::string_view message, std::size_t& at);

// "3.0.17.172.in-addr.arpa" <-> the bytes of 172.17.0.3, and ip6.arpa alike. "" when it is none.
std::string reverse_name(std::string_view address_bytes);
std::string address_of_reverse_name(std::string_view name);

}  // namespace podo::dns
