#include <algorithm>

#include "base/core/timestamp.h"
#include "base/io/combine.h"
#include "container/network/machine_networks.h"
#include "container/network/plan_network.h"
#include "container/network/record_json.h"

namespace podo::network {

std::string new_id(Random& random) {
  std::string id;
  while (id.size() < 64) {
    const std::string digits = text("{:x}", random.next() | std::uint64_t{1} << 63);  // 16 of them
    id += digits;
  }
  return id;
}

std::vector<IpPrefix> MachineNetworks::taken_subnets() const {
  std::vector<IpPrefix> taken;
  for (const auto& [id, network] : networks_)
    for (const IpamPool& pool : network->record.pools)
      if (const auto subnet = IpPrefix::parse(pool.subnet)) taken.push_back(*subnet);
  return taken;
}

// The name, the subnets and the bridge are taken from here on, so that another create() sees them.
Result<NetworkState*> MachineNetworks::enlist(NetworkRecord wanted) {
  for (const auto& [id, other] : networks_)
    if (other->record.name == wanted.name)
      return already_exists("network with name {} already exists", wanted.name);
  auto network = std::make_unique<NetworkState>();
  network->record = TRY(plan_network(std::move(wanted), {.taken = taken_subnets(),
                                                         .host = host_.routes,
                                                         .sources = subnet_sources_,
                                                         .entropy = ground_.random.next()}));
  for (const auto& [id, other] : networks_)
    if (!other->record.bridge_name.empty() && other->record.bridge_name == network->record.bridge_name)
      return already_exists(
          "cannot create network {} ({}): conflicts with network {} ({}): networks have same "
          "bridge name",
          network->record.id, network->record.bridge_name, id, other->record.bridge_name);
  NetworkState* enlisted = network.get();
  networks_.emplace(enlisted->record.id, std::move(network));
  return enlisted;
}

Task<NetworkRecord> MachineNetworks::create(NetworkRecord wanted) {
  if (wanted.name == "bridge" || wanted.name == "host" || wanted.name == "none" || wanted.name == "default")
    co_return denied("operation is not permitted on predefined {} network", wanted.name);
  if (wanted.id.empty()) wanted.id = new_id(ground_.random);
  if (wanted.created.empty()) wanted.created = rfc3339_nano(ground_.clock.wall());
  // Another daemon, or somebody by hand, may have taken subnets since.
  host_.routes = (co_await ground_.pool.run([] { return look_at_host(); })).routes;
  NetworkState* network = co_await enlist(std::move(wanted));
  const std::string id = network->record.id;
  auto raised = co_await raise(*network).result();
  if (raised) raised = co_await allow_forwarding().result();
  if (raised) {
    network->ready = true;
    raised = co_await rebuild_networks().result();
  }
  if (raised) raised = co_await remember(network_keys + id, encode(network->record)).result();
  if (!raised) {
    const BridgePlan bridge{.name = network->record.bridge_name, .alias = alias_of(id)};
    networks_.erase(id);
    (void)co_await io::shielded(lower(bridge)).result();
    co_await std::move(raised);
  }
  co_return networks_.find(id)->second->record;
}

Task<void> MachineNetworks::lower(BridgePlan bridge) {
  if (bridge.name.empty()) co_return;
  co_await ground_.pool.run([bridge] { return remove_own_link(bridge.name, bridge.alias); });
}

Task<void> MachineNetworks::remove(std::string id) {
  NetworkState* network = find_state(id);
  if (network == nullptr) co_await not_found("network {} not found", id);
  const std::string name = network->record.name;
  if (name == "bridge" || name == "host" || name == "none")
    co_await denied("{} is a pre-defined network and cannot be removed", name);
  std::string users;
  for (const Endpoint* endpoint : endpoints_of_network(network->record.id))
    users += text(" (name:\"{}\" id:\"{}\")", endpoint->wish.container_name, endpoint->id.substr(0, 12));
  if (!users.empty())
    co_await conflict("error while removing network: network {} has active endpoints{}", name, users);
  network->ready = false;  // nobody finds it any more; its subnet is still there
  const std::string key = network->record.id;
  const BridgePlan bridge{.name = network->record.bridge_name, .alias = alias_of(key)};
  co_await io::shielded(forget(network_keys + key));
  auto lowered = co_await io::shielded(lower(bridge)).result();
  networks_.erase(key);
  co_await io::shielded(rebuild_networks());
  co_await std::move(lowered);
}

Task<void> MachineNetworks::remember(std::string key, std::string value) {
  co_await store::write(ground_.store, std::move(key), std::move(value), store::Durability::relaxed);
}

Task<void> MachineNetworks::forget_container(const std::string& container_id) {
  co_await ground_.store.commit(
      {.then = {store::erase(store::Range::prefix(text("{}{}/", endpoint_keys, container_id))),
                store::erase(store::Range::key(port_keys + container_id)),
                store::erase(store::Range::key(dns_keys + container_id))},
       .durability = store::Durability::relaxed});
}

Task<void> MachineNetworks::forget(std::string prefix) {
  co_await store::remove(ground_.store, store::Range::prefix(prefix), store::Durability::relaxed);
}

}  // namespace podo::network
