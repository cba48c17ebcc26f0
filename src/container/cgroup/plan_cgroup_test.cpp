#include "container/cgroup/plan_cgroup.h"

#include <doctest/doctest.h>

using namespace podo;
using runtime::CgroupPlan;
using runtime::CgroupWrite;

namespace {

// "file=value" of every write, in order.
std::vector<std::string> lines(const Result<CgroupPlan>& plan) {
  std::vector<std::string> out;
  if (!plan) return {"error: " + plan.error().message()};
  for (const auto& w : plan->writes) out.push_back(w.file + "=" + w.value);
  return out;
}

using Lines = std::vector<std::string>;

struct Row {
  const char* what;
  void (*fill)(oci::Resources&);
  Lines v1, v2;
};

const Row rows[] = {
    {"nothing", [](oci::Resources&) {}, {}, {}},
    {"zeroes that stand for not given",
     [](oci::Resources& r) {
       r.memory.limit = r.memory.swap = r.memory.reservation = r.memory.kernel = 0;
       r.cpu.shares = r.cpu.period = 0;
       r.cpu.quota = r.pids_limit = 0;
       r.block_io.weight = 0;
     },
     {},
     {}},
    {"memory with swap",
     [](oci::Resources& r) { r.memory.limit = 1000, r.memory.swap = 1500, r.memory.reservation = 800; },
     {"memory.limit_in_bytes=1000", "memory.memsw.limit_in_bytes=1500", "memory.soft_limit_in_bytes=800"},
     {"memory.max=1000", "memory.swap.max=500", "memory.low=800"}},
    {"no swap at all",
     [](oci::Resources& r) { r.memory.limit = r.memory.swap = 1000; },
     {"memory.limit_in_bytes=1000", "memory.memsw.limit_in_bytes=1000"},
     {"memory.max=1000", "memory.swap.max=0"}},
    {"unlimited memory takes the limit of memory and swap along",
     [](oci::Resources& r) { r.memory.limit = -1; },
     {"memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1"},
     {"memory.max=max", "memory.swap.max=max"}},
    {"unlimited swap",
     [](oci::Resources& r) { r.memory.limit = 1000, r.memory.swap = -1; },
     {"memory.limit_in_bytes=1000", "memory.memsw.limit_in_bytes=-1"},
     {"memory.max=1000", "memory.swap.max=max"}},
    {"what only v1 has of memory",
     [](oci::Resources& r) {
       r.memory.kernel = 5, r.memory.kernel_tcp = 6, r.memory.swappiness = 7;
       r.memory.disable_oom_killer = r.memory.use_hierarchy = true;
     },
     {"memory.use_hierarchy=1", "memory.kmem.limit_in_bytes=5", "memory.kmem.tcp.limit_in_bytes=6",
      "memory.swappiness=7", "memory.oom_control=1"},
     {}},
    {"cpu bandwidth",
     [](oci::Resources& r) {
       r.cpu.shares = 1024, r.cpu.quota = 50000, r.cpu.period = 100000, r.cpu.burst = 100;
     },
     {"cpu.shares=1024", "cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000", "cpu.cfs_burst_us=100"},
     {"cpu.weight=100", "cpu.max=50000 100000", "cpu.max.burst=100"}},
    {"quota alone",
     [](oci::Resources& r) { r.cpu.quota = 50000; },
     {"cpu.cfs_quota_us=50000"},
     {"cpu.max=50000"}},
    {"no quota", [](oci::Resources& r) { r.cpu.quota = -1; }, {"cpu.cfs_quota_us=-1"}, {"cpu.max=max"}},
    {"period alone",
     [](oci::Resources& r) { r.cpu.period = 20000; },
     {"cpu.cfs_period_us=20000"},
     {"cpu.max=max 20000"}},
    {"shares before a group turns idle",
     [](oci::Resources& r) { r.cpu.shares = 2, r.cpu.idle = 1; },
     {"cpu.shares=2", "cpu.idle=1"},
     {"cpu.weight=1", "cpu.idle=1"}},
    {"shares after it stops being idle",
     [](oci::Resources& r) { r.cpu.shares = 2, r.cpu.idle = 0; },
     {"cpu.idle=0", "cpu.shares=2"},
     {"cpu.idle=0", "cpu.weight=1"}},
    {"real time, which fails on v2 by its name",
     [](oci::Resources& r) { r.cpu.realtime_period = 9, r.cpu.realtime_runtime = 8; },
     {"cpu.rt_period_us=9", "cpu.rt_runtime_us=8"},
     {"cpu.rt_period_us=9", "cpu.rt_runtime_us=8"}},
    {"cpuset",
     [](oci::Resources& r) { r.cpu.cpus = "0-1,3", r.cpu.mems = "0"; },
     {"cpuset.cpus=0-1,3", "cpuset.mems=0"},
     {"cpuset.cpus=0-1,3", "cpuset.mems=0"}},
    {"pids", [](oci::Resources& r) { r.pids_limit = 30; }, {"pids.max=30"}, {"pids.max=30"}},
    {"pids unlimited", [](oci::Resources& r) { r.pids_limit = -1; }, {"pids.max=max"}, {"pids.max=max"}},
    {"io weights",
     [](oci::Resources& r) { r.block_io.weight = 10, r.block_io.weight_devices = {{8, 0, 1000, 20}}; },
     {"blkio.weight=10", "blkio.weight_device=8:0 1000", "blkio.leaf_weight_device=8:0 20"},
     {"io.bfq.weight=10", "io.bfq.weight=8:0 1000"}},
    {"io throttles, one line a device on v2",
     [](oci::Resources& r) {
       r.block_io.read_bps = {{8, 0, 1000}, {8, 16, 0}};
       r.block_io.write_bps = {{8, 0, 2000}};
       r.block_io.write_iops = {{8, 16, 30}};
     },
     {"blkio.throttle.read_bps_device=8:0 1000", "blkio.throttle.read_bps_device=8:16 0",
      "blkio.throttle.write_bps_device=8:0 2000", "blkio.throttle.write_iops_device=8:16 30"},
     {"io.max=8:0 rbps=1000 wbps=2000", "io.max=8:16 rbps=max wiops=30"}},
    {"huge pages",
     [](oci::Resources& r) { r.hugepage_limits = {{"2MB", 0}}; },
     {"hugetlb.2MB.limit_in_bytes=0", "hugetlb.2MB.rsvd.limit_in_bytes=0"},
     {"hugetlb.2MB.max=0", "hugetlb.2MB.rsvd.max=0"}},
    {"rdma",
     [](oci::Resources& r) { r.rdma = {{"mlx5_1", 3, {}}, {"mlx4_0", 1, 2}}; },
     {"rdma.max=mlx5_1 hca_handle=3", "rdma.max=mlx4_0 hca_handle=1 hca_object=2"},
     {"rdma.max=mlx5_1 hca_handle=3", "rdma.max=mlx4_0 hca_handle=1 hca_object=2"}},
    {"network",
     [](oci::Resources& r) { r.network.class_id = 1048577, r.network.priorities = {{"eth0", 5}}; },
     {"net_cls.classid=1048577", "net_prio.ifpriomap=eth0 5"},
     {}},
    {"the unified map, line by line and after the rest",
     [](oci::Resources& r) {
       r.unified = {{"memory.high", "1000"}, {"io.max", "8:0 rbps=1\n8:16 rbps=2\n"}};
       r.pids_limit = 3;
     },
     {"pids.max=3"},
     {"pids.max=3", "memory.high=1000", "io.max=8:0 rbps=1", "io.max=8:16 rbps=2"}},
};

}  // namespace

