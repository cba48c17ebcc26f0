#include "container/oci_cli/quantities.h"

#include <algorithm>
#include <cmath>

#include "base/core/number.h"

namespace podo::oci_cli {
namespace {

// digits ("." digits)?, taken from the front.
Result<double> take_number(std::string_view& text) {
  const std::size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view digits = text.substr(0, length);
  const bool number = !digits.empty() && digits.front() != '.' && digits.back() != '.' &&
                      std::ranges::count(digits, '.') <= 1;
  if (!number) return invalid("a number is expected where '{}' stands", text);
  double value = 0, place = 0;  // place: 0 before the point, then 0.1, 0.01...
  for (const char digit : digits) {
    if (digit == '.') {
      place = 0.1;
    } else if (place == 0) {
      value = value * 10 + (digit - '0');
    } else {
      value += (digit - '0') * place;
      place /= 10;
    }
  }
  text.remove_prefix(length);
  return value;
}

Result<std::int64_t> whole(double value) {
  if (!(value < 9.2e18)) return invalid("too large");
  return static_cast<std::int64_t>(value + 0.5);
}

}  // namespace

Result<std::int64_t> parse_integer(std::string_view text) {
  const auto value = whole_number<std::int64_t>(text);
  if (!value) return invalid("'{}' is not a whole number", text);
  return *value;
}

Result<std::int64_t> parse_size(std::string_view text) {
  if (text == "-1") return -1;
  std::string_view unit = text;
  double bytes = TRY_IN(podo::text("'{}' is not a size", text), take_number(unit));
  constexpr std::string_view powers = "kmgtp";
  const std::size_t power = unit.empty() ? powers.npos : powers.find(static_cast<char>(unit[0] | 0x20));
  if (power != powers.npos) {
    bytes *= std::ldexp(1.0, 10 * static_cast<int>(power + 1));
    unit.remove_prefix(1);
    if (unit.starts_with('i') && unit.size() == 2) unit.remove_prefix(1);
  }
  if (!unit.empty() && unit != "b" && unit != "B")
    return invalid("'{}' is not a size like 512k, 32m or 2G", text);
  return TRY_IN(text, whole(bytes));
}

Result<Duration> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double ns;
  };
  constexpr Unit units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  if (text == "0") return Duration{};
  double total = 0;
  std::string_view rest = text;
  do {
    const double number = TRY_IN(podo::text("'{}' is not a duration", text), take_number(rest));
    const std::string_view name = rest.substr(0, std::min(rest.find_first_of("0123456789"), rest.size()));
    const Unit* unit = std::ranges::find(units, name, &Unit::name);
    if (unit == std::end(units)) return invalid("'{}' is not a duration like 5s, 500ms or 1m30s", text);
    total += number * unit->ns;
    rest.remove_prefix(name.size());
  } while (!rest.empty());
  return Duration{TRY_IN(text, whole(total))};
}

}  // namespace podo::oci_cli
