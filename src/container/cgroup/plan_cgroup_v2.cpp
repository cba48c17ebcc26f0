#include <algorithm>

#include "container/cgroup/plan_cgroup.h"

namespace podo::runtime {
namespace {

using Lack = CgroupWrite::Lack;
using Tie = CgroupWrite::Tie;

void ignore(CgroupPlan& plan, const char* v1_controller, const char* setting) {
  plan.warnings.push_back(
      {v1_controller, text("linux.resources.{}: cgroup v2 has no such setting; ignored", setting)});
}

std::string bytes_or_max(std::int64_t bytes) { return bytes < 0 ? "max" : text("{}", bytes); }

void plan_memory(const oci::MemoryResources& memory, CgroupPlan& plan) {
  if (is_set(memory.limit)) plan.add("memory", "memory.max", bytes_or_max(*memory.limit), "memory.limit");
  if (is_set(memory.swap)) {
    // The specification's swap is memory and swap together; v2 counts swap alone.
    const auto alone = *memory.swap < 0 ? -1 : *memory.swap - memory.limit.value_or(0);
    plan.add("memory", "memory.swap.max", bytes_or_max(alone), "memory.swap").lack = Lack::warning;
  } else if (memory.limit == -1) {
    plan.add("memory", "memory.swap.max", "max", "memory.limit").lack = Lack::silent;
  }
  if (is_set(memory.reservation)) {
    plan.add("memory", "memory.low", bytes_or_max(*memory.reservation), "memory.reservation");
  }
  if (memory.check_before_update.value_or(false) && memory.limit.value_or(0) > 0)
    plan.memory_at_most = memory.limit;
  if (is_set(memory.kernel)) ignore(plan, "memory", "memory.kernel");
  if (is_set(memory.kernel_tcp)) ignore(plan, "memory", "memory.kernelTCP");
  if (memory.swappiness) ignore(plan, "memory", "memory.swappiness");
  if (memory.disable_oom_killer.value_or(false)) ignore(plan, "memory", "memory.disableOOMKiller");
}

void plan_cpu(const oci::CpuResources& cpu, CgroupPlan& plan) {
  // v2 cannot give a group real time yet: these files are missing, and that is an error which names the
  // setting.
  if (is_set(cpu.realtime_period)) {
    plan.add("cpu", "cpu.rt_period_us", text("{}", *cpu.realtime_period), "cpu.realtimePeriod").tie =
        Tie::realtime;
  }
  if (is_set(cpu.realtime_runtime)) {
    plan.add("cpu", "cpu.rt_runtime_us", text("{}", *cpu.realtime_runtime), "cpu.realtimeRuntime").tie =
        Tie::realtime;
  }
  if (cpu.idle == 0) plan.add("cpu", "cpu.idle", "0", "cpu.idle").lack = Lack::silent;
  if (is_set(cpu.shares))
    plan.add("cpu", "cpu.weight", text("{}", cpu_weight_of_shares(*cpu.shares)), "cpu.shares");
  if (cpu.idle == 1) plan.add("cpu", "cpu.idle", "1", "cpu.idle");
  if (is_set(cpu.quota) || is_set(cpu.period)) {
    std::string value = cpu.quota.value_or(0) > 0 ? text("{}", *cpu.quota) : "max";
    if (is_set(cpu.period)) value += text(" {}", *cpu.period);
    plan.add("cpu", "cpu.max", std::move(value), is_set(cpu.quota) ? "cpu.quota" : "cpu.period").tie =
        Tie::bandwidth;
  }
  if (cpu.burst) plan.add("cpu", "cpu.max.burst", text("{}", *cpu.burst), "cpu.burst").tie = Tie::bandwidth;
  if (!cpu.cpus.empty()) plan.add("cpuset", "cpuset.cpus", cpu.cpus, "cpu.cpus");
  if (!cpu.mems.empty()) plan.add("cpuset", "cpuset.mems", cpu.mems, "cpu.mems");
}

void plan_weights(const oci::BlockIoResources& io, CgroupPlan& plan) {
  // With the BFQ scheduler its own file is the one that works; it takes the numbers of v1.
  const auto add = [&](std::string prefix, std::uint64_t weight, const char* setting) {
    auto& write = plan.add("io", "io.bfq.weight", text("{}{}", prefix, weight), setting);
    write.other_file = "io.weight";
    write.other_value = text("{}{}", prefix, io_weight_of_blkio(weight));
    write.lack = Lack::warning;
  };
  if (is_set(io.weight)) add("", *io.weight, "blockIO.weight");
  if (is_set(io.leaf_weight)) ignore(plan, "blkio", "blockIO.leafWeight");
  for (const auto& d : io.weight_devices) {
    if (is_set(d.weight)) add(text("{}:{} ", d.major, d.minor), *d.weight, "blockIO.weightDevice");
    if (is_set(d.leaf_weight)) ignore(plan, "blkio", "blockIO.weightDevice.leafWeight");
  }
}

// One line a device: "8:0 rbps=1048576 wiops=100".
void plan_throttles(const oci::BlockIoResources& io, CgroupPlan& plan) {
  std::vector<std::pair<std::string, std::string>> lines;
  const auto add = [&](const std::vector<oci::ThrottleDevice>& devices, const char* key) {
    for (const auto& d : devices) {
      auto name = text("{}:{}", d.major, d.minor);
      auto line = std::ranges::find(lines, name, &std::pair<std::string, std::string>::first);
      if (line == lines.end()) line = lines.insert(lines.end(), {std::move(name), ""});
      line->second += text(" {}={}", key, d.rate == 0 ? std::string("max") : text("{}", d.rate));
    }
  };
  add(io.read_bps, "rbps");
  add(io.write_bps, "wbps");
  add(io.read_iops, "riops");
  add(io.write_iops, "wiops");
  for (auto& [device, limits] : lines) plan.add("io", "io.max", device + limits, "blockIO.throttle");
}

void plan_others(const oci::Resources& resources, CgroupPlan& plan) {
  if (is_set(resources.pids_limit))
    plan.add("pids", "pids.max", bytes_or_max(*resources.pids_limit), "pids.limit");
  for (const auto& page : resources.hugepage_limits) {
    plan.add("hugetlb", text("hugetlb.{}.max", page.page_size), text("{}", page.limit), "hugepageLimits");
    plan.add("hugetlb", text("hugetlb.{}.rsvd.max", page.page_size), text("{}", page.limit), "hugepageLimits")
        .lack = Lack::silent;
  }
  for (const auto& limit : resources.rdma) {
    std::string value = limit.device;
    if (limit.hca_handles) value += text(" hca_handle={}", *limit.hca_handles);
    if (limit.hca_objects) value += text(" hca_object={}", *limit.hca_objects);
    plan.add("rdma", "rdma.max", std::move(value), "rdma");
  }
  if (is_set(resources.network.class_id)) ignore(plan, "net_cls", "network.classID");
  if (!resources.network.priorities.empty()) ignore(plan, "net_prio", "network.priorities");
}

// Files that take one device a write (io.max) get their lines one by one.
void plan_unified(const oci::StringMap& unified, CgroupPlan& plan) {
  for (const auto& [key, value] : unified) {
    std::string_view rest = value;
    do {
      const auto end = std::min(rest.find('\n'), rest.size());
      plan.add(controller_of_file(key), key, std::string(rest.substr(0, end)), text("unified.{}", key));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    } while (!rest.empty());
  }
}

}  // namespace

Result<CgroupPlan> plan_cgroup_v2(const oci::Resources& resources) {
  TRY(check_resources(resources));
  CgroupPlan plan;
  plan_cpu(resources.cpu, plan);
  plan_memory(resources.memory, plan);
  plan_weights(resources.block_io, plan);
  plan_throttles(resources.block_io, plan);
  plan_others(resources, plan);
  plan_unified(resources.unified, plan);
  return plan;
}

}  // namespace podo::runtime
