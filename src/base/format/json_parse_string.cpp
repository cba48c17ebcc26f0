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

// To the closing quote or a backslash.
const char* Parser::part(const char* at) {
  for (;;) {
    at = skip_plain(at, end_);
    if (at == end_) return expected(at, "the closing '\"' of the string");
    if (*at == '"' || *at == '\\') return at;
    if (static_cast<unsigned char>(*at) < 0x20) {
      return expected(at, "an escape instead of a raw control character");
    }
    const std::size_t length = utf8::sequence_length(at, end_);
    if (length == 0) return expected(at, "UTF-8");
    at += length;
  }
}

const char* Parser::escaped_string(const char* start, const char* at) {
  std::string& out = arena_->unescaped;
  const auto quote = static_cast<std::uint32_t>(place_of(start - 1));
  out.append(reinterpret_cast<const char*>(&quote), sizeof quote);
  const std::size_t place = out.size();
  out.append(start, static_cast<std::size_t>(at - start));
  while (*at == '\\') {
    const char* after = escape(at);
    if (after == nullptr) return nullptr;
    at = part(after);
    if (at == nullptr) return nullptr;
    out.append(after, static_cast<std::size_t>(at - after));
  }
  add(place, out.size() - place, Kind::string, true);
  return at + 1;
}

const char* Parser::escape(const char* at) {
  const char* start = at++;
  if (*at != 'u') {
    const char c = simple_escape(*at);
    if (c == '\0') return expected(at, "one of \"\\/bfnrtu after a backslash");
    arena_->unescaped.push_back(c);
    return at + 1;
  }
  std::uint32_t code_point = 0;
  at = four_hex(at + 1, code_point);
  if (at == nullptr) return nullptr;
  if (is_low_surrogate(code_point)) {
    return wrong(start, "found the second half of a surrogate pair without the first");
  }
  if (is_high_surrogate(code_point)) {
    std::uint32_t low = 0;
    if (at[0] != '\\' || at[1] != 'u') return wrong(start, "found half of a surrogate pair, expected both");
    at = four_hex(at + 2, low);
    if (at == nullptr) return nullptr;
    if (!is_low_surrogate(low)) return wrong(start, "found half of a surrogate pair, expected both");
    code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
  }
  utf8::append(arena_->unescaped, code_point);
  return at;
}

const char* Parser::four_hex(const char* at, std::uint32_t& value) {
  for (int i = 0; i < 4; ++i, ++at) {
    const int digit = hex_value(*at);
    if (digit < 0) return expected(at, "four hex digits after \\u");
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return at;
}

}  // namespace podo::json
