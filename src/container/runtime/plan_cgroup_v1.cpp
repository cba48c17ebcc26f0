#include "container/runtime/plan_cgroup.h"

namespace podo::runtime {
namespace {

using Lack = CgroupWrite::Lack;
using Tie = CgroupWrite::Tie;

template <class T>
bool set(const std::optional<T>& value) { return value && *value != 0; }

class Draft {
 public:
  CgroupWrite& add(const char* controller, std::string file, std::string value, std::string setting) {
    return plan.writes.emplace_back(CgroupWrite{.controller = controller, .file = std::move(file),
                                                .value = std::move(value), .setting = std::move(setting)});
  }
  CgroupPlan plan;
};

void plan_memory(const oci::MemoryResources& memory, Draft& draft) {
  const auto add = [&](const char* file, auto value, const char* setting) -> CgroupWrite& {
    return draft.add("memory", file, text("{}", value), setting);
  };
  if (memory.use_hierarchy.value_or(false)) add("memory.use_hierarchy", 1, "memory.useHierarchy").lack = Lack::silent;
  if (set(memory.limit)) add("memory.limit_in_bytes", *memory.limit, "memory.limit").tie = Tie::memory;
  if (set(memory.swap)) {
    auto& write = add("memory.memsw.limit_in_bytes", *memory.swap, "memory.swap");
    write.tie = Tie::memory;
    write.lack = Lack::warning;
  } else if (memory.limit == -1) {
    // Unlimited memory below a limit of memory and swap would be no such thing.
    auto& write = add("memory.memsw.limit_in_bytes", -1, "memory.limit");
    write.tie = Tie::memory;
    write.lack = Lack::silent;
  }
  if (set(memory.reservation)) add("memory.soft_limit_in_bytes", *memory.reservation, "memory.reservation");
  if (set(memory.kernel)) add("memory.kmem.limit_in_bytes", *memory.kernel, "memory.kernel").lack = Lack::warning;
  if (set(memory.kernel_tcp)) {
    add("memory.kmem.tcp.limit_in_bytes", *memory.kernel_tcp, "memory.kernelTCP").lack = Lack::warning;
  }
  if (memory.swappiness) add("memory.swappiness", *memory.swappiness, "memory.swappiness").lack = Lack::warning;
  if (memory.disable_oom_killer) {
    auto& write = add("memory.oom_control", *memory.disable_oom_killer ? 1 : 0, "memory.disableOOMKiller");
    write.lack = *memory.disable_oom_killer ? Lack::warning : Lack::silent;
  }
}

void plan_cpu(const oci::CpuResources& cpu, Draft& draft) {
  const auto add = [&](const char* file, auto value, const char* setting, Tie tie) {
    draft.add("cpu", file, text("{}", value), setting).tie = tie;
  };
  // An idle group refuses shares: leave idleness before setting them, enter it after.
  if (cpu.idle == 0) draft.add("cpu", "cpu.idle", "0", "cpu.idle").lack = Lack::silent;
  if (set(cpu.shares)) add("cpu.shares", *cpu.shares, "cpu.shares", Tie::none);
  if (cpu.idle == 1) draft.add("cpu", "cpu.idle", "1", "cpu.idle");
  if (set(cpu.period)) add("cpu.cfs_period_us", *cpu.period, "cpu.period", Tie::bandwidth);
  if (set(cpu.quota)) add("cpu.cfs_quota_us", *cpu.quota, "cpu.quota", Tie::bandwidth);
  if (cpu.burst) add("cpu.cfs_burst_us", *cpu.burst, "cpu.burst", Tie::bandwidth);
  if (set(cpu.realtime_period)) add("cpu.rt_period_us", *cpu.realtime_period, "cpu.realtimePeriod", Tie::realtime);
  if (set(cpu.realtime_runtime)) add("cpu.rt_runtime_us", *cpu.realtime_runtime, "cpu.realtimeRuntime", Tie::realtime);
}

void plan_weights(const oci::BlockIoResources& io, Draft& draft) {
  const auto add = [&](const char* file, const char* other, std::string value, const char* setting) {
    auto& write = draft.add("blkio", file, value, setting);
    write.other_file = other;
    write.other_value = std::move(value);
    write.lack = Lack::warning;
  };
  if (set(io.weight)) add("blkio.weight", "blkio.bfq.weight", text("{}", *io.weight), "blockIO.weight");
  if (set(io.leaf_weight)) add("blkio.leaf_weight", "", text("{}", *io.leaf_weight), "blockIO.leafWeight");
  for (const auto& d : io.weight_devices) {
    if (set(d.weight)) {
      add("blkio.weight_device", "blkio.bfq.weight_device", text("{}:{} {}", d.major, d.minor, *d.weight),
          "blockIO.weightDevice");
    }
    if (set(d.leaf_weight)) {
      add("blkio.leaf_weight_device", "", text("{}:{} {}", d.major, d.minor, *d.leaf_weight), "blockIO.weightDevice");
    }
  }
}

void plan_throttles(const oci::BlockIoResources& io, Draft& draft) {
  const auto add = [&](const std::vector<oci::ThrottleDevice>& devices, const char* file, const char* setting) {
    for (const auto& d : devices) draft.add("blkio", file, text("{}:{} {}", d.major, d.minor, d.rate), setting);
  };
  add(io.read_bps, "blkio.throttle.read_bps_device", "blockIO.throttleReadBpsDevice");
  add(io.write_bps, "blkio.throttle.write_bps_device", "blockIO.throttleWriteBpsDevice");
  add(io.read_iops, "blkio.throttle.read_iops_device", "blockIO.throttleReadIOPSDevice");
  add(io.write_iops, "blkio.throttle.write_iops_device", "blockIO.throttleWriteIOPSDevice");
}

void plan_others(const oci::Resources& resources, Draft& draft) {
  if (set(resources.pids_limit)) {
    draft.add("pids", "pids.max", *resources.pids_limit < 0 ? "max" : text("{}", *resources.pids_limit), "pids.limit");
  }
  for (const auto& page : resources.hugepage_limits) {
    draft.add("hugetlb", text("hugetlb.{}.limit_in_bytes", page.page_size), text("{}", page.limit), "hugepageLimits");
    // Pages reserved but not yet touched are counted apart (kernel 5.7).
    draft.add("hugetlb", text("hugetlb.{}.rsvd.limit_in_bytes", page.page_size), text("{}", page.limit), "hugepageLimits")
        .lack = Lack::silent;
  }
  for (const auto& limit : resources.rdma) {
    std::string value = limit.device;
    if (limit.hca_handles) value += text(" hca_handle={}", *limit.hca_handles);
    if (limit.hca_objects) value += text(" hca_object={}", *limit.hca_objects);
    draft.add("rdma", "rdma.max", std::move(value), "rdma");
  }
  if (set(resources.network.class_id)) {
    draft.add("net_cls", "net_cls.classid", text("{}", *resources.network.class_id), "network.classID").lack = Lack::warning;
  }
  for (const auto& interface : resources.network.priorities) {
    draft.add("net_prio", "net_prio.ifpriomap", text("{} {}", interface.name, interface.priority), "network.priorities")
        .lack = Lack::warning;
  }
}

}  // namespace

Result<CgroupPlan> plan_cgroup_v1(const oci::Resources& resources) {
  TRY(check_resources(resources));
  Draft draft;
  if (!resources.cpu.cpus.empty()) draft.add("cpuset", "cpuset.cpus", resources.cpu.cpus, "cpu.cpus");
  if (!resources.cpu.mems.empty()) draft.add("cpuset", "cpuset.mems", resources.cpu.mems, "cpu.mems");
  plan_cpu(resources.cpu, draft);
  plan_memory(resources.memory, draft);
  plan_weights(resources.block_io, draft);
  plan_throttles(resources.block_io, draft);
  plan_others(resources, draft);
  return std::move(draft.plan);
}

}  // namespace podo::runtime
