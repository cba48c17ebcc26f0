// How a container's process is born.
//
//   runtime (launch.cpp)                                child (init_stage.cpp)
//   clone3 with the new namespaces ------------------->  enters its cgroups
//   writes uid_map, gid_map     -- proceed, its pid -->  root of its namespaces, joins others by path; names,
//                                                        oom score; Rootfs::build
//   prestart, createRuntime     <-- runtime_hooks -----
//                               -- proceed ----------->  createContainer hooks; Rootfs::enter; sysctls,
//                                                        terminal; Rootfs::seal
//   take the terminal's master  <-- terminal ----------  (run in the foreground)
//   save state, pid file        <-- ready -------------  the command was found
//   `start`, or run             -- proceed ----------->
//   send the listener on        <-- listener ----------  (when a seccomp filter notifies)
//   done                        <-- end of file -------  seccomp, privileges, startContainer hooks, execve
//
// Any step that fails ends the child, and its error is the runtime's. A runtime that dies takes an unready
// child with it. An in-between process is needed when a namespace that exists must be entered with privileges
// the child would not have: see needs_between().
#pragma once

#include <optional>
#include <string>

#include "base/core/log.h"
#include "base/linux/clone.h"
#include "container/cgroup/cgroup.h"
#include "container/runtime/channel.h"
#include "container/runtime/net_devices.h"
#include "container/plan/plan.h"
#include "container/rootfs/rootfs.h"
#include "container/seccomp/seccomp.h"
#include "container/runtime/state.h"

namespace podo::runtime {

// Everything the child needs; it gets a copy by being cloned.
struct Birth {
  const Plan* plan = nullptr;
  const oci::Config* config = nullptr;
  ContainerState* state =
      nullptr;  // for the hooks in the container: the child learns its pid and fills it in
  CgroupEntry cgroup_entry;
  std::vector<CgroupDirectory> cgroups;
  MountSources sources;
  std::vector<NetDevicePlan> net_devices;
  std::optional<SeccompFilter> seccomp;
  io::Fd
      start_listener;  // create: connected to by `start`. Empty: go on as soon as the runtime says so (run)
  io::Fd console_socket;  // connected; the terminal's master goes there
  bool relay_terminal =
      false;  // run in the foreground: the master goes to the runtime over the channel instead
  int preserve_fds = 0;
  bool no_pivot = false, no_new_keyring = false;
};

// What the runtime does when the child asks for it; gives the container's state for its own hooks.
struct BirthAttendant {
  virtual ~BirthAttendant() = default;
  virtual Result<> born(pid_t pid) = 0;  // the process exists, and waits
  virtual Result<> run_runtime_hooks() = 0;
};

struct Newborn {
  pid_t pid = 0;
  io::Fd pidfd;
  Channel channel;  // run: `proceed` starts it
  io::Fd terminal;  // with relay_terminal
};

// Returns when the child is ready, or with its error, the child being gone.
Result<Newborn> give_birth(Birth& birth, BirthAttendant& attendant, Log& log);

// The child, with the copy of `birth` that it was cloned with; never returns. `channel` is its side.
[[noreturn]] void run_init_stage(Birth& birth, const Channel& channel);

// Joining by path needs privileges over the namespace's owner, which a child in a new user namespace does not
// have.
bool needs_between(const NamespacePlan& namespaces);
// Joins all of `join` that it may; user first where nothing else is possible, then what was refused before.
Result<> join_namespaces(const std::vector<NamespaceJoin>& join);

}  // namespace podo::runtime
