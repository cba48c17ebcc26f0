#include "container/runtime/timestamp.h"

#include <stdio.h>

namespace podo::runtime {
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
  const std::int64_t seconds = at.ns / 1'000'000'000, of_day = seconds % 86'400;
  const Date date = date_of(seconds / 86'400);
  char words[64];
  const int length = ::snprintf(words, sizeof words, "%04lld-%02d-%02dT%02d:%02d:%02d.%09lldZ",
                                static_cast<long long>(date.year), date.month, date.day,
                                static_cast<int>(of_day / 3'600), static_cast<int>(of_day / 60 % 60),
                                static_cast<int>(of_day % 60), static_cast<long long>(at.ns % 1'000'000'000));
  return std::string(words, static_cast<std::size_t>(length));
}

}  // namespace podo::runtime
