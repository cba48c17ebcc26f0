#include "container/sandbox/control_groups.h"

#include <signal.h>

#include "base/linux/cgroup_layout.h"
#include "container/cgroup/cgroup.h"

namespace podo::engine {

Result<> set_control_group(const std::string& path, const oci::Resources& limits, Log& log) {
  const linux::CgroupLayout layout = TRY(linux::read_cgroup_layout());
  auto group = runtime::Cgroup::create(layout, path, limits);
  if (!group && group.error().kind() == ErrorKind::already_exists) group = runtime::Cgroup::at(layout, path);
  return TRY(std::move(group)).update(limits, log);
}

Result<> remove_control_group(const std::string& path) {
  const linux::CgroupLayout layout = TRY(linux::read_cgroup_layout());
  return TRY(runtime::Cgroup::at(layout, path)).remove();
}

Result<std::vector<std::string>> make_process_group(const std::string& path) {
  const linux::CgroupLayout layout = TRY(linux::read_cgroup_layout());
  const runtime::Cgroup group = TRY(runtime::Cgroup::create(layout, path, {}));
  std::vector<std::string> tasks;
  for (const runtime::CgroupDirectory& directory : group.directories())
    tasks.push_back(directory.path + (directory.controllers.empty() ? "/cgroup.procs" : "/tasks"));
  return tasks;
}

Result<> kill_process_group(const std::string& path) {
  const linux::CgroupLayout layout = TRY(linux::read_cgroup_layout());
  return TRY(runtime::Cgroup::at(layout, path)).kill_all(SIGKILL);
}

}  // namespace podo::engine
