#include "base/core/text.h"

#include <charconv>

namespace podo {

void TextArgument::append_to(std::string& out, char conversion) const {
  if (kind_ == Kind::string) {
    out.append(string_);
    return;
  }
  if (kind_ == Kind::character) {
    out.push_back(static_cast<char>(number_));
    return;
  }
  char digits[24];
  const int base = conversion == 'x' ? 16 : conversion == 'o' ? 8 : 10;
  const auto end = kind_ == Kind::negative ? std::to_chars(digits, digits + sizeof digits,
                                                           static_cast<std::int64_t>(number_), base)
                                           : std::to_chars(digits, digits + sizeof digits, number_, base);
  out.append(digits, static_cast<std::size_t>(end.ptr - digits));
}

void append_text(std::string& out, std::string_view pattern, const TextArgument* arguments) {
  out.reserve(out.size() + pattern.size() + 32);
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c != '{' && c != '}') {
      out.push_back(c);
    } else if (pattern[i + 1] == c) {
      out.push_back(c);
      ++i;
    } else {
      const bool plain = pattern[i + 1] == '}';
      (arguments++)->append_to(out, plain ? 'd' : pattern[i + 2]);
      i += plain ? 1 : 3;
    }
  }
}

}  // namespace podo
