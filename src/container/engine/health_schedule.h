// A container's health as Docker judges it: results of probes become a state and the time of the next probe.
// Pure: whoever drives it runs the probe (an exec) and tells what came.
//
//   HealthSchedule schedule(config, started);
//   sleep until schedule.next_probe() -> run it -> schedule.record(result) -> publish when it says so
//
//   starting --success--> healthy <--success-- unhealthy
// starting | healthy --retries failures in a row--> unhealthy (failures in the start period do not count)
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "container/config/container.h"

namespace podo::engine {

class HealthSchedule {
 public:
  // `config` complete or not: absent numbers are Docker's (30 s, 30 s, 0 s, 5 s, 3).
  HealthSchedule(const docker::HealthConfig& config, Wall started);

  static bool enabled(const std::optional<docker::HealthConfig>& config);  // a test that is not {"NONE"}
  // What runs: {"/bin/sh", "-c", ...} (with the container's shell) or the command itself.
  static std::vector<std::string> command(const docker::HealthConfig& config, const docker::Strings& shell);
  static constexpr std::size_t output_bytes_max = 4096;

  Duration next_delay(Wall now) const;  // from the end of the probe before (or the start) to the next
  Duration timeout() const { return timeout_; }
  // True when the status changed: event "health_status: healthy". A probe that did not end in time:
  // exit code -1, timed_out() as its output.
  bool record(HealthResult result);
  std::string timed_out() const;  // "Health check exceeded timeout (30s)"
  const Health& health() const { return health_; }

 private:
  Duration interval_, timeout_, start_period_, start_interval_;
  int retries_;
  Wall started_;
  Health health_{.status = "starting", .failing_streak = 0, .log = {}};
  bool started_once_ = false;  // a success ends the start period
};

}  // namespace podo::engine