TEST_CASE("resources become the files of v1 and of v2") {
  for (const auto& row : rows) {
    CAPTURE(row.what);
    oci::Resources resources;
    row.fill(resources);
    CHECK(lines(runtime::plan_cgroup_v1(resources)) == row.v1);
    CHECK(lines(runtime::plan_cgroup_v2(resources)) == row.v2);
  }
}

TEST_CASE("what v2 does not have is told, not silently dropped") {
  oci::Resources r;
  r.memory.swappiness = 10;
  r.memory.kernel = 1000;
  r.network.class_id = 7;
  r.block_io.leaf_weight = 100;
  const auto plan = runtime::plan_cgroup_v2(r);
  REQUIRE(plan.has_value());
  REQUIRE(plan->warnings.size() == 4);
  CHECK(plan->warnings[0].message == "linux.resources.memory.kernel: cgroup v2 has no such setting; ignored");
  CHECK(plan->warnings[1].controller == "memory");
}

TEST_CASE("values no kernel takes are refused with the setting's name") {
  const auto error = [](void (*fill)(oci::Resources&)) {
    oci::Resources resources;
    fill(resources);
    const auto v1 = lines(runtime::plan_cgroup_v1(resources));
    CHECK(v1 == lines(runtime::plan_cgroup_v2(resources)));
    return v1.empty() ? std::string() : v1.front();
  };
  CHECK(error([](oci::Resources& r) {
          r.memory.swap = 10;
        }).starts_with("error: linux.resources.memory.swap: "));
  CHECK(error([](oci::Resources& r) {
          r.memory.limit = 20, r.memory.swap = 10;
        }).starts_with("error: linux.resources.memory.swap: 10"));
  CHECK(error([](oci::Resources& r) {
          r.memory.swappiness = 101;
        }).starts_with("error: linux.resources.memory.swappiness"));
  CHECK(error([](oci::Resources& r) { r.cpu.idle = 2; }).starts_with("error: linux.resources.cpu.idle"));
  CHECK(error([](oci::Resources& r) { r.block_io.weight = 9; }) ==
        "error: linux.resources.blockIO.weight: 9 is not within 10 to 1000");
  CHECK(error([](oci::Resources& r) {
          r.block_io.weight_devices = {{8, 0, 1001, {}}};
        }).starts_with("error: linux.resources.blockIO.weightDevice"));
  for (const char* size : {"", "MB", "2", "2MB/../x", "2TB", "-2MB"}) {
    oci::Resources resources;
    resources.hugepage_limits = {{size, 1}};
    CHECK(!runtime::plan_cgroup_v1(resources).has_value());
  }
  for (const char* key :
       {"", "memory", "../memory.max", "a/memory.max", "memory..max", ".x", "cgroup.procs", "cgroup.kill"}) {
    oci::Resources resources;
    resources.unified = {{key, "1"}};
    CHECK(!runtime::plan_cgroup_v2(resources).has_value());
  }
}

