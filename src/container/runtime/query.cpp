// What is there, without changing it: no locks are taken, so these answer also while another verb works on
// the container.
#include "container/runtime/runtime.h"

namespace podo::runtime {
namespace {

Result<Listing> look(const std::string& root, const std::string& id) {
  const StateDirectory directory = TRY(StateDirectory::open(root, id, StateDirectory::Lock::none));
  ContainerState state = TRY(directory.load());
  const Status status = observe(directory, state);
  return Listing{std::move(state), status};
}

}  // namespace

Result<Listing> Runtime::state(const std::string& id) const { return look(root_, id); }

Result<std::vector<Listing>> Runtime::list() const {
  std::vector<Listing> found;
  for (const std::string& id : TRY(list_containers(root_))) {
    auto listing = look(root_, id);
    if (listing) found.push_back(std::move(*listing));
    else if (listing.error().kind() != ErrorKind::not_found)
      log_.write(LogLevel::warning, listing.error().message());
  }
  return found;
}

Result<std::vector<pid_t>> Runtime::processes(const std::string& id) const {
  const Listing listing = TRY(look(root_, id));
  // Without a group of its own (an unprivileged caller's container) only the first process is known.
  if (!listing.state.cgroups.empty()) return Cgroup::reopen(listing.state.cgroups).processes();
  if (listing.status == Status::stopped || listing.state.pid == 0) return std::vector<pid_t>{};
  return std::vector<pid_t>{listing.state.pid};
}

}  // namespace podo::runtime
