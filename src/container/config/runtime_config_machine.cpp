// What this machine is like.
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>

#include "base/linux/capability.h"
#include "base/linux/cgroup_layout.h"
#include "base/linux/file.h"
#include "container/config/runtime_config.h"

namespace podo::engine {
namespace {

constexpr int cap_sys_resource = 24;

template <class T>
T number_at(std::string_view text, T otherwise) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  T value{};
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{} ? value : otherwise;
}

std::string small_file(const char* path) { return linux::read_file(path, 1 << 16).value_or(""); }

void read_capabilities(Machine& machine) {
  const auto caller = linux::read_capabilities();
  if (!caller) return;
  machine.bounding_capabilities = caller->bounding;
  machine.last_capability = caller->last;
  machine.may_raise_limits = (caller->effective & linux::capability_bit(cap_sys_resource)) != 0;
}

void read_kernel(Machine& machine) {
  utsname names{};
  if (::uname(&names) != 0) return;
  const std::string_view release = names.release;
  machine.kernel_major = number_at(release, machine.kernel_major);
  if (const auto dot = release.find('.'); dot != release.npos)
    machine.kernel_minor = number_at(release.substr(dot + 1), machine.kernel_minor);
  const std::string_view hardware = names.machine;
  machine.architecture = hardware == "x86_64" ? "amd64" : hardware == "aarch64" ? "arm64" : hardware;
}

// What a container's group of the v1 or v2 hierarchy would have, seen at the top of it.
void read_cgroups(Machine& machine) {
  const auto layout = linux::read_cgroup_layout();
  if (!layout) return;
  machine.cgroup_v2 = layout->mode == linux::CgroupMode::unified;
  const auto has = [&](std::string_view controller, std::string_view file) {
    const auto* hierarchy = layout->find(controller);
    return hierarchy != nullptr && ::access(text("{}/{}", hierarchy->mount_point, file).c_str(), F_OK) == 0;
  };
  if (machine.cgroup_v2) {
    machine.memory_swap = ::access("/proc/swaps", F_OK) == 0;
    machine.memory_swappiness = machine.oom_kill_disable = false;
    machine.oom_group = layout->find("memory") != nullptr;
    return;
  }
  machine.memory_swap = has("memory", "memory.memsw.limit_in_bytes");
  machine.memory_swappiness = has("memory", "memory.swappiness");
  machine.oom_kill_disable = has("memory", "memory.oom_control");
  machine.blkio_weight = has("blkio", "blkio.weight") || has("blkio", "blkio.bfq.weight");
}

}  // namespace

Machine read_machine() {
  Machine machine;
  read_capabilities(machine);
  read_kernel(machine);
  read_cgroups(machine);
  machine.oom_score_adj = number_at(small_file("/proc/self/oom_score_adj"), 0);
  for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
    auto& limit = machine.limits[static_cast<std::size_t>(resource)];
    if (::prlimit64(0, static_cast<__rlimit_resource>(resource), nullptr, &limit) != 0)
      limit = {.rlim_cur = RLIM64_INFINITY, .rlim_max = RLIM64_INFINITY};
  }
  machine.apparmor = small_file("/sys/module/apparmor/parameters/enabled").starts_with('Y');
  machine.selinux = ::access("/sys/fs/selinux/enforce", F_OK) == 0;
  machine.thermal_throttle = ::access("/sys/devices/system/cpu/cpu0/thermal_throttle", F_OK) == 0;
  machine.cpus = static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  const std::string memory = small_file("/proc/meminfo");  // "MemTotal:   8000000 kB"
  if (const auto at = memory.find("MemTotal:"); at != memory.npos)
    machine.memory_bytes = number_at<std::uint64_t>(std::string_view(memory).substr(at + 9), 0) * 1024;
  return machine;
}

}  // namespace podo::engine
