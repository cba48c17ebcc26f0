#include "container/engine/log_options.h"

#include <doctest/doctest.h>

namespace podo::engine {
namespace {

Container container(std::string driver, docker::StringMap options = {}) {
  Container made;
  made.log_path = "/log";
  made.config.labels["team"] = "a";
  made.config.env = {"REGION=eu"};
  made.host_config.log_config.type = std::move(driver);
  made.host_config.log_config.config = std::move(options);
  return made;
}

TEST_CASE("log options become a monitor's target") {
  const LogTarget json = plan_log(container("json-file", {{"max-size", "10m"}, {"max-file", "3"}})).value();
  CHECK(json.driver == LogTarget::Driver::json_file);
  CHECK(json.bytes_max == 10 << 20);
  CHECK(json.files_max == 3);
  CHECK(plan_log(container("none"))->driver == LogTarget::Driver::none);
  const LogTarget local = plan_log(container("local")).value();
  CHECK(local.bytes_max == 20 << 20);
  CHECK(local.files_max == 5);
}

TEST_CASE("labels and variables that are named go with every line") {
  const LogTarget target =
      plan_log(container("json-file", {{"labels", "team,absent"}, {"env", "REGION"}})).value();
  CHECK(target.attributes == R"({"REGION":"eu","team":"a"})");
}

TEST_CASE("drivers and options that there are not are refused in Docker's words") {
  CHECK(plan_log(container("syslog")).error().message() ==
        "logger: no log driver named 'syslog' is registered");
  CHECK(plan_log(container("json-file", {{"x", "1"}})).error().message() ==
        "unknown log opt 'x' for json-file log driver");
  CHECK_FALSE(plan_log(container("json-file", {{"max-size", "1m"}, {"max-file", "0"}})));
  CHECK_FALSE(plan_log(container("json-file", {{"max-file", "2"}})));
}

TEST_CASE("sizes have the units people write") {
  CHECK(parse_size("512").value() == 512);
  CHECK(parse_size("1.5k").value() == 1536);
  CHECK(parse_size("2MB").value() == 2 << 20);
  CHECK(parse_size("1GiB").value() == 1 << 30);
  CHECK(parse_size("-1").value() == 0);
  for (const char* wrong : {"", "m", "1x", "-2", "1.m", "99999999999t"}) CHECK_FALSE(parse_size(wrong));
}

}  // namespace
}  // namespace podo::engine
