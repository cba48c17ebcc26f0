#include "container/config/default_capabilities.h"
#include "container/config/runtime_config_testing.h"

namespace podo::engine {
namespace {

std::string refusal(auto change) {
  docker::HostConfig wish;
  change(wish);
  return problem_of(check_host_config(wish, test_machine()));
}

TEST_CASE("what was left open gets Docker's defaults") {
  docker::HostConfig wish;
  wish.resources.memory = 64 << 20;
  wish.resources.pids_limit = 0;
  complete_host_config(wish, test_machine());
  CHECK(wish.resources.memory_swap == 128 << 20);
  CHECK_FALSE(wish.resources.pids_limit);
  CHECK(wish.shm_size == 64 << 20);
  CHECK(wish.ipc_mode == "private");
  CHECK(wish.cgroupns_mode == "host");
  Machine unified = test_machine();
  unified.cgroup_v2 = true;
  docker::HostConfig other;
  complete_host_config(other, unified);
  CHECK(other.cgroupns_mode == "private");
  docker::HostConfig privileged;
  privileged.privileged = true;
  complete_host_config(privileged, unified);
  CHECK(privileged.cgroupns_mode == "private");
}

TEST_CASE("odd limits are refused in Docker's words") {
  CHECK(refusal([](auto& wish) { wish.resources.memory = 1000; }) == "Minimum memory limit allowed is 6MB");
  CHECK(refusal([](auto& wish) {
          wish.resources.memory = 64 << 20;
          wish.resources.memory_swap = 32 << 20;
        }) == "Minimum memoryswap limit should be larger than memory limit, see usage");
  CHECK(refusal([](auto& wish) { wish.resources.memory_swap = 1; }) ==
        "You should always set the Memory limit when using Memoryswap limit, see usage");
  CHECK(refusal([](auto& wish) { wish.resources.nano_cpus = 3'000'000'000; }) ==
        "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available");
  CHECK(refusal([](auto& wish) { wish.resources.cpuset_cpus = "0-7"; }) ==
        "Requested CPUs are not available - requested 0-7, available: 0-1");
  CHECK(refusal([](auto& wish) { wish.resources.cpuset_cpus = "1-0"; }) ==
        "Invalid value 1-0 for cpuset cpus");
  CHECK(refusal([](auto& wish) { wish.resources.blkio_weight = 5; }) ==
        "Range of blkio weight is from 10 to 1000");
  CHECK(refusal([](auto& wish) { wish.oom_score_adj = 1001; }) ==
        "Invalid value 1001, range for oom score adj is [-1000, 1000]");
  CHECK(refusal([](auto& wish) { wish.resources.device_cgroup_rules = {"c 1 rwm"}; }) ==
        "invalid device cgroup rule format: 'c 1 rwm'");
}

TEST_CASE("unknown modes, options and capabilities are refused") {
  CHECK(refusal([](auto& wish) { wish.ipc_mode = "x"; }) == "invalid IPC mode: x");
  CHECK(refusal([](auto& wish) { wish.pid_mode = "container:"; }) == "invalid PID mode: container:");
  CHECK(refusal([](auto& wish) { wish.security_opt = {"x"}; }) == "invalid --security-opt 1: \"x\"");
  CHECK(refusal([](auto& wish) { wish.security_opt = {"x=y"}; }) == "invalid --security-opt 2: \"x=y\"");
  CHECK(refusal([](auto& wish) { wish.cap_add = {"chwon"}; }) ==
        "invalid CapAdd: unknown capability: \"CAP_CHWON\"");
  CHECK(refusal([](auto& wish) {
          wish.restart_policy.name = "ever";
        }).starts_with("invalid restart policy: unknown policy 'ever'"));
  CHECK(refusal([](auto& wish) { wish.tmpfs["/x"] = "sizee=1"; }) == "invalid tmpfs option \"sizee=1\"");
  CHECK(refusal([](auto& wish) { wish.security_opt = {"no-new-privileges:true", "seccomp=unconfined"}; }) ==
        "none");
}

TEST_CASE("what the machine lacks is taken out and told") {
  Machine machine = test_machine();
  machine.blkio_weight = machine.memory_swappiness = machine.memory_swap = machine.oom_kill_disable = false;
  docker::HostConfig wish;
  wish.resources.blkio_weight = 300;
  wish.resources.memory_swappiness = 10;
  wish.resources.memory = 64 << 20;
  wish.resources.oom_kill_disable = true;
  const auto warnings = check_host_config(wish, machine);
  REQUIRE(warnings);
  CHECK(warnings->size() == 4);
  CHECK(wish.resources.blkio_weight == 0);
  CHECK_FALSE(wish.resources.memory_swappiness);
  CHECK_FALSE(wish.resources.oom_kill_disable);
}

TEST_CASE("capabilities are added and dropped as Docker does") {
  const Machine machine = test_machine();
  docker::HostConfig wish;
  wish.cap_drop = {"all"};
  wish.cap_add = {"NET_ADMIN", "cap_chown"};
  CHECK(*wanted_capabilities(wish, machine) == (1ull << 12 | 1ull << 0));
  wish.cap_drop = {"CHOWN"};
  wish.cap_add = {"ALL"};
  CHECK(*wanted_capabilities(wish, machine) == (every_capability(machine) & ~1ull));
  wish.cap_add = {};
  CHECK(*wanted_capabilities(wish, machine) == (default_capabilities() & ~1ull));
}

}  // namespace
}  // namespace podo::engine
