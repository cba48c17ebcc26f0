#include <algorithm>

#include "container/runtime/plan_cgroup.h"

namespace podo::runtime {
namespace {

using Lack = CgroupWrite::Lack;
using Tie = CgroupWrite::Tie;

template <class T>
bool set(const std::optional<T>& value) { return value && *value != 0; }

std::string bytes_or_max(std::int64_t bytes) { return bytes < 0 ? "max" : text("{}", bytes); }

class Draft {
 public:
  CgroupWrite& add(std::string_view controller, std::string file, std::string value, std::string setting) {
    return plan.writes.emplace_back(CgroupWrite{.controller = std::string(controller), .file = std::move(file),
                                                .value = std::move(value), .setting = std::move(setting)});
  }
  void ignore(const char* v1_controller, const char* setting) {
    plan.warnings.push_back({v1_controller, text("linux.resources.{}: cgroup v2 has no such setting; ignored", setting)});
  }
  CgroupPlan plan;
};

void plan_memory(const oci::MemoryResources& memory, Draft& draft) {
  if (set(memory.limit)) draft.add("memory", "memory.max", bytes_or_max(*memory.limit), "memory.limit");
  if (set(memory.swap)) {
    // The specification's swap is memory and swap together; v2 counts swap alone.
    const auto alone = *memory.swap < 0 ? -1 : *memory.swap - memory.limit.value_or(0);
    draft.add("memory", "memory.swap.max", bytes_or_max(alone), "memory.swap").lack = Lack::warning;
  } else if (memory.limit == -1) {
    draft.add("memory", "memory.swap.max", "max", "memory.limit").lack = Lack::silent;
  }
  if (set(memory.reservation)) {
    draft.add("memory", "memory.low", bytes_or_max(*memory.reservation), "memory.reservation");
  }
  if (memory.check_before_update.value_or(false) && memory.limit.value_or(0) > 0) draft.plan.memory_at_most = memory.limit;
  if (set(memory.kernel)) draft.ignore("memory", "memory.kernel");
  if (set(memory.kernel_tcp)) draft.ignore("memory", "memory.kernelTCP");
  if (memory.swappiness) draft.ignore("memory", "memory.swappiness");
  if (memory.disable_oom_killer.value_or(false)) draft.ignore("memory", "memory.disableOOMKiller");
}

void plan_cpu(const oci::CpuResources& cpu, Draft& draft) {
  // v2 cannot give a group real time yet: these files are missing, and that is an error which names the setting.
  if (set(cpu.realtime_period)) {
    draft.add("cpu", "cpu.rt_period_us", text("{}", *cpu.realtime_period), "cpu.realtimePeriod").tie = Tie::realtime;
  }
  if (set(cpu.realtime_runtime)) {
    draft.add("cpu", "cpu.rt_runtime_us", text("{}", *cpu.realtime_runtime), "cpu.realtimeRuntime").tie = Tie::realtime;
  }
  if (cpu.idle == 0) draft.add("cpu", "cpu.idle", "0", "cpu.idle").lack = Lack::silent;
  if (set(cpu.shares)) draft.add("cpu", "cpu.weight", text("{}", cpu_weight_of_shares(*cpu.shares)), "cpu.shares");
  if (cpu.idle == 1) draft.add("cpu", "cpu.idle", "1", "cpu.idle");
  if (set(cpu.quota) || set(cpu.period)) {
    std::string value = cpu.quota.value_or(0) > 0 ? text("{}", *cpu.quota) : "max";
    if (set(cpu.period)) value += text(" {}", *cpu.period);
    draft.add("cpu", "cpu.max", std::move(value), set(cpu.quota) ? "cpu.quota" : "cpu.period").tie = Tie::bandwidth;
  }
  if (cpu.burst) draft.add("cpu", "cpu.max.burst", text("{}", *cpu.burst), "cpu.burst").tie = Tie::bandwidth;
  if (!cpu.cpus.empty()) draft.add("cpuset", "cpuset.cpus", cpu.cpus, "cpu.cpus");
  if (!cpu.mems.empty()) draft.add("cpuset", "cpuset.mems", cpu.mems, "cpu.mems");
}

void plan_weights(const oci::BlockIoResources& io, Draft& draft) {
  // With the BFQ scheduler its own file is the one that works; it takes the numbers of v1.
  const auto add = [&](std::string prefix, std::uint64_t weight, const char* setting) {
    auto& write = draft.add("io", "io.bfq.weight", text("{}{}", prefix, weight), setting);
    write.other_file = "io.weight";
    write.other_value = text("{}{}", prefix, io_weight_of_blkio(weight));
    write.lack = Lack::warning;
  };
  if (set(io.weight)) add("", *io.weight, "blockIO.weight");
  if (set(io.leaf_weight)) draft.ignore("blkio", "blockIO.leafWeight");
  for (const auto& d : io.weight_devices) {
    if (set(d.weight)) add(text("{}:{} ", d.major, d.minor), *d.weight, "blockIO.weightDevice");
    if (set(d.leaf_weight)) draft.ignore("blkio", "blockIO.weightDevice.leafWeight");
  }
}

// One line a device: "8:0 rbps=1048576 wiops=100".
void plan_throttles(const oci::BlockIoResources& io, Draft& draft) {
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
  for (auto& [device, limits] : lines) draft.add("io", "io.max", device + limits, "blockIO.throttle");
}

void plan_others(const oci::Resources& resources, Draft& draft) {
  if (set(resources.pids_limit)) draft.add("pids", "pids.max", bytes_or_max(*resources.pids_limit), "pids.limit");
  for (const auto& page : resources.hugepage_limits) {
    draft.add("hugetlb", text("hugetlb.{}.max", page.page_size), text("{}", page.limit), "hugepageLimits");
    draft.add("hugetlb", text("hugetlb.{}.rsvd.max", page.page_size), text("{}", page.limit), "hugepageLimits").lack =
        Lack::silent;
  }
  for (const auto& limit : resources.rdma) {
    std::string value = limit.device;
    if (limit.hca_handles) value += text(" hca_handle={}", *limit.hca_handles);
    if (limit.hca_objects) value += text(" hca_object={}", *limit.hca_objects);
    draft.add("rdma", "rdma.max", std::move(value), "rdma");
  }
  if (set(resources.network.class_id)) draft.ignore("net_cls", "network.classID");
  if (!resources.network.priorities.empty()) draft.ignore("net_prio", "network.priorities");
}

// Files that take one device a write (io.max) get their lines one by one.
void plan_unified(const oci::StringMap& unified, Draft& draft) {
  for (const auto& [key, value] : unified) {
    std::string_view rest = value;
    do {
      const auto end = std::min(rest.find('\n'), rest.size());
      draft.add(controller_of_file(key), key, std::string(rest.substr(0, end)), text("unified.{}", key));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    } while (!rest.empty());
  }
}

}  // namespace

Result<CgroupPlan> plan_cgroup_v2(const oci::Resources& resources) {
  TRY(check_resources(resources));
  Draft draft;
  plan_cpu(resources.cpu, draft);
  plan_memory(resources.memory, draft);
  plan_weights(resources.block_io, draft);
  plan_throttles(resources.block_io, draft);
  plan_others(resources, draft);
  plan_unified(resources.unified, draft);
  return std::move(draft.plan);
}

}  // namespace podo::runtime
