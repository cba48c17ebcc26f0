#include "base/core/timestamp.h"

#include <stdio.h>

namespace podo {
namespace {

struct Date {
  std::int64_t year;
  int month, day;
};

// The Gregorian calendar, counted from 1 March of year 0, so that the leap day is the last of its year. By
// hand because gmtime_r reads the host's time zone files, which UTC does not need.
Date date_of(std::int64_t days_since_1970) {
  const std::int64_t days = days_since_1970 + 719'468;                   // 0000-03-01 is day 0
  const std::int64_t era = days / 146'097, day_of_era = days % 146'097;  // 400 years
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month_from_march = static_cast<int>((5 * day_of_year + 2) / 153);
  const int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

}  // namespace

std::string rfc3339(Wall at) {
  const std::int64_t second = at.ns / 1'000'000'000 - (at.ns % 1'000'000'000 < 0 ? 1 : 0);
  const std::int64_t day = second / 86'400 - (second % 86'400 < 0 ? 1 : 0), of_day = second - day * 86'400;
  const Date date = date_of(day);
  char words[64];
  const int length = ::snprintf(
      words, sizeof words, "%04lld-%02d-%02dT%02d:%02d:%02d.%09lldZ", static_cast<long long>(date.year),
      date.month, date.day, static_cast<int>(of_day / 3'600), static_cast<int>(of_day / 60 % 60),
      static_cast<int>(of_day % 60), static_cast<long long>(at.ns - second * 1'000'000'000));
  return std::string(words, static_cast<std::size_t>(length));
}

std::string rfc3339_nano(Wall at) {
  std::string words = rfc3339(at);
  words.pop_back();
  while (words.back() == '0') words.pop_back();
  if (words.back() == '.') words.pop_back();
  return words + 'Z';
}

namespace {

// The inverse of date_of().
std::int64_t days_of(std::int64_t year, int month, int day) {
  const std::int64_t y = month <= 2 ? year - 1 : year, era = y / 400, year_of_era = y - era * 400;
  const int month_from_march = month > 2 ? month - 3 : month + 9;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

int days_in_month(std::int64_t year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

// Takes words from the front; what does not fit leaves `bad` set.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return fail();
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  void expect(char upper) {
    if (rest_.empty() || (rest_.front() != upper && rest_.front() != (upper | 0x20))) {
      fail();
      return;
    }
    rest_.remove_prefix(1);
  }
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // The digits behind a point, as nanoseconds of a second.
  std::int64_t fraction() {
    std::int64_t value = 0, place = 100'000'000;
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return fail();
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; rest_.remove_prefix(1)) {
      value += (rest_.front() - '0') * place;
      place /= 10;
    }
    return value;
  }
  bool digit_next() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  std::string_view rest() const { return rest_; }
  void skip(std::size_t count) { rest_.remove_prefix(count); }
  bool done() const { return rest_.empty() && !bad_; }
  bool bad() const { return bad_; }

 private:
  int fail() {
    bad_ = true;
    return 0;
  }
  std::string_view rest_;
  bool bad_ = false;
};

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t seconds_max = INT64_MAX / second_ns - 1;

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr Unit units[] = {
    {"ns", 1},         {"us", 1'000},    {"\u00b5s", 1'000},    {"\u03bcs", 1'000},
    {"ms", 1'000'000}, {"s", second_ns}, {"m", 60 * second_ns}, {"h", 3'600 * second_ns}};

// The longest that fits: "ms" before "m".
const Unit* unit_at(std::string_view text) {
  const Unit* best = nullptr;
  for (const Unit& unit : units)
    if (text.starts_with(unit.name) && (best == nullptr || unit.name.size() > best->name.size()))
      best = &unit;
  return best;
}

}  // namespace

Result<Wall> parse_rfc3339(std::string_view text_of) {
  Scanner scan(text_of);
  const int year = scan.number(4);
  scan.expect('-');
  const int month = scan.number(2);
  scan.expect('-');
  const int day = scan.number(2);
  scan.expect('T');
  const int hour = scan.number(2);
  scan.expect(':');
  const int minute = scan.number(2);
  scan.expect(':');
  const int second = scan.number(2);
  const std::int64_t fraction = scan.take('.') ? scan.fraction() : 0;
  std::int64_t offset = 0;
  if (const bool minus = scan.rest().starts_with('-'); minus || scan.rest().starts_with('+')) {
    scan.skip(1);
    const int hours = scan.number(2);
    scan.expect(':');
    offset = (hours * 60 + scan.number(2)) * (minus ? -60 : 60);
  } else {
    scan.expect('Z');
  }
  if (!scan.done() || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
      minute > 59 || second > 60)
    return invalid("\"{}\" is not an RFC 3339 instant", text_of);
  const std::int64_t total =
      days_of(year, month, day) * 86'400 + hour * 3'600 + minute * 60 + second - offset;
  if (total > seconds_max || total < -seconds_max) return invalid("\"{}\" is too far away", text_of);
  return Wall{total * second_ns + fraction};
}

Result<Duration> parse_duration(std::string_view text_of) {
  Scanner scan(text_of);
  const bool minus = scan.take('-');
  if (!minus) (void)scan.take('+');
  if (scan.rest() == "0") return Duration{0};
  if (scan.rest().empty()) return invalid("invalid duration \"{}\"", text_of);
  std::int64_t total = 0;
  while (!scan.rest().empty()) {
    if (!scan.digit_next() && !scan.rest().starts_with('.'))
      return invalid("invalid duration \"{}\"", text_of);
    std::int64_t whole = 0;
    while (scan.digit_next())
      if (__builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, scan.number(1), &whole))
        return invalid("invalid duration \"{}\"", text_of);
    const std::int64_t fraction = scan.take('.') && scan.digit_next() ? scan.fraction() : 0;
    const Unit* unit = unit_at(scan.rest());
    if (unit == nullptr)
      return scan.rest().empty() ? invalid("missing unit in duration \"{}\"", text_of)
                                 : invalid("unknown unit in duration \"{}\"", text_of);
    scan.skip(unit->name.size());
    const auto part = static_cast<std::int64_t>(static_cast<__int128>(fraction) * unit->ns / second_ns);
    if (__builtin_mul_overflow(whole, unit->ns, &whole) || __builtin_add_overflow(total, whole, &total) ||
        __builtin_add_overflow(total, part, &total))
      return invalid("invalid duration \"{}\"", text_of);
  }
  return Duration{minus ? -total : total};
}

Result<Wall> parse_instant(std::string_view text_of, Wall now) {
  if (const auto instant = parse_rfc3339(text_of)) return *instant;
  Scanner scan(text_of);
  const bool minus = scan.take('-');
  if (scan.digit_next()) {
    std::int64_t whole = 0;
    while (scan.digit_next() && whole < seconds_max) whole = whole * 10 + scan.number(1);
    const std::int64_t fraction = scan.take('.') && scan.digit_next() ? scan.fraction() : 0;
    if (scan.done()) {
      if (whole > seconds_max) return invalid("\"{}\" is too far away", text_of);
      const std::int64_t ns = whole * second_ns + fraction;
      return Wall{minus ? -ns : ns};
    }
  }
  if (const auto ago = parse_duration(text_of)) return Wall{now.ns - ago->ns};
  return invalid("\"{}\" is neither an instant (RFC 3339, or seconds since 1970) nor a duration", text_of);
}

}  // namespace podo
