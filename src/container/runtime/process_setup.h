// What the container's process does to itself between being born and execve: shared by its first process and
// by exec. Called in the child, one thread. Each step names the setting of process.* that it performs in its
// error.
//
//   begin_session          new session, own keyring, default signals
//   adjust_oom_score       while the host's /proc is still visible
//   set_limits             scheduler, io priority, umask, labels ...
//   resolve_command        args[0] -> a file, looked up in the container
//   (wait for start, startContainer hooks, seccomp when privileges are needed for it)
//   own_standard_streams   they may be opened again by the user
//   drop_privileges        bounding set, ids, capabilities, no_new_privs
//   enter_directory        cwd, verified to lie inside the container
//   (seccomp otherwise) execve
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/core/log.h"
#include "container/plan/plan.h"

namespace podo::runtime {

struct SessionOptions {
  std::string keyring_name;
};  // "" leaves the caller's keyring
Result<> begin_session(const SessionOptions& options);
Result<> adjust_oom_score(const ProcessPlan& process, Log& log);
Result<> set_limits(const ProcessPlan& process);
Result<> set_rlimits(const ProcessPlan& process,
                     Log& log);  // late: a small one would be in the setup's own way
Result<> set_affinity(const std::vector<bool>& cpus);
Result<> set_host_names(const std::string& hostname, const std::string& domainname);
// Pipes and terminals on 0, 1, 2 become the user's, so that it may open them again by /dev/stdout.
Result<> own_standard_streams(const ProcessPlan& process);
Result<> drop_privileges(const ProcessPlan& process);

// The working directory. It is made when missing (as root, owned by the process's user is not required by the
// specification). Refused when it turned out to lie outside the container's root: a descriptor that leaked,
// seen through /proc/self/fd (CVE-2024-21626).
Result<> enter_directory(const ProcessPlan& process);

struct Command {
  std::string file;              // as execve takes it
  std::vector<std::string> env;  // with HOME added when it was missing
};
// `exec: "sh": executable file not found in $PATH` (NotFound) and `exec: "/etc/passwd": permission denied`
// (Denied): the words engines look for.
Result<Command> resolve_command(const ProcessPlan& process);

// Closes what is above stderr, but for `preserve_fds` from 3 on, which the program gets, and `channel`,
// which execve closes: a socket, that
// leads nowhere. Now, not at execve: the kernel looks up the program and its interpreter before it closes
// anything (CVE-2024-21626).
Result<> limit_descriptors(int preserve_fds, int channel);
Error execute(const Command& command, const ProcessPlan& process);  // returns only on failure

}  // namespace podo::runtime
