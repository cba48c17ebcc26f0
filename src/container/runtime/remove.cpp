#include <signal.h>

#include "base/linux/process.h"
#include "container/runtime/creation.h"
#include "container/runtime/hooks.h"
#include "container/runtime/runtime.h"
#include "container/systemd_scope/scope.h"
#include "model/oci/decode.h"

namespace podo::runtime {
namespace {

constexpr Duration death_limit = seconds(10);

// SIGKILL to the first process, and no return before it is dead.
Result<> end_first_process(const ContainerState& state) {
  const auto pidfd = linux::open_process(state.pid);
  if (!pidfd || !is_alive(state)) return {};
  const auto sent = linux::signal_process(*pidfd, SIGKILL);
  if (!sent && sent.error().kind() != ErrorKind::not_found) return sent;
  Cgroup cgroup = Cgroup::reopen(state.cgroups);
  if (cgroup.frozen().value_or(false)) TRY(cgroup.thaw());  // v1: the frozen die when they thaw
  if (!TRY(linux::wait_for_end(*pidfd, death_limit))) {
    return unavailable("container {}: process {} still runs 10 s after SIGKILL", state.id, state.pid);
  }
  return {};
}

class Remover {
 public:
  Remover(const Clock& clock, Log& log) : clock_(clock), log_(log) {}

  Result<> remove(const std::vector<CgroupDirectory>& directories, const SystemdScope& scope) const {
    Cgroup cgroup = Cgroup::reopen(directories);
    // Whoever is left outlived the first process, as it shared a pid namespace.
    if (!TRY(cgroup.processes()).empty()) TRY(cgroup.kill_all(SIGKILL));
    if (scope) {
      // It forgets an empty scope by itself, too.
      const auto stopped = stop_scope(scope, clock_);
      if (!stopped) log_.write(LogLevel::warning, stopped.error().message());
    }
    return cgroup.remove();
  }

 private:
  const Clock& clock_;
  Log& log_;
};

// Where the groups of a container must be whose state cannot be read: as its configuration makes them.
Result<std::vector<CgroupDirectory>> guess_cgroups(const StateDirectory& directory, const std::string& id,
                                                   const CgroupMark& mark) {
  const oci::Config config = TRY(saved_config(directory));
  const std::string path = mark.scope ? mark.path : choose_cgroup_path(config.linux.cgroups_path, id);
  if (path.find_first_not_of('/') == std::string::npos || path.contains(".."))
    return invalid("linux.cgroupsPath: {}", path);
  std::vector<CgroupDirectory> directories;
  for (const linux::CgroupHierarchy& each : TRY(linux::read_cgroup_layout()).hierarchies) {
    directories.push_back({each.controllers, each.mount_point, each.mount_point + path});
  }
  return directories;
}

Result<> remove_unfinished(const StateDirectory& directory, const std::string& id, const Remover& remover) {
  const auto mark = TRY(directory.find_cgroups());
  if (!mark) return {};
  return remover.remove(TRY(guess_cgroups(directory, id, *mark)), mark->scope);
}

void run_poststop(const StateDirectory& directory, const ContainerState& state, Log& log) {
  if (!state.has_poststop) return;
  const auto config = saved_config(directory);
  if (!config) return log.warn("poststop hooks are left out: {}", config.error().message());
  run_hooks_warning("poststop", config->hooks.poststop, spec_state_json(state, Status::stopped), state.bundle,
                    log);
}

}  // namespace

Result<> Runtime::remove(const std::string& id, bool force) {
  auto opened = StateDirectory::open(root_, id, StateDirectory::Lock::exclusive);
  if (!opened && opened.error().kind() == ErrorKind::not_found && force) return {};
  StateDirectory directory = TRY(std::move(opened));
  const auto state = directory.load();
  Remover remover(clock_, log_);
  if (!state) {
    const bool unfinished = state.error().kind() == ErrorKind::not_found;
    if (!unfinished && !force) return Failure(state.error());
    if (!unfinished) log_.write(LogLevel::warning, state.error().message());
    // Whoever was making it is dead (we have the lock), its process waits in the groups, if it came that far.
    if (const auto cleaned = remove_unfinished(directory, id, remover); !cleaned)
      log_.warn("container {}: control groups may be left: {}", id, cleaned.error().message());
    return directory.remove();
  }

  const Status status = observe(directory, *state);
  if ((status == Status::running || status == Status::paused) && !force) {
    return conflict("cannot delete container {} that is not stopped: {}", id, name_of(status));
  }
  if (status != Status::stopped) TRY(end_first_process(*state));
  // When they cannot go, the state stays, so that this can be repeated.
  TRY(remover.remove(state->cgroups, state->scope));
  run_poststop(directory, *state, log_);
  return directory.remove();
}

}  // namespace podo::runtime
