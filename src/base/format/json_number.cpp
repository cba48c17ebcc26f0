// From the digits as written to a machine number, exactly or not at all.
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/core/ensure.h"
#include "base/format/json_arena.h"

namespace podo::json {
namespace {

struct Whole {
  bool negative;
  std::uint64_t magnitude;
};

// digits * 10^power, without leading or trailing zeros in the digits
struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t power = 0;
};

Decimal decimal_of(std::string_view number) {
  Decimal result;
  std::size_t at = 0;
  if (number[at] == '-') {
    result.negative = true;
    ++at;
  }
  bool fraction = false;
  for (; at < number.size() && number[at] != 'e' && number[at] != 'E'; ++at) {
    if (number[at] == '.') {
      fraction = true;
      continue;
    }
    if (number[at] != '0' || !result.digits.empty()) result.digits.push_back(number[at]);
    if (fraction) --result.power;
  }
  std::int64_t exponent = 0;
  const bool shrinks = at + 1 < number.size() && number[at + 1] == '-';
  for (; at < number.size(); ++at) {
    const bool digit = number[at] >= '0' && number[at] <= '9';
    if (digit && exponent < 1'000'000'000) exponent = exponent * 10 + (number[at] - '0');
  }
  result.power += shrinks ? -exponent : exponent;
  while (!result.digits.empty() && result.digits.back() == '0') {
    result.digits.pop_back();
    ++result.power;
  }
  return result;
}

std::optional<Whole> whole_of(std::string_view number) {
  const Decimal decimal = decimal_of(number);
  if (decimal.digits.empty()) return Whole{decimal.negative, 0};
  constexpr std::int64_t digits_max = 20;  // 2^64 has twenty
  if (decimal.power < 0 || decimal.power > digits_max) return std::nullopt;
  std::uint64_t magnitude = 0;
  const auto shift_in = [&](unsigned digit) {
    return !__builtin_mul_overflow(magnitude, 10u, &magnitude) &&
           !__builtin_add_overflow(magnitude, digit, &magnitude);
  };
  for (const char c : decimal.digits) {
    if (!shift_in(static_cast<unsigned>(c - '0'))) return std::nullopt;
  }
  for (std::int64_t i = 0; i < decimal.power; ++i) {
    if (!shift_in(0)) return std::nullopt;
  }
  return Whole{decimal.negative, magnitude};
}

}  // namespace

std::optional<std::int64_t> int64_of(std::string_view number) {
  const auto whole = whole_of(number);
  if (!whole) return std::nullopt;
  const std::uint64_t most = (1ull << 63) - (whole->negative ? 0 : 1);
  if (whole->magnitude > most) return std::nullopt;
  return static_cast<std::int64_t>(whole->negative ? 0 - whole->magnitude : whole->magnitude);
}

std::optional<std::int64_t> Value::as_int64() const {
  return is(Kind::number) ? int64_of(number()) : std::nullopt;
}

std::optional<std::uint64_t> Value::as_uint64() const {
  if (!is(Kind::number)) return std::nullopt;
  const auto whole = whole_of(number());
  if (!whole || (whole->negative && whole->magnitude != 0)) return std::nullopt;
  return whole->magnitude;
}

// strtod reads the "C" locale, which this program never leaves.
std::optional<double> double_of(std::string_view number) {
  const double result = std::strtod(std::string(number).c_str(), nullptr);
  if (!std::isfinite(result)) return std::nullopt;
  return result;
}

std::optional<double> Value::as_double() const {
  return is(Kind::number) ? double_of(number()) : std::nullopt;
}

}  // namespace podo::json
