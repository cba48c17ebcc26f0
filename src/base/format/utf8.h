// UTF-8 (RFC 3629) at the byte level.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace podo::utf8 {

// The length (1-4) of the well-formed sequence that starts at `at`, 0 when there is none: an overlong form, a
// surrogate, a value above U+10FFFF, a stray continuation byte or an end too early. at < end.
std::size_t sequence_length(const char* at, const char* end);

void append(std::string& out, std::uint32_t code_point);  // a Unicode scalar value

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace podo::utf8
