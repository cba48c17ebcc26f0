// What Docker has and Podo has not: refused in words that tell why, or answered as by a Docker without
// it.
#include "container/docker/handlers.h"

namespace podo::docker {

Task<void> no_swarm(Call&) {
  co_await unavailable(
      "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this "
      "node "
      "to swarm and try again.");
}

Task<void> no_plugins(Call& call) { co_await call.answer(200, "[]"); }

Task<void> no_such_plugin(Call& call) { co_await not_found("plugin \"{}\" not found", call.name); }

Task<void> no_plugin_calls(Call& call) {
  co_await http::discard(call.exchange.body());
  co_await unsupported("Unsupported: plugins (volumes, networks and logs have built-in drivers only)");
}

}  // namespace podo::docker
