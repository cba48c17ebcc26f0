// Cron schedules.
//
//   schedule := minute hour day month weekday | "@" word | "@every " duration
//   field    := part ( "," part )*        part := ( "*" | "?" | VALUE [ "-" VALUE ] ) [ "/" STEP ]
//
// Months and weekdays also have names (JAN, SUN). When day and weekday are both given, either is enough.
// Local times that a change of clocks leaves out do not come; those that it repeats come twice.
#pragma once

#include <optional>

#include "cluster/workloads/time_zone.h"

namespace podo::controllers {

class Cron {
 public:
  static Result<Cron> parse(std::string_view schedule);
  // The first time after `after`; absent: none within five years (the 30th of February).
  std::optional<std::int64_t> next(std::int64_t after, const TimeZone& zone) const;
  // The last time in (after, until], and how many there are in it: more than a hundred count as 101.
  struct Missed {
    std::optional<std::int64_t> last;
    int count = 0;
  };
  Missed missed(std::int64_t after, std::int64_t until, const TimeZone& zone) const;

 private:
  bool is_day(const Civil& at) const;
  std::uint64_t minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;  // a bit each
  bool any_day_ = false, any_weekday_ = false;
  std::int64_t every_ = 0;  // seconds; 0: by the fields
};

}  // namespace podo::controllers
