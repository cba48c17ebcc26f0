// A registry client and registries in a simulated network.
#pragma once

#include "base/io/combine.h"
#include "base/io/simulated_network.h"
#include "container/registry_client/memory_images_testing.h"
#include "container/registry_client/registry.h"
#include "container/registry_client/scripted_registry_testing.h"

namespace podo::image {

// Hosts by name; what is in `plain` speaks no TLS.
class ScriptedConnector final : public http::Connector {
 public:
  explicit ScriptedConnector(io::Network& network) : network_(network) {}
  Task<std::unique_ptr<io::Stream>> connect(const http::Url& url) override {
    if (plain.contains(url.host) != (url.scheme == "http"))
      co_await unavailable("{}: not this scheme", url.host);
    co_return co_await network_.connect(io::Address::tcp(url.host, url.port));
  }
  std::set<std::string> plain;

 private:
  io::Network& network_;
};

struct RegistryWorld {
  explicit RegistryWorld(RegistryRules rules = {}) : registry(ground, std::move(rules)) {}

  // Servers at reg.example and at cdn.example, both of the same script.
  Result<> run(Task<void> (*scenario)(RegistryWorld&)) {
    auto all = [](RegistryWorld& world, Task<void> (*what)(RegistryWorld&)) -> Task<void> {
      io::TaskGroup group(world.loop);
      std::vector<std::unique_ptr<io::NetworkListener>> listeners;
      for (const std::string host : {"reg.example", "cdn.example", "localhost"}) {
        const std::uint16_t port = world.connector.plain.contains(host) ? 80 : 443;
        listeners.push_back(co_await world.network.node(host).listen(io::Address::tcp(host, port)));
        group.spawn(world.server.serve(*listeners.back()), host);
      }
      co_await what(world);
      group.cancel();
      co_await group.join();
    };
    return loop.run(all(*this, scenario));
  }

  Task<ImagePtr> pull(std::string name, PullOptions options = {}) {
    const oci::Reference reference = co_await oci::Reference::parse(name);
    co_return co_await registry.pull(reference, options, [this](const Progress& p) { told.push_back(p); });
  }
  Task<void> push(std::string name, PushOptions options = {}) {
    const oci::Reference reference = co_await oci::Reference::parse(name);
    co_await registry.push(reference, options, [this](const Progress& p) { told.push_back(p); });
  }
  bool was_told(std::string_view status) const {
    for (const auto& progress : told)
      if (progress.status == status) return true;
    return false;
  }

  io::SimulatedLoop loop{7};
  io::SimulatedNetwork network{loop};
  ScriptedRegistry script;
  SilentLog log;
  http::Server server{loop, script, log, {}};
  ScriptedConnector connector{network.node("client")};
  http::Client client{loop, connector, {}};
  MemoryImages images;
  RegistryGround ground{loop, client, client, images, loop.random(), loop.clock(), log};
  Registry registry;
  std::vector<Progress> told;
};

inline std::string blob_of(char letter, std::size_t size) {
  std::string bytes(size, letter);
  for (std::size_t i = 0; i < size; i += 97) bytes[i] = static_cast<char>('a' + i % 23);
  return bytes;
}

}  // namespace podo::image
