#include "container/engine/health_schedule.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

HealthResult at(std::int64_t second, int exit_code) {
  return {.start = {second * 1'000'000'000},
          .end = {second * 1'000'000'000 + 1},
          .exit_code = exit_code,
          .output = ""};
}

docker::HealthConfig config() {
  docker::HealthConfig config;
  config.test = {"CMD-SHELL", "true"};
  return config;
}

TEST_CASE("a container is healthy after one success, and unhealthy after three failures in a row") {
  HealthSchedule schedule(config(), {0});
  CHECK(schedule.health().status == "starting");
  CHECK(schedule.record(at(30, 0)));
  CHECK(schedule.health().status == "healthy");
  CHECK_FALSE(schedule.record(at(60, 1)));
  CHECK_FALSE(schedule.record(at(90, 1)));
  CHECK_FALSE(schedule.record(at(120, 0)));
  CHECK(schedule.health().failing_streak == 0);
  CHECK_FALSE(schedule.record(at(150, 1)));
  CHECK_FALSE(schedule.record(at(180, 2)));
  CHECK(schedule.record(at(210, -1)));
  CHECK(schedule.health().status == "unhealthy");
  CHECK(schedule.health().log.size() == 5);
  CHECK(schedule.health().log.back().exit_code == -1);
  CHECK(schedule.record(at(240, 0)));
}

TEST_CASE("failures in the start period do not count, until the first success") {
  docker::HealthConfig wish = config();
  wish.start_period_ns = 60'000'000'000;
  wish.start_interval_ns = 2'000'000'000;
  wish.retries = 1;
  HealthSchedule schedule(wish, {0});
  CHECK(schedule.next_delay({1'000'000'000}) == seconds(2));
  CHECK_FALSE(schedule.record(at(2, 1)));
  CHECK(schedule.health().failing_streak == 0);
  CHECK(schedule.record(at(4, 0)));
  CHECK(schedule.next_delay({5'000'000'000}) == seconds(30));
  CHECK(schedule.record(at(6, 1)));
  CHECK(schedule.health().status == "unhealthy");
}

TEST_CASE("what runs, whether anything runs, and what is said of one that took too long") {
  CHECK(HealthSchedule::command(config(), {}) == std::vector<std::string>{"/bin/sh", "-c", "true"});
  CHECK(HealthSchedule::command(config(), {"bash", "-ec"}) ==
        std::vector<std::string>{"bash", "-ec", "true"});
  docker::HealthConfig plain;
  plain.test = {"CMD", "curl", "x"};
  plain.timeout_ns = 90'500'000'000;
  CHECK(HealthSchedule::command(plain, {}) == std::vector<std::string>{"curl", "x"});
  CHECK(HealthSchedule(plain, {0}).timed_out() == "Health check exceeded timeout (1m30.5s)");
  plain.timeout_ns = 500'000'000;
  CHECK(HealthSchedule(plain, {0}).timed_out() == "Health check exceeded timeout (500ms)");
  CHECK(HealthSchedule::enabled(plain));
  plain.test = {"NONE"};
  CHECK_FALSE(HealthSchedule::enabled(plain));
  CHECK_FALSE(HealthSchedule::enabled({}));
}

}  // namespace
}  // namespace podo::engine