TEST_CASE("shares keep their least, their default and their most as weights") {
  CHECK(runtime::cpu_weight_of_shares(0) == 1);
  CHECK(runtime::cpu_weight_of_shares(2) == 1);
  CHECK(runtime::cpu_weight_of_shares(1024) == 100);
  CHECK(runtime::cpu_weight_of_shares(262144) == 10000);
  CHECK(runtime::cpu_weight_of_shares(999999999) == 10000);
  std::uint64_t last = 0;
  for (std::uint64_t shares = 2; shares <= 262144; shares += 331) {
    const auto weight = runtime::cpu_weight_of_shares(shares);
    CHECK(weight >= last);
    last = weight;
  }
  CHECK(runtime::io_weight_of_blkio(10) == 1);
  CHECK(runtime::io_weight_of_blkio(1000) == 10000);
}

TEST_CASE("a v2 weight has its other name and number, and a limit that depends on another is tied to it") {
  oci::Resources r;
  r.block_io.weight = 1000;
  r.memory.limit = 1000;
  r.memory.swap = 2000;
  const auto v2 = runtime::plan_cgroup_v2(r);
  CHECK(v2->writes.back().other_file == "io.weight");
  CHECK(v2->writes.back().other_value == "10000");
  const auto v1 = runtime::plan_cgroup_v1(r);
  CHECK(v1->writes[0].tie == CgroupWrite::Tie::memory);
  CHECK(v1->writes[1].tie == CgroupWrite::Tie::memory);
  CHECK(v1->writes[2].other_file == "blkio.bfq.weight");
}

TEST_CASE("what is asked of a controller is seen") {
  oci::Resources r;
  CHECK(!runtime::asks_for(r, "hugetlb"));
  r.hugepage_limits = {{"2MB", 1}};
  CHECK(runtime::asks_for(r, "hugetlb"));
  CHECK(!runtime::asks_for(r, "memory"));
  r.unified = {{"memory.high", "5"}, {"cgroup.freeze", "0"}};
  CHECK(runtime::asks_for(r, "memory"));
  CHECK(runtime::asks_for(r, ""));
}
