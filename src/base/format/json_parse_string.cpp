// string := '"' ( plain | utf8 | "\" ( ["\/bfnrt] | "u" hex hex hex hex ) )* '"'
#include "base/format/json_parser.h"
#include "base/format/json_scan.h"
#include "base/format/utf8.h"

namespace podo::json {
namespace {

constexpr bool is_high_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
constexpr bool is_low_surrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

char simple_escape(char c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '"': case '\\': case '/': return c;
    default: return '\0';
  }
}

}  // namespace

bool Parser::string() {
  const char* start = ++at_;
  if (!plain_part()) return false;
  if (*at_ == '\\') return escaped_string(start);
  return push(Kind::string, start, at_++);
}

// To the closing quote or a backslash.
bool Parser::plain_part() {
  for (;;) {
    at_ = skip_plain(at_, end_);
    if (at_ == end_) return expected("the closing '\"' of the string");
    if (*at_ == '"' || *at_ == '\\') return true;
    if (static_cast<unsigned char>(*at_) < 0x20) return expected("an escape instead of a raw control character");
    const std::size_t length = utf8::sequence_length(at_, end_);
    if (length == 0) return expected("UTF-8");
    at_ += length;
  }
}

bool Parser::escaped_string(const char* start) {
  std::string& out = arena_->unescaped;
  const std::uint32_t quote = place_of(start - 1);
  out.append(reinterpret_cast<const char*>(&quote), sizeof quote);
  const std::size_t place = out.size();
  out.append(start, at_);
  while (*at_ == '\\') {
    if (!escape()) return false;
    const char* part = at_;
    if (!plain_part()) return false;
    out.append(part, at_);
  }
  ++at_;
  return add({static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(out.size() - place), 1,
              static_cast<std::uint32_t>(Kind::string)});
}

bool Parser::escape() {
  const char* start = at_++;
  if (*at_ != 'u') {
    const char c = simple_escape(*at_);
    if (c == '\0') return expected("one of \"\\/bfnrtu after a backslash");
    arena_->unescaped.push_back(c);
    ++at_;
    return true;
  }
  ++at_;
  const auto unit = four_hex();
  if (!unit) return false;
  std::uint32_t code_point = *unit;
  if (is_low_surrogate(*unit)) return wrong(start, "found the second half of a surrogate pair without the first");
  if (is_high_surrogate(*unit)) {
    if (at_[0] != '\\' || at_[1] != 'u') return wrong(start, "found half of a surrogate pair, expected both");
    at_ += 2;
    const auto low = four_hex();
    if (!low) return false;
    if (!is_low_surrogate(*low)) return wrong(start, "found half of a surrogate pair, expected both");
    code_point = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
  }
  utf8::append(arena_->unescaped, code_point);
  return true;
}

std::optional<std::uint32_t> Parser::four_hex() {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const int digit = hex_value(*at_);
    if (digit < 0) {
      expected("four hex digits after \\u");
      return std::nullopt;
    }
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

}  // namespace podo::json
