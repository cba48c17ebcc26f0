#include "cli/console/units.h"

#include <stdio.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "container/oci_cli/quantities.h"

namespace podo::cli {
namespace {

std::string scaled(double value, double step, std::span<const std::string_view> units, int digits) {
  std::size_t unit = 0;
  while (value >= step && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  char number[32];
  ::snprintf(number, sizeof number, "%.*g", digits, value);
  return number + std::string(units[unit]);
}

std::string padded(std::int64_t value, std::size_t width) {
  std::string digits = text("{}", value);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

tm parts_of(Wall time) {
  std::int64_t second = time.ns / 1'000'000'000;
  tm parts{};
  ::gmtime_r(&second, &parts);
  return parts;
}

// Takes `width` digits and what separates them from the next number.
bool take(std::string_view& text, std::size_t width, int& value) {
  if (text.size() < width) return false;
  auto [end, problem] = std::from_chars(text.data(), text.data() + width, value);
  if (problem != std::errc() || end != text.data() + width) return false;
  text.remove_prefix(width);
  return true;
}
bool take(std::string_view& text, char separator) {
  bool there = text.starts_with(separator);
  if (there) text.remove_prefix(1);
  return there;
}

// "Z", "+01:00" as seconds east.
bool take_zone(std::string_view& text, int& east) {
  east = 0;
  if (text.empty() || take(text, 'Z')) return true;
  int sign = text[0] == '-' ? -1 : 1, hours = 0, minutes = 0;
  if (!take(text, '+') && !take(text, '-')) return false;
  if (!take(text, 2, hours) || !take(text, ':') || !take(text, 2, minutes)) return false;
  east = sign * (hours * 3600 + minutes * 60);
  return true;
}

std::int64_t take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int64_t ns = 0, place = 100'000'000;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), place /= 10)
    ns += (text[0] - '0') * place;
  return ns;
}

}  // namespace

std::string human_size(double bytes, int digits) {
  static constexpr std::string_view units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  return scaled(bytes, 1000, units, digits);
}

std::string binary_size(double bytes) {
  static constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  return scaled(bytes, 1024, units, 4);
}

std::string human_duration(Duration time) {
  std::int64_t seconds = time.ns / 1'000'000'000, minutes = seconds / 60, hours = (seconds + 1800) / 3600;
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return text("{} seconds", seconds);
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return text("{} minutes", minutes);
  if (hours == 1) return "About an hour";
  if (hours < 48) return text("{} hours", hours);
  if (hours < 24 * 14) return text("{} days", hours / 24);
  if (hours < 24 * 60) return text("{} weeks", hours / 24 / 7);
  if (hours < 24 * 365 * 2) return text("{} months", hours / 24 / 30);
  return text("{} years", hours / 24 / 365);
}

std::string human_ago(Wall then, Wall now) {
  if (then.ns <= 0) return "N/A";
  return human_duration({std::max<std::int64_t>(now.ns - then.ns, 0)}) + " ago";
}

std::string clock_text(Wall time) {
  tm parts = parts_of(time);
  return text("{}-{}-{} {}:{}:{} +0000 UTC", parts.tm_year + 1900, padded(parts.tm_mon + 1, 2),
              padded(parts.tm_mday, 2), padded(parts.tm_hour, 2), padded(parts.tm_min, 2),
              padded(parts.tm_sec, 2));
}

std::string iso_text(Wall time) {
  tm parts = parts_of(time);
  std::string out =
      text("{}-{}-{}T{}:{}:{}", parts.tm_year + 1900, padded(parts.tm_mon + 1, 2), padded(parts.tm_mday, 2),
           padded(parts.tm_hour, 2), padded(parts.tm_min, 2), padded(parts.tm_sec, 2));
  if (std::int64_t ns = time.ns % 1'000'000'000; ns != 0) out += text(".{}", padded(ns, 9));
  return out + "Z";
}

Result<Wall> parse_time(std::string_view whole) {
  std::string_view rest = whole;
  tm parts{};
  bool date = take(rest, 4, parts.tm_year) && take(rest, '-') && take(rest, 2, parts.tm_mon) &&
              take(rest, '-') && take(rest, 2, parts.tm_mday);
  bool well = date;
  std::int64_t ns = 0;
  if (well && (take(rest, 'T') || take(rest, ' '))) {
    well = take(rest, 2, parts.tm_hour);
    if (well && take(rest, ':')) well = take(rest, 2, parts.tm_min);
    if (well && take(rest, ':')) well = take(rest, 2, parts.tm_sec);
    ns = take_fraction(rest);
  }
  int east = 0;
  if (!well || !take_zone(rest, east) || !rest.empty()) return invalid("'{}' is not a time", whole);
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return Wall{(::timegm(&parts) - east) * 1'000'000'000 + ns};
}

Result<std::string> timestamp_of(std::string_view text, Wall now) {
  bool is_number = !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
  if (text.empty() || is_number) return std::string(text);
  Wall time{};
  if (Result<Duration> ago = oci_cli::parse_duration(text)) time.ns = now.ns - ago->ns;
  else if (Result<Wall> at = parse_time(text)) time = *at;
  else return invalid("'{}' is neither a time nor a duration", text);
  return podo::text("{}.{}", time.ns / 1'000'000'000, padded(time.ns % 1'000'000'000, 9));
}

std::string short_id(std::string_view id) {
  if (id.starts_with("sha256:")) id.remove_prefix(7);
  return std::string(id.substr(0, 12));
}

std::string ellipsis(std::string_view text, std::size_t characters_max) {
  if (text.size() <= characters_max) return std::string(text);
  return std::string(text.substr(0, characters_max - 1)) + "…";
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) out += separator;
    out += part;
  }
  return out;
}

}  // namespace podo::cli
