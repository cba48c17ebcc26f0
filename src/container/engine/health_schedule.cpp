#include "container/engine/health_schedule.h"

namespace podo::engine {
namespace {

constexpr std::size_t log_length = 5;

Duration or_default(std::int64_t ns, Duration otherwise) { return ns > 0 ? nanoseconds(ns) : otherwise; }

// As Go prints a duration of whole milliseconds: "30s", "1m30s", "1h0m0s", "1.5s", "500ms".
std::string duration_text(Duration duration) {
  const std::int64_t ms = duration.ns / 1'000'000;
  if (ms < 1000) return text("{}ms", ms);
  std::string fraction;
  if (ms % 1000 != 0) {
    fraction = text("{}", 1000 + ms % 1000).replace(0, 1, ".");
    while (fraction.ends_with('0')) fraction.pop_back();
  }
  const std::int64_t s = ms / 1000;
  if (s < 60) return text("{}{}s", s, fraction);
  if (s < 3600) return text("{}m{}{}s", s / 60, s % 60, fraction);
  return text("{}h{}m{}{}s", s / 3600, s / 60 % 60, s % 60, fraction);
}

}  // namespace

HealthSchedule::HealthSchedule(const docker::HealthConfig& config, Wall started)
    : interval_(or_default(config.interval_ns, seconds(30))),
      timeout_(or_default(config.timeout_ns, seconds(30))),
      start_period_(or_default(config.start_period_ns, seconds(0))),
      start_interval_(or_default(config.start_interval_ns, seconds(5))),
      retries_(config.retries > 0 ? static_cast<int>(config.retries) : 3),
      started_(started) {}

bool HealthSchedule::enabled(const std::optional<docker::HealthConfig>& config) {
  return config && !config->test.empty() && config->test[0] != "NONE" && !config->test[0].empty();
}

std::vector<std::string> HealthSchedule::command(const docker::HealthConfig& config,
                                                 const docker::Strings& shell) {
  const std::vector<std::string> rest(config.test.begin() + 1, config.test.end());
  if (config.test[0] != "CMD-SHELL") return rest;
  std::vector<std::string> command = shell.empty() ? std::vector<std::string>{"/bin/sh", "-c"} : shell;
  command.insert(command.end(), rest.begin(), rest.end());
  return command;
}

Duration HealthSchedule::next_delay(Wall now) const {
  const bool starting = health_.status == "starting" && now.ns - started_.ns < start_period_.ns;
  return starting ? start_interval_ : interval_;
}

bool HealthSchedule::record(HealthResult result) {
  const bool healthy = result.exit_code == 0;
  const bool in_start_period = !started_once_ && result.start.ns - started_.ns < start_period_.ns;
  const std::string before = health_.status;
  health_.log.push_back(std::move(result));
  if (health_.log.size() > log_length) health_.log.erase(health_.log.begin());
  if (healthy) {
    started_once_ = true;
    health_.failing_streak = 0;
    health_.status = "healthy";
  } else if (!in_start_period) {
    ++health_.failing_streak;
    if (health_.failing_streak >= retries_) health_.status = "unhealthy";
  }
  return health_.status != before;
}

std::string HealthSchedule::timed_out() const {
  return text("Health check exceeded timeout ({})", duration_text(timeout_));
}

}  // namespace podo::engine
