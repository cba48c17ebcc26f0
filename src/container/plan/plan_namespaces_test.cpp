#include <sched.h>

#include "container/plan/plan_testing.h"

namespace podo::runtime {
namespace {

constexpr std::string_view maps = R"(,"uidMappings":[{"containerID":0,"hostID":1000,"size":10}],
  "gidMappings":[{"containerID":0,"hostID":2000,"size":20},{"containerID":50,"hostID":5000,"size":1}])";

std::string mappings(std::string_view list) {
  return text(R"(,"uidMappings":[{}],"gidMappings":[{{"containerID":0,"hostID":1,"size":1}}])", list);
}

}  // namespace

TEST_CASE("namespaces are made or joined, in an order that works") {
  const auto plan =
      plan_with("", "", R"({"type":"mount","path":"/m"},{"type":"pid"},{"type":"network","path":"/n"},
    {"type":"ipc"},{"type":"uts"},{"type":"cgroup"},{"type":"time"},{"type":"user","path":"/u"})");
  REQUIRE(problem(plan) == "none");
  const NamespacePlan& namespaces = plan->namespaces;
  CHECK(namespaces.create == (CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | 0x80ull));
  REQUIRE(namespaces.join.size() == 3);
  CHECK(namespaces.join[0].path == "/u");
  CHECK(namespaces.join[1].path == "/n");
  CHECK(namespaces.join[2].path == "/m");
  CHECK(namespaces.join[2].kind == CLONE_NEWNS);
  CHECK(namespaces.has(CLONE_NEWNET));
  CHECK(namespaces.has(CLONE_NEWPID));
  CHECK(!plan_with("")->namespaces.has(CLONE_NEWPID));
}

TEST_CASE("wrong namespaces are named") {
  struct {
    const char* namespaces;
    const char* expected;
  } cases[] = {
      {R"({"type":"mount"},{"type":"net"})", "linux.namespaces[1].type: \"net\" is not a namespace"},
      {R"({"type":"mount"},{"type":"pid"},{"type":"pid","path":"/p"})",
       "linux.namespaces[2]: pid is there twice"},
      {R"({"type":"mount"},{"type":"pid","path":"p"})",
       "linux.namespaces[1].path: \"p\" is not an absolute path"},
      {R"({"type":"mount"},{"type":"user"})", "linux.uidMappings: a new user namespace needs them"},
  };
  for (const auto& [namespaces, expected] : cases) {
    CAPTURE(namespaces);
    CHECK(problem(plan_with("", "", namespaces)) == expected);
  }
}

TEST_CASE("maps belong to a user namespace") {
  CHECK(problem(plan_with("", maps)) ==
        "linux.uidMappings, linux.gidMappings: there is no user namespace to map");
  const auto made = plan_with("", maps, R"({"type":"mount"},{"type":"user"})");
  REQUIRE(problem(made) == "none");
  CHECK(made->namespaces.uid_map == "0 1000 10\n");
  CHECK(made->namespaces.gid_map == "0 2000 20\n50 5000 1\n");
  const auto joined = plan_with("", maps, R"({"type":"mount"},{"type":"user","path":"/u"})");
  REQUIRE(problem(joined) == "none");
  CHECK(joined->namespaces.uid_map.empty());
  REQUIRE(joined->warnings.size() == 1);
  CHECK(joined->warnings[0].find("the joined user namespace has its own") != std::string::npos);
}

TEST_CASE("maps the kernel would refuse are refused with the reason") {
  struct {
    const char* list;
    const char* expected;
  } cases[] = {
      {"", "linux.uidMappings: a new user namespace needs them"},
      {R"({"containerID":0,"hostID":0,"size":0})", "linux.uidMappings[0].size: is 0"},
      {R"({"containerID":1,"hostID":0,"size":4294967295})",
       "linux.uidMappings[0]: goes beyond the highest id"},
      {R"({"containerID":0,"hostID":10,"size":5},{"containerID":4,"hostID":100,"size":1})",
       "linux.uidMappings: two entries map container id 4"},
      {R"({"containerID":9,"hostID":10,"size":5},{"containerID":4,"hostID":14,"size":5})",
       "linux.uidMappings: two entries map host id 14"},
  };
  for (const auto& [list, expected] : cases) {
    CAPTURE(list);
    CHECK(problem(plan_with("", mappings(list), R"({"type":"mount"},{"type":"user"})")) == expected);
  }
  std::string many;
  for (int i = 0; i < 341; ++i)
    many += text(R"({}{{"containerID":{},"hostID":{},"size":1}})", i ? "," : "", i * 2, i * 2);
  CHECK(problem(plan_with("", mappings(many), R"({"type":"mount"},{"type":"user"})")) ==
        "linux.uidMappings: 341 entries, the kernel takes 340");
}

TEST_CASE("time offsets need a time namespace of the container's own") {
  constexpr auto offsets = R"(,"timeOffsets":{"monotonic":{"secs":-5,"nanosecs":7},"boottime":{"secs":9}})";
  const auto plan = plan_with("", offsets, R"({"type":"mount"},{"type":"time"})");
  REQUIRE(problem(plan) == "none");
  CHECK(plan->namespaces.time_offsets == "monotonic -5 7\nboottime 9 0\n");
  CHECK(problem(plan_with("", offsets)) == "linux.timeOffsets.monotonic: needs a new time namespace");
  CHECK(problem(plan_with("", offsets, R"({"type":"mount"},{"type":"time","path":"/t"})")) ==
        "linux.timeOffsets.monotonic: needs a new time namespace");
  CHECK(problem(plan_with("", R"(,"timeOffsets":{"boottime":{"nanosecs":1000000000}})")) ==
        "linux.timeOffsets.boottime.nanosecs: a second or more");
}

TEST_CASE("network devices need a namespace and a name") {
  constexpr auto network = R"({"type":"mount"},{"type":"network"})";
  const auto plan = plan_with("", R"(,"netDevices":{"eth1":{"name":"lan"},"eth2":{}})", network);
  REQUIRE(problem(plan) == "none");
  CHECK(plan->net_devices[0].rename == "lan");
  CHECK(plan->net_devices[1].rename == "eth2");
  struct {
    const char* devices;
    const char* expected;
  } cases[] = {
      {R"({"a/b":{}})", "linux.netDevices: \"a/b\" cannot name a network interface"},
      {R"({"eth0":{"name":"0123456789abcdef"}})",
       "linux.netDevices: \"0123456789abcdef\" cannot name a network interface"},
      {R"({"eth0":{"name":"eth%d"}})", "linux.netDevices: \"eth%d\" cannot name a network interface"},
      {R"({"":{}})", "linux.netDevices: \"\" cannot name a network interface"},
      {R"({"eth0":{"name":"x"},"eth1":{"name":"x"}})",
       "linux.netDevices: two would be named \"x\" in the container"},
  };
  for (const auto& [devices, expected] : cases) {
    CAPTURE(devices);
    CHECK(problem(plan_with("", text(R"(,"netDevices":{})", devices), network)) == expected);
  }
  CHECK(problem(plan_with("", R"(,"netDevices":{"eth1":{}})")) ==
        "linux.netDevices: need a network namespace to go to");
}

}  // namespace podo::runtime
