#include "cluster/pod/probe_schedule.h"

#include <doctest/doctest.h>

namespace podo::pod {

TEST_CASE("a probe is due after its initial delay, then every period") {
  ProbeSchedule schedule(ProbeKind::liveness, {.initial_delay = seconds(5), .period = seconds(10)},
                         Monotonic{}, 0);
  CHECK(schedule.due().ns == seconds(5).ns);
  schedule.add(true, Monotonic{seconds(6).ns});
  CHECK(schedule.due().ns == seconds(15).ns);
  // One that took too long is not made up for.
  schedule.add(true, Monotonic{seconds(40).ns});
  CHECK(schedule.due().ns == seconds(50).ns);
}

TEST_CASE("a result changes after as many of a kind as its thresholds say") {
  ProbeSchedule readiness(ProbeKind::readiness, {.successes = 2, .failures = 3}, Monotonic{}, 0);
  CHECK_FALSE(readiness.add(true, {}));
  CHECK(readiness.add(true, {}));
  CHECK(readiness.result() == true);
  CHECK_FALSE(readiness.add(false, {}));
  CHECK_FALSE(readiness.add(false, {}));
  CHECK_FALSE(readiness.add(true, {}));
  CHECK_FALSE(readiness.add(false, {}));
  CHECK_FALSE(readiness.add(false, {}));
  CHECK(readiness.add(false, {}));
  CHECK(readiness.result() == false);
  CHECK_FALSE(readiness.is_over());
}

TEST_CASE("startup is over with its first result, liveness with its failure") {
  ProbeSchedule startup(ProbeKind::startup, {.failures = 1}, Monotonic{}, 0);
  CHECK(startup.add(true, {}));
  CHECK(startup.is_over());
  ProbeSchedule liveness(ProbeKind::liveness, {.failures = 1}, Monotonic{}, 0);
  liveness.add(true, {});
  CHECK_FALSE(liveness.is_over());
  liveness.add(false, {});
  CHECK(liveness.is_over());
}

}  // namespace podo::pod
