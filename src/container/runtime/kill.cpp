#include <signal.h>

#include "base/linux/process.h"
#include "container/runtime/runtime.h"

namespace podo::runtime {
namespace {

// Engines look for these words (containerd's shim, podman) to tell "gone already" from a failure.
Failure not_running() { return conflict("container not running"); }

Result<> signal_first_process(const ContainerState& state, int signal) {
  if (state.pid == 0) return not_running();
  const auto pidfd = linux::open_process(state.pid);
  // Only now: what the descriptor names stays the same, whoever gets the number next.
  if (!pidfd || !is_alive(state)) return not_running();
  auto sent = linux::signal_process(*pidfd, signal);
  if (!sent && sent.error().kind() == ErrorKind::not_found) return not_running();
  return sent;
}

}  // namespace

// Does not take the lock: a container that another verb is busy with can be killed.
Result<> Runtime::kill(const std::string& id, int signal, bool all) {
  const StateDirectory directory = TRY(StateDirectory::open(root_, id, StateDirectory::Lock::none));
  const ContainerState state = TRY(directory.load());
  Cgroup cgroup = Cgroup::reopen(state.cgroups);
  // Also what outlived the first process; nobody left is fine.
  if (all && !state.cgroups.empty()) return cgroup.kill_all(signal);

  // The end of a pid namespace's first process ends the namespace. Sharing one, the others would live on.
  const bool ends_others = signal == SIGKILL && linux::leads_pid_namespace(state.pid).value_or(true);
  TRY(signal_first_process(state, signal));
  if (signal != SIGKILL) return {};
  if (!ends_others) TRY(cgroup.kill_all(SIGKILL));
  if (cgroup.frozen().value_or(false)) return cgroup.thaw();  // v1: the frozen die when they thaw
  return {};
}

}  // namespace podo::runtime
