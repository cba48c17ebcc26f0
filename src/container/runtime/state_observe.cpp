#include "base/linux/file.h"
#include "base/linux/process.h"
#include "container/runtime/state.h"

namespace podo::runtime {

Result<std::string> read_boot_id() {
  std::string id = TRY(linux::read_file("/proc/sys/kernel/random/boot_id", 128));
  id.erase(id.find_last_not_of('\n') + 1);
  return id;
}

Result<std::uint64_t> process_start_time(pid_t pid) { return TRY(linux::read_process_stat(pid)).start_time; }

bool is_alive(const ContainerState& state) {
  if (state.pid <= 0) return false;
  const auto stat = linux::read_process_stat(state.pid);
  if (!stat || stat->ended() || stat->start_time != state.pid_start_time) return false;
  const auto boot_id =
      read_boot_id();  // start times are counted from the boot: another boot may have the same
  return boot_id && *boot_id == state.boot_id;
}

Status observe(const StateDirectory& directory, const ContainerState& state) {
  if (state.pid == 0) return directory.is_being_changed() ? Status::creating : Status::stopped;
  if (!is_alive(state)) return Status::stopped;
  if (Cgroup::reopen(state.cgroups).frozen().value_or(false)) return Status::paused;
  return directory.waits_for_start() ? Status::created : Status::running;
}

}  // namespace podo::runtime
