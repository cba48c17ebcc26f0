#include "container/runtime/runtime.h"
#include "container/systemd_scope/scope.h"

namespace podo::runtime {

// New limits for a living container. They are the control groups' own and are written nowhere else, but that
// systemd, where it made them, is told.
Result<> Runtime::update(const std::string& id, const oci::Resources& resources) {
  const StateDirectory directory = TRY(StateDirectory::open(root_, id, StateDirectory::Lock::exclusive));
  const ContainerState state = TRY(directory.load());
  const Status status = observe(directory, state);
  if (status == Status::stopped || status == Status::creating) {
    return conflict("cannot update container {}: it is {}", id, name_of(status));
  }
  if (state.cgroups.empty()) return unsupported("cannot update container {}: it has no control groups", id);
  Cgroup cgroup = Cgroup::reopen(state.cgroups);
  if (state.scope) TRY(limit_scope(state.scope, cgroup, resources, clock_));
  return cgroup.update(resources, log_);
}

}  // namespace podo::runtime
