// Variables in a Dockerfile's words, and the words themselves. Pure.
//
//   word      := ( text | "'" text "'" | '"' ( text | variable )* '"' | ESCAPE char | variable )*
//   variable  := "$" NAME | "${" NAME [ operation ] "}"
//   operation := ( ":-" | "-" | ":+" | "+" | ":?" | "?" ) word       with ':': empty counts as not set
//              | ( "#" | "##" | "%" | "%%" ) pattern  off the front, the end; twice: the longest
//              | ( "/" | "//" ) pattern "/" word                     the first, every one
//   pattern   := ( "*" | "?" | "\" char | char )*                    after its variables are expanded
//
// Single quotes keep what is in them; ESCAPE (a backslash, or the backtick of a directive) keeps the next
// character. A variable that is not set is empty.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::dockerfile {

// Gives the value of a variable, or nothing when it is not set; told of every name that is asked for.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

// removed: as a shell would. kept: they mean the same, but stay (what people are shown). plain: a quote is a
// character like others (the content of a heredoc).
enum class Quotes : std::uint8_t { removed, kept, plain };

inline constexpr std::size_t expanded_bytes_max = 8u << 20;  // a variable may double itself, line by line

// Invalid: an open quote or brace, an unknown operation; "${x:?message}" without a value: "x: message".
// Exhausted: more than expanded_bytes_max.
Result<std::string> expand(std::string_view word, const Lookup& lookup, char escape,
                           Quotes quotes = Quotes::removed);
// One word may become several (EXPOSE $PORTS), or none: split at blanks outside of quotes.
Result<std::vector<std::string>> expand_words(std::string_view word, const Lookup& lookup, char escape);

}  // namespace podo::dockerfile
