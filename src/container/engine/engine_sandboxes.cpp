// The engine's sandboxes and control groups.
#include "container/engine/local_engine.h"
#include "container/sandbox/control_groups.h"

namespace podo::engine {

Task<SandboxPtr> LocalEngine::make_sandbox(SandboxWish wish) { return sandboxes_->make(std::move(wish)); }

SandboxPtr LocalEngine::find_sandbox(std::string_view id) const { return sandboxes_->find(id); }

std::vector<SandboxPtr> LocalEngine::list_sandboxes() const { return sandboxes_->list(); }

Task<void> LocalEngine::set_sandbox_hosts(std::string id, std::string hosts) {
  return sandboxes_->set_hosts(std::move(id), std::move(hosts));
}

Task<void> LocalEngine::remove_sandbox(std::string id) { return sandboxes_->remove(std::move(id)); }

Task<std::unique_ptr<io::Stream>> LocalEngine::connect_in_sandbox(std::string id, std::uint16_t port) {
  return sandboxes_->connect(std::move(id), port);
}

Task<void> LocalEngine::set_control_group(std::string path, docker::Resources limits) {
  groups_.insert(path.substr(path.starts_with('/') ? 1 : 0));
  std::vector<std::string> warnings;
  const oci::Resources resources = make_resources(limits, machine_, {}, warnings);
  for (const std::string& warning : warnings) ground_.log.warn("control group {}: {}", path, warning);
  co_await ground_.pool.run(
      [path, resources, &log = ground_.log] { return engine::set_control_group(path, resources, log); });
}

Task<void> LocalEngine::remove_control_group(std::string path) {
  co_await ground_.pool.run([path] { return engine::remove_control_group(path); });
  groups_.erase(path.substr(path.starts_with('/') ? 1 : 0));
}

}  // namespace podo::engine
