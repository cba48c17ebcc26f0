// Times as objects carry them, read and written as Go does it: RFC 3339 in UTC, to the second ("Time") or
// with exactly six digits of a fraction ("MicroTime").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::schema {

struct Instant {
  std::int64_t seconds = 0;  // since 1970; of the years 0 to 9999
  std::int32_t nanos = 0;
  bool is_zero() const { return seconds == zero_seconds && nanos == 0; }
  static constexpr std::int64_t zero_seconds = -62'135'596'800;  // 0001-01-01T00:00:00Z, Go's "no time"
};

enum class Precision : bool { seconds, micros };

// Invalid in the words of time.Parse: `parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x"
// as "2006"`.
Result<Instant> parse_instant(std::string_view text, Precision precision);
std::string text_of(Instant at, Precision precision);

}  // namespace podo::schema
