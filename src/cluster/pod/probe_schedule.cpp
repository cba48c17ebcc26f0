#include "cluster/pod/probe_schedule.h"

#include <algorithm>

#include "model/kube/path.h"

namespace podo::pod {
namespace {

std::int64_t number_or(const json::Item& probe, std::string_view field, std::int64_t otherwise) {
  const std::int64_t value = kube::number_at(probe, field);
  return value > 0 ? value : otherwise;
}

}  // namespace

std::string_view name_of(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::startup: return "Startup";
    case ProbeKind::readiness: return "Readiness";
    case ProbeKind::liveness: return "Liveness";
  }
  return {};
}

std::string_view field_of(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::startup: return "startupProbe";
    case ProbeKind::readiness: return "readinessProbe";
    case ProbeKind::liveness: return "livenessProbe";
  }
  return {};
}

ProbeTimes ProbeTimes::of(const json::Item& probe) {
  return {.initial_delay = seconds(number_or(probe, "initialDelaySeconds", 0)),
          .period = seconds(number_or(probe, "periodSeconds", 10)),
          .timeout = seconds(number_or(probe, "timeoutSeconds", 1)),
          .successes = static_cast<int>(number_or(probe, "successThreshold", 1)),
          .failures = static_cast<int>(number_or(probe, "failureThreshold", 3))};
}

ProbeSchedule::ProbeSchedule(ProbeKind kind, const ProbeTimes& times, Monotonic begins, int jitter,
                             std::optional<bool> before)
    : kind_(kind),
      times_(times),
      due_(begins + times.initial_delay + nanoseconds(times.period.ns / 1000 * jitter)),
      result_(before) {}

bool ProbeSchedule::add(bool ok, Monotonic now) {
  due_ = due_ + times_.period;
  if (due_ <= now) due_ = now + times_.period;
  streak_ = ok == last_ ? streak_ + 1 : 1;
  last_ = ok;
  if (streak_ < (ok ? times_.successes : times_.failures) || result_ == ok) return false;
  result_ = ok;
  return true;
}

bool ProbeSchedule::is_over() const {
  return kind_ == ProbeKind::startup ? result_.has_value() : kind_ == ProbeKind::liveness && result_ == false;
}

}  // namespace podo::pod
