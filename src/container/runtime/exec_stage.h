// The child's side of exec: from a clone of the runtime to a program inside a running container.
#pragma once

#include <optional>

#include "base/core/log.h"
#include "base/io/fd.h"
#include "container/cgroup/cgroup.h"
#include "container/plan/plan.h"
#include "container/runtime/channel.h"
#include "container/seccomp/seccomp.h"

namespace podo::runtime {

struct ExecStage {
  io::Fd init;                   // pidfd of the container's first process
  std::uint64_t namespaces = 0;  // CLONE_NEW* kinds of it that are not ours
  io::Fd root;                   // its root; empty where its mount namespace is ours
  CgroupEntry cgroup_entry;
  ProcessPlan process;
  std::optional<std::uint32_t> personality;
  std::optional<SeccompFilter> seccomp;
  io::Fd console_socket;     // empty: a terminal's master goes over the channel
  std::string keyring_name;  // "" leaves the caller's
  int preserve_fds = 0;
};

// The process between: cgroups, then all namespaces. What needs the host's /proc is done before.
Result<> enter_container(const ExecStage& stage, Log& log);
// Then it lets go of what the runtime has open, which leads out of the container: its sibling can be seen
// there from its first moment.
Result<> drop_descriptors(const ExecStage& stage, const Channel& channel);
// Its sibling, born inside all of them: everything up to execve. Never returns.
[[noreturn]] void run_exec_stage(const ExecStage& stage, const Channel& channel);

}  // namespace podo::runtime
