#include "cluster/workloads/cron.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/core/timestamp.h"

namespace podo::controllers {
namespace {

constexpr std::int64_t hour_seconds = 3600, five_years = 5 * 366 * 86'400;

struct Bounds {
  int low, high;
  std::string_view names = {};  // three letters each, from `low`
};
constexpr Bounds minute_bounds{0, 59}, hour_bounds{0, 23}, day_bounds{1, 31},
    month_bounds{1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
    weekday_bounds{0, 6, "SUNMONTUEWEDTHUFRISAT"};

struct Word {
  std::string_view word, schedule;
};
constexpr Word words[] = {{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
                          {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
                          {"@hourly", "0 * * * *"}};

std::string_view cut(std::string_view& text, char at) {
  const std::string_view part = text.substr(0, text.find(at));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return part;
}

Result<int> parse_value(std::string_view text, const Bounds& bounds) {
  if (text.size() == 3 && !bounds.names.empty()) {
    std::string upper(text);
    for (char& letter : upper)
      letter = static_cast<char>(letter >= 'a' && letter <= 'z' ? letter - 32 : letter);
    const std::size_t place = bounds.names.find(upper);
    if (place != std::string_view::npos && place % 3 == 0) return bounds.low + static_cast<int>(place / 3);
  }
  int value = -1;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size())
    return invalid("failed to parse int from {}: strconv.Atoi: parsing \"{}\": invalid syntax", text, text);
  if (value < bounds.low)
    return invalid("beginning of range ({}) below minimum ({}): {}", value, bounds.low, text);
  if (value > bounds.high)
    return invalid("end of range ({}) above maximum ({}): {}", value, bounds.high, text);
  return value;
}

Result<std::uint64_t> parse_part(std::string_view part, const Bounds& bounds) {
  std::string_view rest = part;
  std::string_view range = cut(rest, '/');
  const bool has_step = range.size() < part.size();
  int first = bounds.low, last = bounds.high, step = 1;
  if (range != "*" && range != "?") {
    const bool has_end = range.contains('-');
    first = TRY(parse_value(cut(range, '-'), bounds));
    last = has_end ? TRY(parse_value(range, bounds)) : (has_step ? bounds.high : first);
    if (first > last)
      return invalid("beginning of range ({}) beyond end of range ({}): {}", first, last, part);
  }
  if (has_step) {
    const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), step);
    if (problem != std::errc() || end != rest.data() + rest.size() || step <= 0)
      return invalid("step of range should be a positive number: {}", part);
  }
  std::uint64_t bits = 0;
  for (int value = first; value <= last; value += step) bits |= std::uint64_t{1} << value;
  return bits;
}

Result<std::uint64_t> parse_field(std::string_view field, const Bounds& bounds) {
  std::uint64_t bits = 0;
  while (!field.empty()) bits |= TRY(parse_part(cut(field, ','), bounds));
  return bits;
}

bool is_any(std::string_view field) { return field.starts_with('*') || field.starts_with('?'); }

std::vector<std::string_view> fields_of(std::string_view schedule) {
  std::vector<std::string_view> fields;
  while (!schedule.empty())
    if (const std::string_view field = cut(schedule, ' '); !field.empty()) fields.push_back(field);
  return fields;
}

}  // namespace

Result<Cron> Cron::parse(std::string_view schedule) {
  Cron cron;
  if (schedule.starts_with("@every ")) {
    const Duration every = TRY(parse_duration(schedule.substr(7)));
    cron.every_ = std::max<std::int64_t>(1, every.ns / 1'000'000'000);
    return cron;
  }
  if (schedule.starts_with('@')) {
    const auto found = std::ranges::find(words, schedule, &Word::word);
    if (found == std::end(words)) return invalid("unrecognized descriptor: {}", schedule);
    schedule = found->schedule;
  }
  const std::vector<std::string_view> fields = fields_of(schedule);
  if (fields.size() != 5)
    return invalid("expected exactly 5 fields, found {}: [{}]", fields.size(), schedule);
  cron.minutes_ = TRY(parse_field(fields[0], minute_bounds));
  cron.hours_ = TRY(parse_field(fields[1], hour_bounds));
  cron.days_ = TRY(parse_field(fields[2], day_bounds));
  cron.months_ = TRY(parse_field(fields[3], month_bounds));
  cron.weekdays_ = TRY(parse_field(fields[4], weekday_bounds));
  cron.any_day_ = is_any(fields[2]);
  cron.any_weekday_ = is_any(fields[4]);
  return cron;
}

bool Cron::is_day(const Civil& at) const {
  if ((months_ >> at.month & 1) == 0) return false;
  const bool day = (days_ >> at.day & 1) != 0, weekday = (weekdays_ >> at.weekday & 1) != 0;
  return any_day_ || any_weekday_ ? day && weekday : day || weekday;
}

// By hours of real time, so that a change of clocks is stepped over as it happens.
std::optional<std::int64_t> Cron::next(std::int64_t after, const TimeZone& zone) const {
  if (every_ != 0) return after + every_;
  std::int64_t at = after - ((after % 60) + 60) % 60 + 60;
  const std::int64_t limit = after + five_years;
  while (at < limit) {
    const Civil local = civil_of(at + zone.offset_at(at));
    const std::int64_t hour_begin = at - local.minute * 60 - local.second;
    if (!is_day(local)) {
      at = hour_begin + std::max(1, 23 - local.hour) * hour_seconds;
      continue;
    }
    if ((hours_ >> local.hour & 1) != 0)
      for (int minute = local.minute; minute < 60; ++minute)
        if ((minutes_ >> minute & 1) != 0) return hour_begin + minute * 60;
    at = hour_begin + hour_seconds;
  }
  return std::nullopt;
}

Cron::Missed Cron::missed(std::int64_t after, std::int64_t until, const TimeZone& zone) const {
  constexpr int many = 101;
  Missed missed;
  if (every_ != 0) {
    const std::int64_t count = until > after ? (until - after) / every_ : 0;
    if (count > 0) missed.last = after + count * every_;
    missed.count = static_cast<int>(std::min<std::int64_t>(count, many));
    return missed;
  }
  for (auto at = next(after, zone); at && *at <= until && missed.count < many; at = next(*at, zone)) {
    missed.last = at;
    ++missed.count;
  }
  if (missed.count < many) return missed;
  // The newest of very many: in the shortest time before `until` that has one.
  for (std::int64_t back = hour_seconds; until - back > *missed.last; back *= 8) {
    auto at = next(until - back, zone);
    if (!at || *at > until) continue;
    for (; at && *at <= until; at = next(*at, zone)) missed.last = at;
    return missed;
  }
  for (auto at = next(*missed.last, zone); at && *at <= until; at = next(*at, zone)) missed.last = at;
  return missed;
}

}  // namespace podo::controllers
