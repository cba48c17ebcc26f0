#include "base/format/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "base/format/utf8.h"

namespace podo::yaml {
namespace {

constexpr std::string_view core_tags = "tag:yaml.org,2002:";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// lower, Capitalized or UPPER; nothing in between.
bool is_word(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  const auto raised = [&](std::size_t i) {
    return lower[i] >= 'a' ? static_cast<char>(lower[i] - 32) : lower[i];
  };
  bool as_lower = true, as_capital = true, as_upper = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    as_lower &= text[i] == lower[i];
    as_capital &= text[i] == (i == 0 ? raised(i) : lower[i]);
    as_upper &= text[i] == raised(i);
  }
  return as_lower || as_capital || as_upper;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return is_word(text, word); });
}

// [-+]? ( "0x" hex+ | "0o"? octal+ | "0b" bit+ | decimal+ ), in 64 bits; a leading zero means octal.
std::optional<std::string> integer_of(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  std::uint64_t magnitude = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, magnitude, base);
  if (stop != end || error != std::errc() || text.empty()) return std::nullopt;
  if (negative && magnitude > 1ull << 63) return std::nullopt;
  return podo::text("{}{}", negative && magnitude != 0 ? "-" : "", magnitude);
}

std::string_view take_digits(std::string_view& text) {
  const auto length =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  const std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  return digits;
}

// [-+]? ( "." digit+ | digit+ ( "." digit* )? ) ( [eE] [-+]? digit+ )?  as JSON writes it
std::optional<std::string> decimal_of(std::string_view text) {
  std::string number = text.starts_with('-') ? "-" : "";
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  std::string_view whole = take_digits(text), fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;
  while (whole.size() > 1 && whole[0] == '0') whole.remove_prefix(1);
  number += whole.empty() ? "0" : whole;
  if (!fraction.empty()) number += podo::text(".{}", fraction);
  if (text.starts_with('e') || text.starts_with('E')) {
    number += 'e';
    text.remove_prefix(1);
    if (text.starts_with('-')) number += '-';
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    const std::string_view exponent = take_digits(text);
    if (exponent.empty()) return std::nullopt;
    number += exponent;
  }
  if (!text.empty() || !std::isfinite(std::strtod(number.c_str(), nullptr))) return std::nullopt;
  return number;
}

std::optional<std::string> number_of(std::string_view text) {
  const char first = text[0];
  if (!is_digit(first) && first != '-' && first != '+' && first != '.') return std::nullopt;
  std::string digits(text);
  if (first != '.') std::erase(digits, '_');
  if (auto integer = integer_of(digits)) return integer;
  return decimal_of(digits);
}

Result<Scalar> plain_scalar(std::string_view text) {
  using Kind = Scalar::Kind;
  if (text.empty() || text == "~" || is_word(text, "null")) return Scalar{Kind::null, "null"};
  if (text.size() <= 5) {
    if (is_one_of(text, {"true", "yes", "on", "y"})) return Scalar{Kind::boolean, "true"};
    if (is_one_of(text, {"false", "no", "off", "n"})) return Scalar{Kind::boolean, "false"};
    const std::string_view size = text.substr(text[0] == '+' || text[0] == '-' ? 1 : 0);
    const bool infinite = size.starts_with('.') && is_word(size.substr(1), "inf");
    if (infinite || text == ".nan" || text == ".NaN" || text == ".NAN") {
      return invalid("{} is not a number that JSON knows", text);
    }
  }
  if (auto digits = number_of(text)) return Scalar{Kind::number, std::move(*digits)};
  return Scalar{Kind::string, std::string(text)};
}

int sextet_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool is_utf8(std::string_view text) {
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    const std::size_t length = utf8::sequence_length(at, end);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

// Base64 (RFC 4648, section 4) with line breaks; what comes out has to be text, because JSON knows no bytes.
Result<Scalar> binary_scalar(std::string_view text) {
  Scalar result;
  std::uint32_t bits = 0;
  std::size_t sextets = 0, padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int sextet = sextet_of(c);
    if (sextet < 0 || padding > 0) return invalid("!!binary is not base64");
    bits = bits << 6 | static_cast<std::uint32_t>(sextet);
    if (++sextets % 4 != 1) result.text.push_back(static_cast<char>(bits >> (6 - 2 * ((sextets - 1) % 4))));
  }
  if ((sextets + padding) % 4 != 0 || padding > 2) return invalid("!!binary is not base64");
  if (!is_utf8(result.text)) return invalid("!!binary holds bytes that are not UTF-8");
  return result;
}

}  // namespace

Result<Scalar> resolve_scalar(std::string_view text, std::string_view tag, bool plain) {
  using Kind = Scalar::Kind;
  if (tag.empty() && plain) return plain_scalar(text);
  const std::string_view name = tag.starts_with(core_tags) ? tag.substr(core_tags.size()) : "";
  if (name == "binary") return binary_scalar(text);
  if (name != "null" && name != "bool" && name != "int" && name != "float")
    return Scalar{Kind::string, std::string(text)};

  Scalar scalar = TRY(plain_scalar(text));
  const bool whole = scalar.text.find_first_of(".e") == std::string::npos;
  const bool fits = name == "null"   ? scalar.kind == Kind::null
                    : name == "bool" ? scalar.kind == Kind::boolean
                    : name == "int"  ? scalar.kind == Kind::number && whole
                                     : scalar.kind == Kind::number;
  if (!fits) return invalid("\"{}\" is not a !!{}", text.substr(0, 60), name);
  return scalar;
}

}  // namespace podo::yaml
