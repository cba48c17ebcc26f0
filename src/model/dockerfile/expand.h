// Variables in a Dockerfile's words, and the words themselves.
//
//   word  := ( text | quoted | variable )*
//   variable := "$" NAME | "${" NAME [ operator word ] "}"
//   operator := ":-" | "-" | ":+" | "+" | ":?" | "?" | "#" | "##" | "%" | "%%" | ( "/" | "//" ) pattern "/"
//
// Single quotes keep what is in them; the escape character (a backslash, or the backtick of a directive)
// keeps the next one. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::dockerfile {

// Gives the value of a variable, or nothing when it is not set; told of every name that is asked for.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

enum class Quotes : std::uint8_t { removed, kept };

// Invalid: an open quote or brace, "${x:?message}" without a value: "x: message".
Result<std::string> expand(std::string_view word, const Lookup& lookup, char escape,
                           Quotes quotes = Quotes::removed);
// One word may become several (EXPOSE $PORTS): split at blanks outside of quotes.
Result<std::vector<std::string>> expand_words(std::string_view word, const Lookup& lookup, char escape);

}  // namespace podo::dockerfile
