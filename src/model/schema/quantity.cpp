#include "model/schema/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace podo::schema {
namespace {

using Wide = unsigned __int128;

constexpr int digits_max = 28;  // of whole units; with nine of a fraction they are under 2^127
constexpr int nano_digits = 9;

constexpr Wide power_of_10(int exponent) {
  Wide value = 1;
  for (; exponent > 0; --exponent) value *= 10;
  return value;
}

constexpr Wide nano_max = power_of_10(digits_max + nano_digits);

struct Suffix {
  std::string_view text;
  Quantity::Family family;
  int exponent;  // of 10, or of 2
};

constexpr Suffix suffixes[] = {
    {"", Quantity::Family::decimal, 0},   {"n", Quantity::Family::decimal, -9},
    {"u", Quantity::Family::decimal, -6}, {"m", Quantity::Family::decimal, -3},
    {"k", Quantity::Family::decimal, 3},  {"M", Quantity::Family::decimal, 6},
    {"G", Quantity::Family::decimal, 9},  {"T", Quantity::Family::decimal, 12},
    {"P", Quantity::Family::decimal, 15}, {"E", Quantity::Family::decimal, 18},
    {"Ki", Quantity::Family::binary, 10}, {"Mi", Quantity::Family::binary, 20},
    {"Gi", Quantity::Family::binary, 30}, {"Ti", Quantity::Family::binary, 40},
    {"Pi", Quantity::Family::binary, 50}, {"Ei", Quantity::Family::binary, 60},
};

struct Parts {
  bool negative = false;
  std::string_view whole, fraction, suffix;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && is_digit(text[size])) ++size;
  const std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

std::optional<Parts> parts_of(std::string_view text) {
  Parts parts;
  if (text.starts_with('-') || text.starts_with('+')) {
    parts.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  while (text.starts_with('0')) text.remove_prefix(1);
  parts.whole = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
  }
  parts.suffix = text;
  const std::size_t letters = std::min(text.find_first_not_of("eEinumkKMGTP"), text.size());
  text.remove_prefix(letters);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  take_digits(text);
  if (!text.empty()) return std::nullopt;
  return parts;
}

std::optional<Suffix> suffix_of(std::string_view text) {
  const auto found = std::ranges::find(suffixes, text, &Suffix::text);
  if (found != std::end(suffixes)) return *found;
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  std::string_view digits = text.substr(1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int exponent = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (read.ptr != digits.data() + digits.size() || read.ec == std::errc::invalid_argument)
    return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) exponent = digits.starts_with('-') ? -1'000 : 1'000;
  return Suffix{text, Quantity::Family::exponent, std::clamp(exponent, -1'000, 1'000)};
}

// whole.fraction * 10^exponent in billionths, rounded up.
Wide decimal_nano(const Parts& parts, int exponent) {
  const int shift =
      exponent + nano_digits - static_cast<int>(std::min<std::size_t>(parts.fraction.size(), 10'000));
  std::string digits(parts.whole);
  digits += parts.fraction;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return 0;
  bool rest = false;
  for (int i = shift; i < 0 && !digits.empty(); ++i) {
    rest = rest || digits.back() != '0';
    digits.pop_back();
  }
  if (static_cast<int>(digits.size()) + std::max(shift, 0) > digits_max + nano_digits) return nano_max;
  Wide value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  return std::min(nano_max, value * power_of_10(std::max(shift, 0)) + (rest ? 1 : 0));
}

// No more than 2^63-1 units, as Kubernetes caps it. The fraction counts to its 18th digit.
Wide binary_nano(const Parts& parts, int exponent) {
  constexpr Wide cap = static_cast<Wide>(INT64_MAX) * 1'000'000'000;
  if (parts.whole.size() > 19) return cap;
  Wide units = 0, fraction = 0;
  for (const char c : parts.whole) units = units * 10 + static_cast<unsigned>(c - '0');
  if (units > (static_cast<Wide>(INT64_MAX) >> exponent)) return cap;
  constexpr std::size_t counted = 18;
  for (std::size_t i = 0; i < counted; ++i) {
    fraction = fraction * 10 + static_cast<unsigned>(i < parts.fraction.size() ? parts.fraction[i] - '0' : 0);
  }
  const bool finer = parts.fraction.find_first_not_of('0', counted) != std::string_view::npos;
  const Wide scaled = fraction << exponent, unit = power_of_10(counted - nano_digits);
  const Wide nano =
      (units << exponent) * 1'000'000'000 + scaled / unit + (scaled % unit != 0 || finer ? 1 : 0);
  return std::min(cap, nano);
}

// Kubernetes keeps the text of numbers that are quick to read and nearly canonical.
bool stays_written(const Parts& parts, const Suffix& suffix) {
  const std::string_view whole = parts.whole.empty() ? "0" : parts.whole;
  const auto digits = static_cast<int>(whole.size() + parts.fraction.size());
  if (suffix.family == Quantity::Family::binary) {
    if (!parts.fraction.empty() || 15 - digits - suffix.exponent * 3 / 10 - 1 < 0) return false;
    std::uint64_t value = 0;
    std::from_chars(whole.data(), whole.data() + whole.size(), value);
    return (value & 7) != 0;
  }
  const int scale = suffix.exponent - static_cast<int>(parts.fraction.size());
  if (digits > 18 || scale < -nano_digits || scale % 3 != 0 || whole[0] == '0') return false;
  std::string shifted(whole);
  shifted += parts.fraction;
  return !shifted.ends_with("000");
}

void append_digits(std::string& out, Wide value) {
  char digits[40];
  char* at = digits + sizeof digits;
  do {
    *--at = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  out.append(at, static_cast<std::size_t>(digits + sizeof digits - at));
}

Wide magnitude(__int128 value) { return value < 0 ? -static_cast<Wide>(value) : static_cast<Wide>(value); }

}  // namespace

Quantity Quantity::of(std::int64_t units, Family family) {
  Quantity made;
  made.nano_ = static_cast<Nano>(units) * nano_per_unit;
  made.family_ = family;
  return made;
}

Result<Quantity> Quantity::parse(std::string_view text) {
  const auto parts = text.empty() ? std::nullopt : parts_of(text);
  if (!parts) {
    return invalid(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }
  const auto suffix = suffix_of(parts->suffix);
  if (!suffix) return invalid("unable to parse quantity's suffix");
  Quantity made;
  made.family_ = suffix->family;
  const bool binary = suffix->family == Family::binary;
  const Wide nano = binary ? binary_nano(*parts, suffix->exponent) : decimal_nano(*parts, suffix->exponent);
  made.nano_ = parts->negative ? -static_cast<Nano>(nano) : static_cast<Nano>(nano);
  if (binary && nano > 0 && nano < nano_per_unit) made.family_ = Family::decimal;
  if (nano != 0 && stays_written(*parts, *suffix)) made.written_ = text;
  return made;
}

std::string Quantity::text() const {
  if (nano_ == 0) return "0";
  if (!written_.empty()) return written_;
  const bool small = magnitude(nano_) < static_cast<Wide>(1024) * nano_per_unit;
  return family_ == Family::binary && !small && is_whole() ? binary_text() : decimal_text();
}

std::string Quantity::decimal_text() const {
  Wide value = magnitude(nano_);
  int exponent = -nano_digits;
  while (value % 1000 == 0 && exponent < 1'000) {
    value /= 1000;
    exponent += 3;
  }
  std::string out = nano_ < 0 ? "-" : "";
  append_digits(out, value);
  const auto suffix = std::ranges::find_if(suffixes, [&](const Suffix& known) {
    return known.family == Family::decimal && known.exponent == exponent;
  });
  if (family_ != Family::exponent && suffix != std::end(suffixes)) out += suffix->text;
  else if (exponent != 0) out += podo::text("e{}", exponent);
  return out;
}

std::string Quantity::binary_text() const {
  Wide value = magnitude(nano_) / nano_per_unit;
  int exponent = 0;
  while (value % 1024 == 0 && exponent < 60) {
    value /= 1024;
    exponent += 10;
  }
  std::string out = nano_ < 0 ? "-" : "";
  append_digits(out, value);
  const auto suffix = std::ranges::find_if(suffixes, [&](const Suffix& known) {
    return known.family == Family::binary && known.exponent == exponent;
  });
  return exponent == 0 ? out : out.append(suffix->text);
}

std::int64_t Quantity::rounded_up() const {
  Wide units = (magnitude(nano_) + nano_per_unit - 1) / nano_per_unit;
  units = std::min(units, static_cast<Wide>(INT64_MAX));
  return nano_ < 0 ? -static_cast<std::int64_t>(units) : static_cast<std::int64_t>(units);
}

std::int64_t Quantity::milli() const {
  Wide units = (magnitude(nano_) + 999'999) / 1'000'000;
  units = std::min(units, static_cast<Wide>(INT64_MAX));
  return nano_ < 0 ? -static_cast<std::int64_t>(units) : static_cast<std::int64_t>(units);
}

Quantity Quantity::rounded_up_to_milli() const {
  if (nano_ % 1'000'000 == 0) return *this;
  Quantity made = *this;
  const Nano rest = nano_ % 1'000'000;
  made.nano_ += nano_ > 0 ? 1'000'000 - rest : -(1'000'000 + rest);
  made.written_.clear();
  return made;
}

Quantity Quantity::plus(Nano nano, Family family) const {
  Quantity made;
  const auto most = static_cast<Nano>(nano_max);
  made.nano_ = std::clamp(nano_ + nano, -most, most);
  made.family_ = nano_ == 0 ? family : family_;
  return made;
}

}  // namespace podo::schema
