#include "cluster/workloads/time_zone.h"

#include <algorithm>
#include <cctype>

namespace podo::controllers {
namespace {

constexpr std::int64_t day_seconds = 86'400;

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0); }

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = (bytes[0] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

// tzfile := header(version 1) data header(version 2+) data64 "\n" rule "\n"
// header := "TZif" version:1 zero:15 isutcnt:4 isstdcnt:4 leapcnt:4 timecnt:4 typecnt:4 charcnt:4
struct Header {
  std::size_t isut, isstd, leap, time, type, chars;
  std::size_t data_bytes(std::size_t time_bytes) const {
    return time * (time_bytes + 1) + type * 6 + chars + leap * (time_bytes + 4) + isstd + isut;
  }
};
constexpr std::size_t header_bytes = 44;

Result<Header> read_header(std::string_view file) {
  if (file.size() < header_bytes || !file.starts_with("TZif")) return corrupt("no TZif file");
  const auto count = [&](std::size_t at) { return static_cast<std::size_t>(big_endian(file.substr(at, 4))); };
  return Header{count(20), count(24), count(28), count(32), count(36), count(40)};
}

struct Reader {
  std::string_view rest;
  bool take(char wanted) {
    if (!rest.starts_with(wanted)) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::int64_t number() {
    std::int64_t value = 0;
    while (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front())) && value < 100'000) {
      value = value * 10 + (rest.front() - '0');
      rest.remove_prefix(1);
    }
    return value;
  }
  // [+-]hh[:mm[:ss]]
  std::int64_t offset() {
    const std::int64_t sign = take('-') ? -1 : 1;
    take('+');
    std::int64_t seconds = number() * 3600;
    if (take(':')) seconds += number() * 60;
    if (take(':')) seconds += number();
    return sign * seconds;
  }
  bool name() {
    const std::size_t before = rest.size();
    if (take('<')) {
      rest.remove_prefix(std::min(rest.size(), rest.find('>') + 1));
    } else {
      while (!rest.empty() && std::isalpha(static_cast<unsigned char>(rest.front()))) rest.remove_prefix(1);
    }
    return rest.size() < before;
  }
};

}  // namespace

std::int64_t days_of(std::int64_t year, int month, int day) {
  year -= month <= 2;
  const std::int64_t era = floor_div(year, 400), of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

Civil civil_of(std::int64_t local) {
  const std::int64_t days = floor_div(local, day_seconds), of_day = local - days * day_seconds;
  const std::int64_t shifted = days + 719'468, era = floor_div(shifted, 146'097);
  const std::int64_t of_era = shifted - era * 146'097;
  const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month = static_cast<int>((5 * of_year + 2) / 153);
  Civil civil;
  civil.day = static_cast<int>(of_year - (153 * month + 2) / 5 + 1);
  civil.month = month < 10 ? month + 3 : month - 9;
  civil.year = year_of_era + era * 400 + (civil.month <= 2);
  civil.hour = static_cast<int>(of_day / 3600);
  civil.minute = static_cast<int>(of_day / 60 % 60);
  civil.second = static_cast<int>(of_day % 60);
  civil.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  return civil;
}

Result<TimeZone> TimeZone::parse(std::string_view file) {
  const Header old = TRY(read_header(file));
  if (file.size() < header_bytes + old.data_bytes(4)) return corrupt("a TZif file that is too short");
  file.remove_prefix(header_bytes + old.data_bytes(4));
  const Header header = TRY(read_header(file));
  const std::size_t bytes = header.data_bytes(8);
  if (file.size() < header_bytes + bytes || header.type == 0) return corrupt("a TZif file that is too short");
  const std::string_view data = file.substr(header_bytes, bytes), footer = file.substr(header_bytes + bytes);
  const std::string_view which = data.substr(header.time * 8), types = data.substr(header.time * 9);
  TimeZone zone;
  zone.first_offset_ = big_endian(types.substr(0, 4));
  for (std::size_t i = 0; i < header.time; ++i) {
    const auto type = static_cast<unsigned char>(which[i]);
    if (type >= header.type) return corrupt("a TZif file with a type {} of {}", int{type}, header.type);
    zone.transitions_.push_back({big_endian(data.substr(i * 8, 8)), big_endian(types.substr(type * 6u, 4))});
  }
  if (footer.size() > 2) TRY(zone.parse_rule(footer.substr(1, footer.rfind('\n') - 1)));
  return zone;
}

// rule := NAME time [ NAME [time] "," turn "," turn ]      turn := "M" month "." week "." day [ "/" time ]
Result<> TimeZone::parse_rule(std::string_view footer) {
  Reader in{footer};
  if (!in.name()) return corrupt("a time zone's rule without a name");
  standard_ = -in.offset();
  has_rule_ = true;
  if (in.rest.empty()) return {};
  if (!in.name()) return corrupt("a time zone's rule that has no name for its summer");
  summer_ = in.rest.starts_with(',') ? standard_ + 3600 : -in.offset();
  for (Turn* turn : {&begin_, &end_}) {
    if (!in.take(',') || !in.take('M')) {  // days of the year: no zone of today
      has_rule_ = !transitions_.empty() ? false : has_rule_;
      return {};
    }
    turn->month = static_cast<int>(in.number());
    in.take('.');
    turn->week = static_cast<int>(in.number());
    in.take('.');
    turn->weekday = static_cast<int>(in.number());
    if (in.take('/')) turn->time = in.offset();
    if (turn->month < 1 || turn->month > 12)
      return corrupt("a time zone's rule with a month {}", turn->month);
  }
  has_summer_ = true;
  return {};
}

std::int64_t TimeZone::Turn::in(std::int64_t year) const {
  const std::int64_t first = days_of(year, month, 1);
  const std::int64_t next = month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
  const auto first_weekday = static_cast<int>(((first + 4) % 7 + 7) % 7);
  std::int64_t day = first + (weekday - first_weekday + 7) % 7 + (week - 1) * 7;
  while (day >= next) day -= 7;
  return day * day_seconds + time;
}

std::int64_t TimeZone::offset_by_rule(std::int64_t seconds) const {
  if (!has_summer_) return standard_;
  const std::int64_t year = civil_of(seconds + standard_).year;
  const std::int64_t begin = begin_.in(year)-standard_, end = end_.in(year)-summer_;
  const bool is_summer = begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
  return is_summer ? summer_ : standard_;
}

std::int64_t TimeZone::offset_at(std::int64_t seconds) const {
  const auto after = std::ranges::upper_bound(transitions_, seconds, {}, &Transition::at);
  if (after == transitions_.end() && has_rule_) return offset_by_rule(seconds);
  return after == transitions_.begin() ? first_offset_ : std::prev(after)->offset;
}

}  // namespace podo::controllers
