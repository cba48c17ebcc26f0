// `linux.resources`: limits as the runtime-spec has them, from those of the API.
#include "container/config/runtime_config_parts.h"

namespace podo::engine {
namespace {

constexpr std::int64_t nano_cpu_period_us = 100'000;

oci::CpuResources cpu_of(const docker::Resources& wanted) {
  oci::CpuResources cpu;
  cpu.cpus = wanted.cpuset_cpus;
  cpu.mems = wanted.cpuset_mems;
  const auto positive = [](std::int64_t value, std::optional<std::uint64_t>& to) {
    if (value > 0) to = static_cast<std::uint64_t>(value);
  };
  positive(wanted.cpu_shares, cpu.shares);
  positive(wanted.cpu_period, cpu.period);
  positive(wanted.cpu_realtime_period, cpu.realtime_period);
  if (wanted.cpu_quota != 0) cpu.quota = wanted.cpu_quota;
  if (wanted.cpu_realtime_runtime != 0) cpu.realtime_runtime = wanted.cpu_realtime_runtime;
  if (wanted.nano_cpus > 0) {
    cpu.period = static_cast<std::uint64_t>(nano_cpu_period_us);
    cpu.quota = wanted.nano_cpus * (nano_cpu_period_us / 1000) / 1'000'000;
  }
  return cpu;
}

oci::MemoryResources memory_of(const docker::Resources& wanted, const Machine& machine) {
  oci::MemoryResources memory;
  if (wanted.memory > 0) memory.limit = wanted.memory;
  if (wanted.memory_reservation > 0) memory.reservation = wanted.memory_reservation;
  if (wanted.memory_swap != 0 && machine.memory_swap) memory.swap = wanted.memory_swap;
  if (wanted.memory_swappiness.value_or(-1) >= 0 && machine.memory_swappiness)
    memory.swappiness = static_cast<std::uint64_t>(*wanted.memory_swappiness);
  if (wanted.oom_kill_disable.value_or(false) && machine.oom_kill_disable) memory.disable_oom_killer = true;
  return memory;
}

std::vector<oci::ThrottleDevice> throttles_of(const std::vector<docker::ThrottleDevice>& wanted,
                                              const HostDevices& devices) {
  std::vector<oci::ThrottleDevice> list;
  for (const auto& [path, rate] : wanted) {
    if (const auto found = devices.block.find(path); found != devices.block.end())
      list.push_back({found->second.major, found->second.minor, rate});
  }
  return list;
}

oci::BlockIoResources block_io_of(const docker::Resources& wanted, const Machine& machine,
                                  const HostDevices& devices, Warnings& warnings) {
  oci::BlockIoResources block_io;
  block_io.read_bps = throttles_of(wanted.blkio_read_bps, devices);
  block_io.write_bps = throttles_of(wanted.blkio_write_bps, devices);
  block_io.read_iops = throttles_of(wanted.blkio_read_iops, devices);
  block_io.write_iops = throttles_of(wanted.blkio_write_iops, devices);
  if (!machine.blkio_weight) {
    if (wanted.blkio_weight != 0 || !wanted.blkio_weight_device.empty())
      warnings.emplace_back(
          "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.");
    return block_io;
  }
  if (wanted.blkio_weight != 0) block_io.weight = wanted.blkio_weight;
  for (const auto& [path, weight] : wanted.blkio_weight_device) {
    if (const auto found = devices.block.find(path); found != devices.block.end())
      block_io.weight_devices.push_back({found->second.major, found->second.minor, weight, {}});
  }
  return block_io;
}

// A member that is absent is not written.
template <class T>
void member(json::Writer& out, std::string_view key, const std::optional<T>& value) {
  if (!value) return;
  out.key(key);
  if constexpr (std::is_same_v<T, bool>) out.boolean(*value);
  else out.number(*value);
}

void write_rules(json::Writer& out, const std::vector<oci::DeviceRule>& rules) {
  out.key("devices").array();
  for (const oci::DeviceRule& rule : rules) {
    out.object().key("allow").boolean(rule.allow);
    if (!rule.type.empty()) out.key("type").string(rule.type);
    member(out, "major", rule.major);
    member(out, "minor", rule.minor);
    out.key("access").string(rule.access).end();
  }
  out.end();
}

void write_throttles(json::Writer& out, std::string_view key, const std::vector<oci::ThrottleDevice>& list) {
  if (list.empty()) return;
  out.key(key).array();
  for (const auto& [major, minor, rate] : list)
    out.object().key("major").number(major).key("minor").number(minor).key("rate").number(rate).end();
  out.end();
}

void write_block_io(json::Writer& out, const oci::BlockIoResources& block_io) {
  out.key("blockIO").object();
  if (block_io.weight) out.key("weight").number(unsigned{*block_io.weight});
  if (!block_io.weight_devices.empty()) {
    out.key("weightDevice").array();
    for (const oci::WeightDevice& device : block_io.weight_devices) {
      out.object().key("major").number(device.major).key("minor").number(device.minor);
      out.key("weight").number(unsigned{device.weight.value_or(0)}).end();
    }
    out.end();
  }
  write_throttles(out, "throttleReadBpsDevice", block_io.read_bps);
  write_throttles(out, "throttleWriteBpsDevice", block_io.write_bps);
  write_throttles(out, "throttleReadIOPSDevice", block_io.read_iops);
  write_throttles(out, "throttleWriteIOPSDevice", block_io.write_iops);
  out.end();
}

}  // namespace

oci::Resources make_resources(const docker::Resources& wanted, const Machine& machine,
                              const HostDevices& devices, Warnings& warnings) {
  oci::Resources resources;
  resources.cpu = cpu_of(wanted);
  resources.memory = memory_of(wanted, machine);
  resources.block_io = block_io_of(wanted, machine, devices, warnings);
  if (wanted.pids_limit) resources.pids_limit = *wanted.pids_limit > 0 ? *wanted.pids_limit : -1;
  return resources;
}

void write_resources(json::Writer& out, const oci::Resources& resources) {
  out.key("resources").object();
  write_rules(out, resources.devices);
  const oci::MemoryResources& memory = resources.memory;
  out.key("memory").object();
  member(out, "limit", memory.limit);
  member(out, "reservation", memory.reservation);
  member(out, "swap", memory.swap);
  member(out, "swappiness", memory.swappiness);
  member(out, "disableOOMKiller", memory.disable_oom_killer);
  out.end();
  const oci::CpuResources& cpu = resources.cpu;
  out.key("cpu").object();
  member(out, "shares", cpu.shares);
  member(out, "quota", cpu.quota);
  member(out, "period", cpu.period);
  member(out, "realtimeRuntime", cpu.realtime_runtime);
  member(out, "realtimePeriod", cpu.realtime_period);
  if (!cpu.cpus.empty()) out.key("cpus").string(cpu.cpus);
  if (!cpu.mems.empty()) out.key("mems").string(cpu.mems);
  out.end();
  if (resources.pids_limit) out.key("pids").object().key("limit").number(*resources.pids_limit).end();
  write_block_io(out, resources.block_io);
  if (!resources.unified.empty()) {
    out.key("unified").object();
    for (const auto& [file, value] : resources.unified) out.key(file).string(value);
    out.end();
  }
  out.end();
}

}  // namespace podo::engine
