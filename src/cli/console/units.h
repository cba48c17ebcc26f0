// Numbers, times and lists as docker shows them and as people type them. Values only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/clock.h"
#include "base/core/error.h"

namespace podo::cli {

std::string human_size(double bytes, int digits = 4);  // "4.26MB": powers of 1000
std::string binary_size(double bytes);                 // "12.5MiB": powers of 1024
std::string human_duration(Duration time);             // "5 minutes", "About an hour"
std::string human_ago(Wall then, Wall now);            // "5 minutes ago"; "N/A" for a time that is not known
std::string clock_text(Wall time);                     // "2026-01-02 03:04:05 +0000 UTC"
std::string iso_text(Wall time);                       // "2026-01-02T03:04:05Z", with nanoseconds if any

// RFC 3339, with fewer parts too: "2026-01-02", "2026-01-02T03:04", "...:05.25+01:00" (without zone: UTC).
Result<Wall> parse_time(std::string_view text);
// What the daemon wants for --since and --until: a time, seconds since 1970, or how long ago ("42m").
Result<std::string> timestamp_of(std::string_view text, Wall now);

std::string short_id(std::string_view id);  // 12 digits, without "sha256:"
std::string ellipsis(std::string_view text, std::size_t characters_max);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace podo::cli
