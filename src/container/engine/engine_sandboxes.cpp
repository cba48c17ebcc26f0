// The engine's sandboxes and control groups.
#include "container/engine/local_engine.h"

namespace podo::engine {

Task<SandboxPtr> LocalEngine::make_sandbox(SandboxWish) { co_return unsupported("sandboxes"); }
SandboxPtr LocalEngine::find_sandbox(std::string_view) const { return nullptr; }
std::vector<SandboxPtr> LocalEngine::list_sandboxes() const { return {}; }
Task<void> LocalEngine::set_sandbox_hosts(std::string, std::string) { co_await unsupported("sandboxes"); }
Task<void> LocalEngine::remove_sandbox(std::string) { co_await unsupported("sandboxes"); }
Task<std::unique_ptr<io::Stream>> LocalEngine::connect_in_sandbox(std::string, std::uint16_t) {
  co_return unsupported("sandboxes");
}
Task<void> LocalEngine::set_control_group(std::string, docker::Resources) {
  co_await unsupported("control groups");
}
Task<void> LocalEngine::remove_control_group(std::string) { co_await unsupported("control groups"); }

}  // namespace podo::engine
