// Instants as people and protocols write them (RFC 3339), in UTC: "2024-05-01T09:08:07.000000000Z".
#pragma once

#include <string>
#include <string_view>

#include "base/core/clock.h"
#include "base/core/error.h"

namespace podo {

std::string rfc3339(Wall at);       // all nine digits
std::string rfc3339_nano(Wall at);  // without trailing zeros, as Go's RFC3339Nano: "…:07.5Z", "…:07Z"

// With any offset and up to nine digits of a second (more are cut off); "T" and "Z" in either case. Invalid
// for anything else, and for a day that is not in its month.
Result<Wall> parse_rfc3339(std::string_view text);

// What clients pass as since and until: seconds since 1970, with a fraction or without ("1700000000.25"), an
// RFC 3339 instant, or a duration before `now` as Go writes it ("1h30m", "10s").
Result<Wall> parse_instant(std::string_view text, Wall now);

// Go's time.ParseDuration: "1h2m3.5s", "300ms", "-1.5h"; units ns, us, µs, ms, s, m, h.
Result<Duration> parse_duration(std::string_view text);

}  // namespace podo
