// What a sandbox has in the kernel besides its network: namespaces that are pinned in its folder, its
// /dev/shm, and the first process of a PID namespace its containers share. Blocking calls, for the pool.
//
//   RUN/sandboxes/ID/   ipc, uts, pid            namespaces, mounted; those it has of its own
//                       shm/                     a tmpfs
//                       hosts, hostname, resolv.conf
#pragma once

#include <string>

#include "base/io/fd.h"
#include "container/sandbox/plan.h"

namespace podo::engine {

// Where the parts are, whether they are there or not. Paths of namespaces that are the host's are "".
struct SandboxPaths {
  std::string folder;
  std::string network, ipc, uts, pid;
  std::string shm;
  std::string hosts, hostname, resolv_conf;
};
SandboxPaths paths_of(const SandboxWish& wish, const std::string& run_folder);

// The folder, the namespaces of IPC and names with their settings, and /dev/shm.
Result<> make_sandbox_namespaces(const SandboxWish& wish, const SandboxPaths& paths,
                                 const SandboxSysctls& sysctls);
// In the network namespace, whose links are there.
Result<> set_sandbox_network(const SandboxPaths& paths, const SandboxSysctls& sysctls);
Result<> write_sandbox_file(const std::string& path, const std::string& text);

// Every namespace it should have is there, /dev/shm too: false after a start of the machine.
bool is_intact(const SandboxPaths& paths);

// Undoes what make_sandbox_namespaces() and start_first_process() pinned or mounted, whole or half. Fine when
// there is nothing.
Result<> release_sandbox(const std::string& folder);

struct FirstProcess {
  pid_t pid = 0;
  std::uint64_t start_time = 0;  // as in ProcessStat
};
// `program` is the monitor's. The process is a child of ours, enters the control groups by the `tasks` files
// (cgroup.procs on v2) and every namespace of the sandbox; its own is pinned.
Result<FirstProcess> start_first_process(const SandboxPaths& paths, const std::string& program,
                                         const std::vector<std::string>& tasks);
// Its descriptor; not_found when it is not there any more.
Result<io::Fd> find_first_process(const FirstProcess& process);
// Returns when it has ended, and with it every process of its namespace.
Result<> end_first_process(const FirstProcess& process);

}  // namespace podo::engine
