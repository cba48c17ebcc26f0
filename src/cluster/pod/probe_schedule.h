// Probe schedule: when a probe of a container is due, and what its results come to. A value; whoever runs
// probes (cluster/node) asks it when, and tells it what came out.
//
//   ProbeSchedule schedule(ProbeKind::readiness, probe, started_at, jitter);
//   schedule.due(now)  ->  run it  ->  schedule.add(ok, now)  ->  schedule.result()
//
// A startup probe comes first and alone; the others begin when it has succeeded. Liveness and startup stay
// where they failed: the container is made anew. A new container waits a part of the first period that
// `jitter` chooses, so that the probes of many do not come together.
#pragma once

#include <optional>

#include "base/format/json_tree.h"
#include "cluster/pod/observation.h"

namespace podo::pod {

enum class ProbeKind : std::uint8_t { startup, readiness, liveness };
std::string_view name_of(ProbeKind kind);   // "Startup", "Readiness", "Liveness": as Events begin
std::string_view field_of(ProbeKind kind);  // "startupProbe", ...

struct ProbeTimes {
  Duration initial_delay = {}, period = seconds(10), timeout = seconds(1);
  int successes = 1, failures = 3;
  static ProbeTimes of(const json::Item& probe);
};

class ProbeSchedule {
 public:
  // `jitter`: of the first period, in thousandths; 0: none. `before`: what is known from before a restart.
  ProbeSchedule(ProbeKind kind, const ProbeTimes& times, Monotonic begins, int jitter,
                std::optional<bool> before = {});

  Monotonic due() const { return due_; }
  // Returns whether result() has changed.
  bool add(bool ok, Monotonic now);
  // Absent: nothing is decided.
  std::optional<bool> result() const { return result_; }
  // Startup that succeeded, and what has failed for good.
  bool is_over() const;

 private:
  ProbeKind kind_;
  ProbeTimes times_;
  Monotonic due_;
  std::optional<bool> result_;
  bool last_ = false;
  int streak_ = 0;  // of results like last_
};

}  // namespace podo::pod
