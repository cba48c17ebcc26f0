// POST /networks/{id}/connect and disconnect: at once if the container runs, else with its next start.
#include <algorithm>

#include "base/io/combine.h"
#include "container/engine/local_engine.h"

namespace podo::engine {
namespace {

Result<> check_mode(const Container& container, const network::NetworkRecord& network) {
  using Kind = NetworkMode::Kind;
  const NetworkMode whole = network_mode(container.host_config);
  const Kind mode = whole.kind;
  if (whole.is_shared())
    return conflict(
        "container sharing network namespace with another container or host cannot be connected to any "
        "other network");
  if (mode == Kind::host || network.driver == "host")
    return conflict(
        "container cannot be connected to host network or disconnected from it: cannot disconnect or "
        "connect a container of host network mode");
  if (mode == Kind::none && network.name != "none")
    return conflict(
        "container cannot be connected to multiple networks with one of the networks in private (none) "
        "mode");
  return {};
}

}  // namespace

Task<void> LocalEngine::connect(std::string network, std::string container,
                                docker::EndpointSettings settings) {
  co_await io::shielded(connect_whole(std::move(network), co_await find(container), std::move(settings)));
}

Task<void> LocalEngine::connect_whole(std::string network, SlotPtr slot, docker::EndpointSettings settings) {
  const Turn::Held held = co_await slot->turn.take();
  co_await may(Verb::connect, slot->status(), slot->id(), slot->container->name);
  const network::NetworkRecord* record = find_network(network);
  if (record == nullptr) co_await not_found("network {} not found", network);
  co_await check_mode(*slot->container, *record);
  const std::string name = record->name;
  const bool alive = is_alive(slot->status());
  if (alive && slot->container->wished_networks.contains(name))
    co_await denied("endpoint with name {} already exists in network {}", slot->container->name, name);
  if (alive) {
    co_await attach_network(slot, name, settings);
    co_await write_network_files(slot);
  }
  edit(*slot, [&](Container& changed) { changed.wished_networks[name] = std::move(settings); });
  co_await save(slot);
}

Task<void> LocalEngine::disconnect(std::string network, std::string container, bool force) {
  const auto slot = find(container);
  if (!slot && force) {  // an endpoint of a container that is gone
    const network::NetworkRecord* record = find_network(network);
    if (record != nullptr) co_return co_await ground_.networks.detach(record->id, container);
  }
  if (!slot) co_await Failure(slot.error());
  co_await io::shielded(disconnect_whole(std::move(network), *slot));
}

Task<void> LocalEngine::disconnect_whole(std::string network, SlotPtr slot) {
  const Turn::Held held = co_await slot->turn.take();
  co_await may(Verb::connect, slot->status(), slot->id(), slot->container->name);
  const network::NetworkRecord* record = find_network(network);
  const std::string name = record != nullptr ? record->name : network;
  if (!slot->container->wished_networks.contains(name))
    co_await denied("container {} is not connected to network {}", slot->id(), name);
  if (record != nullptr) co_await check_mode(*slot->container, *record);
  if (record != nullptr && is_alive(slot->status())) {
    const auto& endpoints = slot->container->endpoints;
    const auto place = std::ranges::find(endpoints, record->id, &network::Endpoint::network_id);
    if (place != endpoints.end()) {
      const network::Endpoint endpoint = *place;
      co_await ground_.networks.detach(endpoint.network_id, slot->id());
      edit(*slot, [&](Container& changed) {
        std::erase_if(changed.endpoints, [&](const auto& each) { return each.id == endpoint.id; });
      });
      tell_network(*slot, "disconnect", endpoint);
      co_await write_network_files(slot);
    }
  }
  edit(*slot, [&](Container& changed) { changed.wished_networks.erase(name); });
  co_await save(slot);
}

}  // namespace podo::engine
