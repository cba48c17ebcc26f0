// Base64 (RFC 4648, section 4): bytes as letters of the alphabet A-Z a-z 0-9 + /, padded with '='. And its
// form for URLs (section 5): - and _ in place of + and /, without padding.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::base64 {

std::string encode(std::string_view bytes);

// Takes what encode() gives and nothing else: whole groups of four, no blanks, no bits left over, so that
// every value has one spelling. The error names the place and does not quote the text, which may be secret.
Result<std::string> decode(std::string_view text);

std::string encode_url(std::string_view bytes);
Result<std::string> decode_url(std::string_view text);

}  // namespace podo::base64
