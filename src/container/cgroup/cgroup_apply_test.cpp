// On this host's real control groups: needs root, leaves nothing behind.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "container/cgroup/cgroup_testing.h"

using namespace podo;
using namespace podo::runtime::testing;
using runtime::Cgroup;

TEST_CASE("v1 device rules: the defaults, the rules of the config, and an update without a gap") {
  if (!on_v1("devices")) return;
  const Sandbox sandbox;
  auto group = sandbox.make();
  CollectingLog log;
  oci::Resources resources;
  resources.devices = {{.allow = false, .type = "", .access = "rwm", .major = {}, .minor = {}},
                       {.allow = true, .type = "c", .access = "r", .major = 10, .minor = 229}};
  REQUIRE(group.apply(resources, log).has_value());
  CHECK(log.lines.empty());
  const auto opened = [&](const char* path, int flags) {
    return exit_code(spawn_inside(group, [=] { return ::open(path, flags) >= 0 ? 0 : errno; }));
  };
  CHECK(opened("/dev/null", O_RDWR) == 0);
  CHECK(opened("/dev/kmsg", O_RDONLY) == EPERM);
  CHECK(file_of(group, "devices", "devices.list").find("c 10:229 r") != std::string::npos);
  resources.devices.push_back({.allow = true, .type = "c", .access = "rw", .major = 1, .minor = 11});
  REQUIRE(group.update(resources, log).has_value());
  CHECK(opened("/dev/kmsg", O_RDONLY) == 0);
  CHECK(opened("/dev/null", O_RDWR) == 0);
  resources.devices.pop_back();
  REQUIRE(group.update(resources, log).has_value());
  CHECK(opened("/dev/kmsg", O_RDONLY) == EPERM);
}

TEST_CASE("v1 limits arrive, and are raised and lowered in whichever order the kernel wants") {
  if (!on_v1("memory") || !on_v1("cpu") || !on_v1("pids")) return;
  const Sandbox sandbox;
  auto group = sandbox.make();
  CollectingLog log;
  oci::Resources resources;
  const auto expect_memory = [&](std::int64_t limit, std::int64_t swap) {
    resources.memory.limit = limit;
    resources.memory.swap = swap;
    const auto done = group.update(resources, log);
    CHECK_MESSAGE(done.has_value(), (done ? "" : done.error().message()));
    CHECK(file_of(group, "memory", "memory.limit_in_bytes") == text("{}", limit));
    CHECK(file_of(group, "memory", "memory.memsw.limit_in_bytes") == text("{}", swap));
  };
  expect_memory(64 << 20, 96 << 20);
  expect_memory(256 << 20, 512 << 20);   // both up: memory and swap together first
  expect_memory(16 << 20, 32 << 20);     // both down: memory first
  resources.memory.limit.reset();         // stays as it is
  resources.memory.swap = 48 << 20;
  CHECK(error_of(group.update(resources, log)) == "");
  CHECK(file_of(group, "memory", "memory.memsw.limit_in_bytes") == text("{}", 48 << 20));
  resources.memory = {};
  resources.cpu.quota = 50000;
  resources.cpu.period = 100000;
  resources.cpu.shares = 512;
  resources.cpu.burst = 20000;
  resources.pids_limit = 7;
  resources.block_io.weight = 500;
  resources.cpu.cpus = "0";
  REQUIRE(group.apply(resources, log).has_value());
  CHECK(file_of(group, "cpu", "cpu.cfs_quota_us") == "50000");
  CHECK(file_of(group, "cpu", "cpu.cfs_burst_us") == "20000");
  CHECK(file_of(group, "cpu", "cpu.shares") == "512");
  CHECK(file_of(group, "pids", "pids.max") == "7");
  CHECK(file_of(group, "cpuset", "cpuset.cpus") == "0");
  resources.cpu.quota = 10000;   // below the burst there is
  resources.cpu.burst = 5000;
  CHECK(group.update(resources, log).has_value());
  CHECK(file_of(group, "cpu", "cpu.cfs_quota_us") == "10000");
}

TEST_CASE("what the host lacks is a warning or an error that names the setting") {
  if (!on_v1("cpuset")) return;
  const Sandbox sandbox;
  auto group = sandbox.make();
  CollectingLog log;
  oci::Resources weight;
  weight.block_io.leaf_weight = 500;
  REQUIRE(group.update(weight, log).has_value());
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0].starts_with("linux.resources.blockIO.leafWeight: this host has no "));
  oci::Resources cpus;
  cpus.cpu.cpus = "4095";
  const auto refused = group.update(cpus, log);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().message().starts_with("linux.resources.cpu.cpus: write \"4095\" to /"));
  CHECK(refused.error().message().find("not a list of CPUs") != std::string::npos);
  oci::Resources unified;
  unified.unified = {{"memory.high", "1000000"}};
  const auto wrong = group.update(unified, log);
  REQUIRE(!wrong.has_value());
  CHECK(wrong.error().kind() == ErrorKind::unsupported);
  CHECK(wrong.error().message() ==
        "linux.resources.unified.memory.high: this host has the memory controller on cgroup v1");
}
