// How a line falls into words; part of the parser.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::dockerfile {

bool is_blank(char c);  // a space, a tab, a carriage return, a vertical tab, a form feed
std::string_view trimmed(std::string_view text);
std::string_view without_line_end(std::string_view line);
std::string lower(std::string_view text);
std::string upper(std::string_view text);
std::string quoted(std::string_view text);  // as messages show what was written: "a\"b"

// The word that `rest` begins with, which it then no longer does; blanks in front of the next go too.
std::string_view take_word(std::string_view& rest);
std::vector<std::string> split(std::string_view text);  // at blanks
// At blanks outside of quotes; quotes and escapes stay.
std::vector<std::string> split_outside_quotes(std::string_view text, char escape);

// "--name=value" at the beginning of `rest`, which then begins behind them. Quotes hold a flag together, and
// are gone then.
struct FlagWord {
  std::string text;
  const char* at;  // in `rest`
};
std::vector<FlagWord> take_flags(std::string_view& rest);

// ["a", "b"]. Absent: it is no JSON array, so it is the shell form. What is behind the array does not count.
// Invalid: an array of other things than strings.
using Strings = std::vector<std::string>;
Result<std::optional<Strings>> json_strings(std::string_view text);

}  // namespace podo::dockerfile
