#include "container/cgroup/plan_cgroup.h"

namespace podo::runtime {
namespace {

using Lack = CgroupWrite::Lack;
using Tie = CgroupWrite::Tie;

void plan_memory(const oci::MemoryResources& memory, CgroupPlan& plan) {
  const auto add = [&](const char* file, auto value, const char* setting) -> CgroupWrite& {
    return plan.add("memory", file, text("{}", value), setting);
  };
  if (memory.use_hierarchy.value_or(false))
    add("memory.use_hierarchy", 1, "memory.useHierarchy").lack = Lack::silent;
  if (is_set(memory.limit)) add("memory.limit_in_bytes", *memory.limit, "memory.limit").tie = Tie::memory;
  if (is_set(memory.swap)) {
    auto& write = add("memory.memsw.limit_in_bytes", *memory.swap, "memory.swap");
    write.tie = Tie::memory;
    write.lack = Lack::warning;
  } else if (memory.limit == -1) {
    // Unlimited memory below a limit of memory and swap would be no such thing.
    auto& write = add("memory.memsw.limit_in_bytes", -1, "memory.limit");
    write.tie = Tie::memory;
    write.lack = Lack::silent;
  }
  if (is_set(memory.reservation))
    add("memory.soft_limit_in_bytes", *memory.reservation, "memory.reservation");
  if (is_set(memory.kernel))
    add("memory.kmem.limit_in_bytes", *memory.kernel, "memory.kernel").lack = Lack::warning;
  if (is_set(memory.kernel_tcp)) {
    add("memory.kmem.tcp.limit_in_bytes", *memory.kernel_tcp, "memory.kernelTCP").lack = Lack::warning;
  }
  if (memory.swappiness)
    add("memory.swappiness", *memory.swappiness, "memory.swappiness").lack = Lack::warning;
  if (memory.disable_oom_killer) {
    auto& write = add("memory.oom_control", *memory.disable_oom_killer ? 1 : 0, "memory.disableOOMKiller");
    write.lack = *memory.disable_oom_killer ? Lack::warning : Lack::silent;
  }
}

void plan_cpu(const oci::CpuResources& cpu, CgroupPlan& plan) {
  const auto add = [&](const char* file, auto value, const char* setting, Tie tie) {
    plan.add("cpu", file, text("{}", value), setting).tie = tie;
  };
  // An idle group refuses shares: leave idleness before setting them, enter it after.
  if (cpu.idle == 0) plan.add("cpu", "cpu.idle", "0", "cpu.idle").lack = Lack::silent;
  if (is_set(cpu.shares)) add("cpu.shares", *cpu.shares, "cpu.shares", Tie::none);
  if (cpu.idle == 1) plan.add("cpu", "cpu.idle", "1", "cpu.idle");
  if (is_set(cpu.period)) add("cpu.cfs_period_us", *cpu.period, "cpu.period", Tie::bandwidth);
  if (is_set(cpu.quota)) add("cpu.cfs_quota_us", *cpu.quota, "cpu.quota", Tie::bandwidth);
  if (cpu.burst) add("cpu.cfs_burst_us", *cpu.burst, "cpu.burst", Tie::bandwidth);
  if (is_set(cpu.realtime_period))
    add("cpu.rt_period_us", *cpu.realtime_period, "cpu.realtimePeriod", Tie::realtime);
  if (is_set(cpu.realtime_runtime))
    add("cpu.rt_runtime_us", *cpu.realtime_runtime, "cpu.realtimeRuntime", Tie::realtime);
}

void plan_weights(const oci::BlockIoResources& io, CgroupPlan& plan) {
  const auto add = [&](const char* file, const char* other, std::string value, const char* setting) {
    auto& write = plan.add("blkio", file, value, setting);
    write.other_file = other;
    write.other_value = std::move(value);
    write.lack = Lack::warning;
  };
  if (is_set(io.weight)) add("blkio.weight", "blkio.bfq.weight", text("{}", *io.weight), "blockIO.weight");
  if (is_set(io.leaf_weight)) add("blkio.leaf_weight", "", text("{}", *io.leaf_weight), "blockIO.leafWeight");
  for (const auto& d : io.weight_devices) {
    if (is_set(d.weight)) {
      add("blkio.weight_device", "blkio.bfq.weight_device", text("{}:{} {}", d.major, d.minor, *d.weight),
          "blockIO.weightDevice");
    }
    if (is_set(d.leaf_weight)) {
      add("blkio.leaf_weight_device", "", text("{}:{} {}", d.major, d.minor, *d.leaf_weight),
          "blockIO.weightDevice");
    }
  }
}

void plan_throttles(const oci::BlockIoResources& io, CgroupPlan& plan) {
  const auto add = [&](const std::vector<oci::ThrottleDevice>& devices, const char* file,
                       const char* setting) {
    for (const auto& d : devices)
      plan.add("blkio", file, text("{}:{} {}", d.major, d.minor, d.rate), setting);
  };
  add(io.read_bps, "blkio.throttle.read_bps_device", "blockIO.throttleReadBpsDevice");
  add(io.write_bps, "blkio.throttle.write_bps_device", "blockIO.throttleWriteBpsDevice");
  add(io.read_iops, "blkio.throttle.read_iops_device", "blockIO.throttleReadIOPSDevice");
  add(io.write_iops, "blkio.throttle.write_iops_device", "blockIO.throttleWriteIOPSDevice");
}

void plan_others(const oci::Resources& resources, CgroupPlan& plan) {
  if (is_set(resources.pids_limit)) {
    plan.add("pids", "pids.max", *resources.pids_limit < 0 ? "max" : text("{}", *resources.pids_limit),
             "pids.limit");
  }
  for (const auto& page : resources.hugepage_limits) {
    plan.add("hugetlb", text("hugetlb.{}.limit_in_bytes", page.page_size), text("{}", page.limit),
             "hugepageLimits");
    // Pages reserved but not yet touched are counted apart (kernel 5.7).
    plan.add("hugetlb", text("hugetlb.{}.rsvd.limit_in_bytes", page.page_size), text("{}", page.limit),
             "hugepageLimits")
        .lack = Lack::silent;
  }
  for (const auto& limit : resources.rdma) {
    std::string value = limit.device;
    if (limit.hca_handles) value += text(" hca_handle={}", *limit.hca_handles);
    if (limit.hca_objects) value += text(" hca_object={}", *limit.hca_objects);
    plan.add("rdma", "rdma.max", std::move(value), "rdma");
  }
  if (is_set(resources.network.class_id)) {
    plan.add("net_cls", "net_cls.classid", text("{}", *resources.network.class_id), "network.classID").lack =
        Lack::warning;
  }
  for (const auto& interface : resources.network.priorities) {
    plan.add("net_prio", "net_prio.ifpriomap", text("{} {}", interface.name, interface.priority),
             "network.priorities")
        .lack = Lack::warning;
  }
}

}  // namespace

Result<CgroupPlan> plan_cgroup_v1(const oci::Resources& resources) {
  TRY(check_resources(resources));
  CgroupPlan plan;
  if (!resources.cpu.cpus.empty()) plan.add("cpuset", "cpuset.cpus", resources.cpu.cpus, "cpu.cpus");
  if (!resources.cpu.mems.empty()) plan.add("cpuset", "cpuset.mems", resources.cpu.mems, "cpu.mems");
  plan_cpu(resources.cpu, plan);
  plan_memory(resources.memory, plan);
  plan_weights(resources.block_io, plan);
  plan_throttles(resources.block_io, plan);
  plan_others(resources, plan);
  return plan;
}

}  // namespace podo::runtime
