#include "container/cgroup/cgroup_stats.h"

#include <signal.h>

#include <filesystem>
#include <fstream>

#include "base/format/json.h"
#include "container/cgroup/cgroup_testing.h"
#include "container/cgroup/cgroup_values.h"

using namespace podo;
using namespace podo::runtime::testing;

namespace {

// The v2 files of one group, as plain files.
class FakeGroup {
 public:
  FakeGroup() : path(text("/tmp/podo-statistics-test-{}", ::getpid())) {
    std::filesystem::create_directories(path);
  }
  ~FakeGroup() { std::filesystem::remove_all(path); }
  void put(const char* file, std::string_view content) const { std::ofstream(path + "/" + file) << content; }
  std::string statistics(const char* controllers) const {
    return runtime::cgroup_statistics({{controllers, "/tmp", path}}).value_or("failed");
  }
  const std::string path;
};

}  // namespace

TEST_CASE("counts, lists and keyed lines are read, and damaged ones are absent") {
  CHECK(runtime::parse_count("12\n") == 12);
  CHECK(runtime::parse_count("max") == UINT64_MAX);
  for (const char* wrong : {"", "x", "12x", "-1", "99999999999999999999"})
    CHECK(!runtime::parse_count(wrong));
  CHECK(runtime::parse_list("0-2,5\n") == std::vector<std::uint64_t>{0, 1, 2, 5});
  CHECK(runtime::parse_list("").empty());
  CHECK(runtime::parse_list("x,3,4-").size() == 1);
  CHECK(runtime::parse_list("0-18446744073709551615", 10).size() == 10);
  CHECK(runtime::count_in("a 1\nab 2\nb 3\n", "ab") == 2);
  CHECK(!runtime::count_in("a 1\n", "b"));
  CHECK(runtime::parse_flat("a 1\nbroken\nb 3").size() == 2);
}

TEST_CASE("v2 files become the statistics other runtimes print") {
  const FakeGroup group;
  group.put("cpu.stat",
            "usage_usec 5\nuser_usec 2\nsystem_usec 3\nnr_periods 7\nnr_throttled 1\nthrottled_usec 9\n");
  group.put(
      "cpu.pressure",
      "some avg10=1.50 avg60=0.00 avg300=0.00 total=77\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n");
  group.put("memory.stat", "anon 10\nfile 20\n");
  group.put("memory.current", "100\n");
  group.put("memory.max", "max\n");
  group.put("memory.swap.current", "11\n");
  group.put("memory.swap.max", "50\n");
  group.put("memory.events", "low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\n");
  group.put("pids.current", "3\n");
  group.put("pids.max", "max\n");
  group.put("io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n253:1 rbytes=9\n");
  group.put("hugetlb.2MB.current", "2097152\n");
  group.put("hugetlb.2MB.rsvd.current", "0\n");
  group.put("hugetlb.2MB.events", "max 8\n");
  group.put("cpuset.cpus.effective", "0-1\n");
  CHECK(
      group.statistics("") ==
      R"({"cpu":{"usage":{"total":5000,"kernel":3000,"user":2000},)"
      R"("throttling":{"periods":7,"throttledPeriods":1,"throttledTime":9000},)"
      R"("psi":{"some":{"avg10":1.50,"avg60":0.00,"avg300":0.00,"total":77},)"
      R"("full":{"avg10":0.00,"avg60":0.00,"avg300":0.00,"total":3}}},)"
      R"("cpuset":{"cpus":[0,1],"mems":[]},)"
      R"("memory":{"cache":20,"usage":{"limit":18446744073709551615,"usage":100,"max":0,"failcnt":4},)"
      R"("swap":{"limit":18446744073709551615,"usage":111,"max":0,"failcnt":0},"raw":{"anon":10,"file":20}},)"
      R"("pids":{"current":3,"limit":0},)"
      R"("blkio":{"ioServiceBytesRecursive":[{"major":8,"minor":0,"op":"Read","value":1},)"
        R"({"major":8,"minor":0,"op":"Write","value":2},)"
      R"({"major":8,"minor":0,"op":"Discard","value":5},{"major":253,"minor":1,"op":"Read","value":9}],)"
      R"("ioServicedRecursive":[{"major":8,"minor":0,"op":"Read","value":3},)"
        R"({"major":8,"minor":0,"op":"Write","value":4},)"
      R"({"major":8,"minor":0,"op":"Discard","value":6}]},)"
      R"("hugetlb":{"2MB":{"usage":2097152,"failcnt":8}},"intel_rdt":{},"network_interfaces":[]})");
}

TEST_CASE("v1 block i/o comes from the scheduler that counts, else from the throttling") {
  const FakeGroup group;
  group.put("blkio.bfq.io_serviced_recursive", "Total 0\n");
  group.put("blkio.throttle.io_service_bytes_recursive", "8:0 Read 7\n8:0 Total 7\nTotal 7\n");
  CHECK(group.statistics("blkio").find(
            R"("ioServiceBytesRecursive":[{"major":8,"minor":0,"op":"Read","value":7},)"
            R"({"major":8,"minor":0,"op":"Total","value":7}])") != std::string::npos);
  group.put("blkio.bfq.io_serviced_recursive", "8:16 Write 3\nTotal 3\n");
  group.put("blkio.bfq.time_recursive", "8:16 12\n");
  const auto bfq = group.statistics("blkio");
  CHECK(bfq.find(R"("ioServicedRecursive":[{"major":8,"minor":16,"op":"Write","value":3}])") !=
        std::string::npos);
  CHECK(bfq.find(R"("ioTimeRecursive":[{"major":8,"minor":16,"op":"","value":12}])") != std::string::npos);
  CHECK(bfq.find("\"value\":7") == std::string::npos);
}

TEST_CASE("this host's groups tell what their processes used") {
  if (!on_v1("memory") || !on_v1("cpuacct") || !on_v1("pids")) return;
  const Sandbox sandbox;
  auto group = sandbox.make();
  CollectingLog log;
  oci::Resources resources;
  resources.memory.limit = 64 << 20;
  resources.pids_limit = 9;
  REQUIRE(error_of(group.apply(resources, log)) == "");
  const pid_t child = spawn_inside(group, wait_forever);
  const auto statistics = runtime::cgroup_statistics(group.directories());
  REQUIRE(statistics.has_value());
  const auto document = json::parse(*statistics);
  REQUIRE(document.has_value());
  const json::Field root(*document);
  CHECK(root["memory"]["usage"]["limit"].uint64() == 64u << 20);
  CHECK(root["memory"]["usage"]["usage"].uint64().has_value());  // may be 0: charges come in batches
  CHECK(root["memory"]["raw"]["rss"].present());
  CHECK(root["pids"]["current"].uint64() == 1u);
  CHECK(root["pids"]["limit"].uint64() == 9u);
  CHECK(*root["cpu"]["usage"]["total"].uint64_or(0) > 0u);
  CHECK(root["cpu"]["usage"]["percpu"].size() > 0);
  CHECK(root["cpu"]["usage"]["percpu_user"].size() > 0);
  CHECK(root["cpuset"]["cpus"].size() > 0);
  CHECK(group.kill_all(SIGKILL).has_value());
  exit_code(child);
  CHECK(group.remove().has_value());
  CHECK(!runtime::cgroup_statistics(group.directories()).has_value());
}
