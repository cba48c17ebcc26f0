// A time zone as a TZif file has it (RFC 8536): when which offset from UTC holds. Behind the last
// transition of the file the rule of its footer goes on for ever ("CET-1CEST,M3.5.0,M10.5.0/3").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::controllers {

struct Civil {
  std::int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int weekday = 4;  // 0: Sunday
};
Civil civil_of(std::int64_t local_seconds);
std::int64_t days_of(std::int64_t year, int month, int day);  // since 1970-01-01

class TimeZone {
 public:
  TimeZone() = default;  // UTC
  static Result<TimeZone> parse(std::string_view file);
  std::int64_t offset_at(std::int64_t seconds) const;  // east of UTC

 private:
  // Mm.w.d/time: the w-th (5: the last) weekday d of month m.
  struct Turn {
    int month = 1, week = 1, weekday = 0;
    std::int64_t time = 7200;
    std::int64_t in(std::int64_t year) const;  // local seconds
  };
  struct Transition {
    std::int64_t at, offset;
  };
  Result<> parse_rule(std::string_view footer);
  std::int64_t offset_by_rule(std::int64_t seconds) const;

  std::vector<Transition> transitions_;
  std::int64_t first_offset_ = 0, standard_ = 0, summer_ = 0;
  bool has_rule_ = false, has_summer_ = false;
  Turn begin_, end_;  // of summer
};

}  // namespace podo::controllers
