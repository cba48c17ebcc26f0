#include "container/engine/stats.h"

#include "container/config/runtime_config_testing.h"

namespace podo::engine {
namespace {

constexpr std::string_view usage =
    R"({"cpu":{"usage":{"total":500,"percpu":[300,200],"kernel":100,"user":400},
        "throttling":{"periods":3,"throttledPeriods":1,"throttledTime":7}},
        "memory":{"cache":1,"usage":{"limit":9223372036854771712,"usage":4096,"max":8192,"failcnt":2},
        "raw":{"total_inactive_file":10}},
        "pids":{"current":2,"limit":0},
        "blkio":{"ioServiceBytesRecursive":[{"major":8,"minor":0,"op":"Read","value":5}]}})";

TEST_CASE("a sample of a running container, with the one before") {
  Machine machine = test_machine();
  machine.memory_bytes = 1 << 30;
  Container container = test_container();
  container.name = "web";
  const std::vector<network::Networks::Counters> networks = {
      {.interface = "eth0", .rx_bytes = 11, .tx_dropped = 4}};
  const auto first =
      make_stats(container, machine,
                 {.usage = usage, .system_cpu_ns = 900, .now = {1'000'000'000}, .networks = networks}, "");
  REQUIRE_MESSAGE(first, first.error().message());
  const auto second =
      make_stats(container, machine,
                 {.usage = usage, .system_cpu_ns = 950, .now = {2'000'000'000}, .networks = {}}, *first);
  REQUIRE(second);
  const auto one = *json::parse(*first), two = *json::parse(*second);
  const json::Field a(one), b(two);
  CHECK(*a["name"].string() == "/web");
  CHECK(*a["read"].string() == "1970-01-01T00:00:01Z");
  CHECK(*a["preread"].string() == "0001-01-01T00:00:00Z");
  CHECK(*a["precpu_stats"]["cpu_usage"]["total_usage"].uint64() == 0);
  CHECK_FALSE(a["precpu_stats"]["system_cpu_usage"]);
  CHECK(*a["memory_stats"]["limit"].uint64() == 1 << 30);
  CHECK(*a["memory_stats"]["max_usage"].uint64() == 8192);
  CHECK(*a["memory_stats"]["stats"]["total_inactive_file"].uint64() == 10);
  CHECK(*a["pids_stats"]["limit"].uint64() == UINT64_MAX);
  CHECK(*a["blkio_stats"]["io_service_bytes_recursive"][0]["op"].string() == "Read");
  CHECK(*a["networks"]["eth0"]["rx_bytes"].uint64() == 11);
  CHECK(*b["preread"].string() == "1970-01-01T00:00:01Z");
  CHECK(*b["precpu_stats"]["system_cpu_usage"].uint64() == 900);
  CHECK(*b["cpu_stats"]["system_cpu_usage"].uint64() == 950);
  CHECK(*b["cpu_stats"]["online_cpus"].uint64() == 2);
  CHECK(*b["cpu_stats"]["throttling_data"]["throttled_time"].uint64() == 7);
}

TEST_CASE("on cgroup v2 there is no largest usage, and reads and writes have small letters") {
  constexpr std::string_view on_v2 = R"({"memory":{"usage":{"usage":5,"max":9}},
      "blkio":{"ioServiceBytesRecursive":[{"major":8,"minor":1,"op":"Read","value":5},
        {"major":8,"minor":1,"op":"Write","value":6},{"major":8,"minor":1,"op":"Discard","value":7}]}})";
  Machine machine = test_machine();
  machine.cgroup_v2 = true;
  const auto made =
      make_stats(test_container(), machine,
                 {.usage = on_v2, .system_cpu_ns = 900, .now = {1'000'000'000}, .networks = {}}, "");
  REQUIRE_MESSAGE(made, made.error().message());
  CHECK(made->find("max_usage") == made->npos);
  CHECK(made->find(R"("io_service_bytes_recursive":[{"major":8,"minor":1,"op":"read","value":5},)"
                   R"({"major":8,"minor":1,"op":"write","value":6}])") != made->npos);
}

TEST_CASE("a container that does not run has a sample of nothing") {
  const auto made = make_stats(test_container(), test_machine(), {}, "");
  REQUIRE(made);
  const auto document = *json::parse(*made);
  const json::Field root(document);
  CHECK(*root["read"].string() == "0001-01-01T00:00:00Z");
  CHECK(root["memory_stats"].size() == 0);
  CHECK(root["pids_stats"].size() == 0);
  CHECK(*root["cpu_stats"]["cpu_usage"]["total_usage"].uint64() == 0);
}

TEST_CASE("the time of all processors goes on") {
  const std::uint64_t before = system_cpu_time();
  CHECK(before > 0);
  CHECK(system_cpu_time() >= before);
}

}  // namespace
}  // namespace podo::engine
