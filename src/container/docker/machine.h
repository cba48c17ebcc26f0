// What `docker info` tells of the machine. Private to container/docker.
#pragma once

#include <cstdint>
#include <string>

namespace podo::docker {

struct MachineFacts {
  std::string kernel_version;  // "6.1.0-18-amd64"
  std::string architecture;    // as the kernel calls it: "x86_64"
  std::string host_name;
  std::string operating_system = "Linux", operating_system_version;  // of /etc/os-release
  std::int64_t processors = 0, memory_bytes = 0;
  bool cgroup_v2 = false, seccomp = false, apparmor = false, ipv4_forwarding = false;
  bool memory_limit = false, swap_limit = false, oom_kill_disable = false, cpu_shares = false,
       cpu_quota = false, cpuset = false, pids_limit = false;
};
MachineFacts read_machine_facts();  // a few small files of /proc and /sys

std::string_view go_architecture();  // "amd64"
std::string kernel_version();

}  // namespace podo::docker
