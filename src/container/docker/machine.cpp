#include "container/docker/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "base/linux/file.h"

namespace podo::docker {
namespace {

bool exists(const char* path) { return ::access(path, F_OK) == 0; }

bool exists(const std::string& path) { return exists(path.c_str()); }

std::string file_text(const char* path) { return linux::read_file(path, 64u << 10).value_or(""); }

// NAME="value" of /etc/os-release
std::string setting(std::string_view file, std::string_view name) {
  for (std::size_t at = 0; at < file.size();) {
    const std::size_t end = std::min(file.find('\n', at), file.size());
    const std::string_view line = file.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(name) || line.substr(name.size(), 1) != "=") continue;
    std::string_view value = line.substr(name.size() + 1);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\''))
      value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return "";
}

void read_cgroups(MachineFacts& facts) {
  facts.cgroup_v2 = exists("/sys/fs/cgroup/cgroup.controllers");
  if (facts.cgroup_v2) {
    const std::string file = file_text("/sys/fs/cgroup/cgroup.controllers");
    const std::string controllers = " " + file.substr(0, file.find('\n')) + " ";
    const auto has = [&](std::string_view name) { return controllers.find(name) != controllers.npos; };
    facts.memory_limit = facts.swap_limit = has(" memory ");
    facts.cpu_shares = facts.cpu_quota = has(" cpu ");
    facts.cpuset = has(" cpuset ");
    facts.pids_limit = has(" pids ");
    return;
  }
  const std::string root = "/sys/fs/cgroup/";
  facts.memory_limit = exists(root + "memory/memory.limit_in_bytes");
  facts.swap_limit = exists(root + "memory/memory.memsw.limit_in_bytes");
  facts.oom_kill_disable = exists(root + "memory/memory.oom_control");
  facts.cpu_shares = exists(root + "cpu/cpu.shares");
  facts.cpu_quota = exists(root + "cpu/cpu.cfs_quota_us");
  facts.cpuset = exists(root + "cpuset/cpuset.cpus");
  facts.pids_limit = exists(root + "pids");
}

}  // namespace

MachineFacts read_machine_facts() {
  MachineFacts facts;
  utsname name{};
  ::uname(&name);
  facts.kernel_version = name.release;
  facts.architecture = name.machine;
  facts.host_name = name.nodename;
  const std::string release = file_text("/etc/os-release");
  if (std::string pretty = setting(release, "PRETTY_NAME"); !pretty.empty())
    facts.operating_system = std::move(pretty);
  facts.operating_system_version = setting(release, "VERSION_ID");
  facts.processors = ::sysconf(_SC_NPROCESSORS_ONLN);
  facts.memory_bytes = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  facts.seccomp = exists("/proc/sys/kernel/seccomp");
  facts.apparmor = exists("/sys/kernel/security/apparmor");
  facts.ipv4_forwarding = file_text("/proc/sys/net/ipv4/ip_forward").starts_with('1');
  read_cgroups(facts);
  return facts;
}

std::string kernel_version() {
  utsname name{};
  ::uname(&name);
  return name.release;
}

std::string_view go_architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#else
  return "unknown";
#endif
}

}  // namespace podo::docker
