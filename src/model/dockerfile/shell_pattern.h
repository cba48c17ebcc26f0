// The patterns of "${x#pattern}" and "${x/pattern/y}"; part of the expansion of variables. Pure.
//
//   pattern := ( "*" | "?" | "\" ( "*" | "?" | "\" | "}" | "/" ) | char )*
//
// Each is `value` as it is when nothing matches. Invalid: an escape of something else. Exhausted: more than
// expanded_bytes_max (expand.h).
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::dockerfile {

enum class Reach : std::uint8_t { shortest, longest };
Result<std::string> without_prefix(std::string_view value, std::string_view pattern, Reach reach);
Result<std::string> without_suffix(std::string_view value, std::string_view pattern, Reach reach);

enum class Which : std::uint8_t { first, every };  // the longest match each
Result<std::string> replaced(std::string_view value, std::string_view pattern, std::string_view by,
                             Which which);

}  // namespace podo::dockerfile
