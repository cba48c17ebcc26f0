#include "container/runtime/runtime.h"

namespace podo::runtime {

// The container's processes stop where they are, without knowing it: the freezer of its control group.
Result<> Runtime::pause(const std::string& id) {
  const StateDirectory directory = TRY(StateDirectory::open(root_, id, StateDirectory::Lock::exclusive));
  const ContainerState state = TRY(directory.load());
  const Status status = observe(directory, state);
  if (status != Status::running && status != Status::created) {
    return conflict("cannot pause container {}: it is {}, neither running nor created", id, name_of(status));
  }
  return Cgroup::reopen(state.cgroups).freeze();
}

Result<> Runtime::resume(const std::string& id) {
  const StateDirectory directory = TRY(StateDirectory::open(root_, id, StateDirectory::Lock::exclusive));
  const ContainerState state = TRY(directory.load());
  const Status status = observe(directory, state);
  if (status != Status::paused)
    return conflict("cannot resume container {}: it is {}, not paused", id, name_of(status));
  return Cgroup::reopen(state.cgroups).thaw();
}

}  // namespace podo::runtime
