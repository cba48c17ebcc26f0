// What POST create and POST update refuse before anything is made, in Docker's words.
#include <algorithm>
#include <charconv>

#include "container/config/default_capabilities.h"
#include "container/config/runtime_config_parts.h"
#include "container/config/tmpfs_options.h"

namespace podo::engine {
namespace {

constexpr std::int64_t memory_least = 6ll << 20;
constexpr std::int64_t shm_default = 64ll << 20;

Result<> check_memory(docker::Resources& wish, const Machine& machine, Warnings& warnings) {
  if (wish.memory != 0 && wish.memory < memory_least) return invalid("Minimum memory limit allowed is 6MB");
  if (wish.memory > 0 && wish.memory_swap > 0 && wish.memory_swap < wish.memory)
    return invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  if (wish.memory == 0 && wish.memory_swap > 0)
    return invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  if (wish.memory > 0 && wish.memory_swap != -1 && !machine.memory_swap) {
    warnings.emplace_back(
        "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited "
        "without swap.");
    wish.memory_swap = -1;
  }
  if (wish.memory_swappiness) {
    const std::int64_t swappiness = *wish.memory_swappiness;
    if (swappiness < -1 || swappiness > 100)
      return invalid("Invalid value: {}, valid memory swappiness range is 0-100", swappiness);
    if (swappiness != -1 && !machine.memory_swappiness) {
      warnings.emplace_back(
          "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory "
          "swappiness discarded.");
      wish.memory_swappiness.reset();
    }
  }
  if (wish.memory_reservation != 0 && wish.memory_reservation < memory_least)
    return invalid("Minimum memory reservation allowed is 6MB");
  if (wish.memory > 0 && wish.memory_reservation > wish.memory)
    return invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  return {};
}

void check_oom_killer(docker::Resources& wish, const Machine& machine, Warnings& warnings) {
  if (!wish.oom_kill_disable.value_or(false)) return;
  if (!machine.oom_kill_disable) {
    warnings.emplace_back("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
    wish.oom_kill_disable.reset();
  } else if (wish.memory == 0) {
    warnings.emplace_back(
        "OOM killer is disabled for the container, but no memory limit is set, this can result in the system "
        "running out of resources.");
  }
}

// A list as "0-2,5"; false when it is none.
bool parse_cpus(std::string_view list, unsigned& highest) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view item = list.substr(0, comma);
    unsigned first = 0;
    const char* end = item.data() + item.size();
    auto [at, error] = std::from_chars(item.data(), end, first);
    if (error != std::errc{}) return false;
    unsigned last = first;
    if (at != end) {
      if (*at != '-') return false;
      const auto more = std::from_chars(at + 1, end, last);
      if (more.ec != std::errc{} || more.ptr != end || last < first) return false;
    }
    highest = std::max(highest, last);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

Result<> check_cpusets(const docker::Resources& wish, const Machine& machine) {
  unsigned highest = 0;
  if (!parse_cpus(wish.cpuset_cpus, highest))
    return invalid("Invalid value {} for cpuset cpus", wish.cpuset_cpus);
  if (!wish.cpuset_cpus.empty() && highest >= machine.cpus) {
    return invalid("Requested CPUs are not available - requested {}, available: 0-{}", wish.cpuset_cpus,
                   machine.cpus - 1);
  }
  unsigned node = 0;
  if (!parse_cpus(wish.cpuset_mems, node))
    return invalid("Invalid value {} for cpuset mems", wish.cpuset_mems);
  return {};
}

Result<> check_cpu(const docker::Resources& wish, const Machine& machine) {
  if (wish.nano_cpus > 0 && wish.cpu_period > 0)
    return invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (wish.nano_cpus > 0 && wish.cpu_quota > 0)
    return invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (wish.nano_cpus < 0 || wish.nano_cpus > std::int64_t{machine.cpus} * 1'000'000'000) {
    return invalid("range of CPUs is from 0.01 to {}.00, as there are only {} CPUs available", machine.cpus,
                   machine.cpus);
  }
  if (wish.cpu_period != 0 && (wish.cpu_period < 1000 || wish.cpu_period > 1'000'000)) {
    return invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (wish.cpu_quota > 0 && wish.cpu_quota < 1000)
    return invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  if (wish.cpu_shares < 0)
    return invalid("invalid CPU shares ({}): value must be a positive integer", wish.cpu_shares);
  return check_cpusets(wish, machine);
}

Result<> check_block_io(docker::Resources& wish, const Machine& machine, Warnings& warnings) {
  if (!machine.blkio_weight && (wish.blkio_weight != 0 || !wish.blkio_weight_device.empty())) {
    warnings.emplace_back(
        "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.");
    wish.blkio_weight = 0;
    wish.blkio_weight_device.clear();
  }
  if (wish.blkio_weight != 0 && (wish.blkio_weight < 10 || wish.blkio_weight > 1000))
    return invalid("Range of blkio weight is from 10 to 1000");
  return {};
}

Result<> check_modes(const docker::HostConfig& wish) {
  const auto one_of = [](std::string_view mode, std::initializer_list<std::string_view> modes) {
    return std::ranges::find(modes, mode) != modes.end();
  };
  const auto names_container = [](std::string_view mode) {
    return is_container_mode(mode) && mode.size() > std::string_view("container:").size();
  };
  const auto names_sandbox = [](std::string_view mode) { return !sandbox_of_mode(mode).empty(); };
  if (!one_of(wish.ipc_mode, {"", "none", "private", "shareable", "host"}) &&
      !names_container(wish.ipc_mode) && !names_sandbox(wish.ipc_mode))
    return invalid("invalid IPC mode: {}", wish.ipc_mode);
  if (!one_of(wish.pid_mode, {"", "host"}) && !names_container(wish.pid_mode) &&
      !names_sandbox(wish.pid_mode))
    return invalid("invalid PID mode: {}", wish.pid_mode);
  if (!one_of(wish.uts_mode, {"", "host"}) && !names_sandbox(wish.uts_mode))
    return invalid("invalid UTS mode: {}", wish.uts_mode);
  if (!one_of(wish.userns_mode, {"", "host", "private"}))
    return invalid("invalid user namespace mode: {}", wish.userns_mode);
  if (!one_of(wish.cgroupns_mode, {"", "private", "host"}))
    return invalid("invalid cgroup namespace mode: {}", wish.cgroupns_mode);
  if (!one_of(wish.runtime, {"", "podo", "runc", "io.containerd.runc.v2"}))
    return invalid("unknown or invalid runtime name: {}", wish.runtime);
  return {};
}

Result<> check_tmpfs(const docker::HostConfig& wish) {
  for (const auto& [destination, options] : wish.tmpfs) {
    if (destination.empty() || destination[0] != '/' || destination == "/")
      return invalid("invalid mount path: '{}' mount path must be absolute", destination);
    TRY(check_tmpfs_options(options));
  }
  return {};
}

}  // namespace

void complete_host_config(docker::HostConfig& wish, const Machine& machine) {
  docker::Resources& limits = wish.resources;
  if (limits.memory > 0 && limits.memory_swap == 0) limits.memory_swap = limits.memory * 2;
  if (limits.cpu_shares > 0) limits.cpu_shares = std::clamp<std::int64_t>(limits.cpu_shares, 2, 262'144);
  if (limits.pids_limit && *limits.pids_limit <= 0) limits.pids_limit.reset();
  if (wish.shm_size == 0) wish.shm_size = shm_default;
  if (wish.ipc_mode.empty()) wish.ipc_mode = "private";
  // Also for privileged ones: of v2 they have the one writable tree, which must not be the host's.
  if (wish.cgroupns_mode.empty()) wish.cgroupns_mode = machine.cgroup_v2 ? "private" : "host";
  if (wish.network_mode.empty() || wish.network_mode == "default") wish.network_mode = "bridge";
  if (wish.runtime.empty()) wish.runtime = "runc";
  if (wish.restart_policy.name.empty()) wish.restart_policy.name = "no";
  if (wish.privileged) return;
  if (!wish.masked_paths) wish.masked_paths = default_masked_paths(machine);
  if (!wish.readonly_paths) wish.readonly_paths = default_readonly_paths();
}

Result<> check_resources(docker::Resources& resources, const Machine& machine, Warnings& warnings) {
  TRY(check_memory(resources, machine, warnings));
  TRY(check_cpu(resources, machine));
  TRY(check_block_io(resources, machine, warnings));
  check_oom_killer(resources, machine, warnings);
  for (const std::string& rule : resources.device_cgroup_rules) TRY(parse_device_rule(rule));
  return {};
}

Result<> check_restart_policy(const docker::RestartPolicy& policy, bool auto_remove) {
  const std::string_view name = policy.name;
  const bool restarts = name == "always" || name == "unless-stopped" || name == "on-failure";
  if (!restarts && !name.empty() && name != "no") {
    return invalid(
        "invalid restart policy: unknown policy '{}'; use one of 'no', 'always', 'on-failure', or "
        "'unless-stopped'",
        name);
  }
  if (policy.maximum_retry_count < 0)
    return invalid("invalid restart policy: maximum retry count cannot be negative");
  if (policy.maximum_retry_count > 0 && name != "on-failure")
    return invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  if (auto_remove && restarts) return invalid("can't create 'AutoRemove' container with restart policy");
  return {};
}

Result<Warnings> check_host_config(docker::HostConfig& wish, const Machine& machine) {
  Warnings warnings;
  TRY(check_modes(wish));
  TRY(check_resources(wish.resources, machine, warnings));
  TRY(check_restart_policy(wish.restart_policy, wish.auto_remove));
  TRY(wanted_capabilities(wish, machine));
  TRY(read_security_options(wish));
  TRY(check_tmpfs(wish));
  if (wish.shm_size < 0) return invalid("SHM size can not be less than 0");
  if (wish.oom_score_adj < -1000 || wish.oom_score_adj > 1000) {
    return invalid("Invalid value {}, range for oom score adj is [-1000, 1000]", wish.oom_score_adj);
  }
  return warnings;
}

}  // namespace podo::engine
