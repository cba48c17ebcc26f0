#include <algorithm>
#include <charconv>
#include <iterator>

#include "model/dockerfile/dockerfile.h"
#include "model/dockerfile/words.h"

namespace podo::dockerfile {
namespace {

constexpr std::int64_t nanoseconds_min = 1'000'000;

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr Unit units[] = {{"ns", 1},   {"us", 1e3}, {"\xC2\xB5s", 1e3}, {"\xCE\xBCs", 1e3},
                          {"ms", 1e6}, {"s", 1e9},  {"m", 60e9},        {"h", 3600e9}};

// Digits, with a point somewhere.
std::optional<double> take_number(std::string_view& rest) {
  double number = 0, place = 1;
  bool has_digit = false, has_point = false;
  for (; !rest.empty(); rest.remove_prefix(1)) {
    const char c = rest.front();
    if (c == '.' && !has_point) {
      has_point = true;
    } else if (c >= '0' && c <= '9') {
      has_digit = true;
      number = number * 10 + (c - '0');
      if (has_point) place *= 10;
    } else {
      break;
    }
  }
  if (!has_digit) return std::nullopt;
  return number / place;
}

// "1h30m", "1.5s", "0": Go's time.ParseDuration.
Result<std::int64_t> duration(std::string_view written) {
  const auto wrong = [written] { return invalid("time: invalid duration {}", quoted(written)); };
  std::string_view rest = written;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) return wrong();
  double total = 0;
  while (!rest.empty()) {
    const auto number = take_number(rest);
    if (!number) return wrong();
    const std::size_t letters = std::min(rest.find_first_of("0123456789."), rest.size());
    if (letters == 0) return invalid("time: missing unit in duration {}", quoted(written));
    const auto unit = std::ranges::find(units, rest.substr(0, letters), &Unit::name);
    if (unit == std::end(units))
      return invalid("time: unknown unit {} in duration {}", quoted(rest.substr(0, letters)),
                     quoted(written));
    total += *number * unit->nanoseconds;
    rest.remove_prefix(letters);
  }
  if (total >= 9.2e18) return wrong();
  return static_cast<std::int64_t>(negative ? -total : total);
}

}  // namespace

Result<HealthFlags> health_flags(const Instruction& instruction) {
  HealthFlags flags;
  const std::pair<std::string_view, std::int64_t*> durations[] = {
      {"interval", &flags.interval_ns},
      {"timeout", &flags.timeout_ns},
      {"start-period", &flags.start_period_ns},
      {"start-interval", &flags.start_interval_ns}};
  for (const auto& [name, value] : durations) {
    const Flag* flag = instruction.flag(name);
    if (flag == nullptr || flag->value.empty()) continue;
    *value = TRY(duration(flag->value));
    if (*value != 0 && *value < nanoseconds_min)
      return invalid("interval {} cannot be less than 1ms", quoted(name));
  }
  if (const Flag* flag = instruction.flag("retries"); flag != nullptr && !flag->value.empty()) {
    std::int32_t retries = 0;
    const char* end = flag->value.data() + flag->value.size();
    const auto [stopped, error] = std::from_chars(flag->value.data(), end, retries);
    if (error != std::errc() || stopped != end)
      return invalid("strconv.ParseInt: parsing {}: invalid syntax", quoted(flag->value));
    if (retries < 0) return invalid("--retries cannot be negative ({})", retries);
    flags.retries = retries;
  }
  return flags;
}

}  // namespace podo::dockerfile
