#include <algorithm>

#include "base/linux/namespaces.h"
#include "container/network/machine_networks.h"

namespace podo::network {

const std::string* NetworkState::option(const char* name) const {
  const auto found = record.options.find(name);
  return found == record.options.end() ? nullptr : &found->second;
}

bool NetworkState::option_is(const char* name, bool otherwise) const {
  const std::string* value = option(name);
  return value == nullptr || value->empty() ? otherwise : *value == "true" || *value == "1";
}

NetworkState* MachineNetworks::find_state(std::string_view name_or_id) const {
  if (const auto exact = networks_.find(name_or_id); exact != networks_.end())
    return exact->second->ready ? exact->second.get() : nullptr;
  NetworkState* by_prefix = nullptr;
  bool unique = true;
  for (const auto& [id, network] : networks_) {
    if (!network->ready) continue;
    if (network->record.name == name_or_id) return network.get();
    if (name_or_id.empty() || !id.starts_with(name_or_id)) continue;
    unique = by_prefix == nullptr;
    by_prefix = network.get();
  }
  return unique ? by_prefix : nullptr;
}

const NetworkRecord* MachineNetworks::find(std::string_view name_or_id) const {
  const NetworkState* found = find_state(name_or_id);
  return found == nullptr ? nullptr : &found->record;
}

std::vector<const NetworkRecord*> MachineNetworks::list() const {
  std::vector<const NetworkRecord*> records;
  for (const auto& [id, network] : networks_)
    if (network->ready) records.push_back(&network->record);
  return records;
}

std::vector<const Endpoint*> MachineNetworks::endpoints_of_network(std::string_view id) const {
  std::vector<const Endpoint*> found;
  for (const auto& [container, sandbox] : sandboxes_)
    for (const auto& endpoint : sandbox->endpoints)
      if (endpoint->network_id == id) found.push_back(endpoint.get());
  return found;
}

std::vector<const Endpoint*> MachineNetworks::endpoints_of_container(std::string_view id) const {
  std::vector<const Endpoint*> found;
  const auto sandbox = sandboxes_.find(id);
  if (sandbox != sandboxes_.end())
    for (const auto& endpoint : sandbox->second->endpoints) found.push_back(endpoint.get());
  return found;
}

Task<std::vector<Networks::Counters>> MachineNetworks::counters(std::string container_id) {
  const auto sandbox = sandboxes_.find(container_id);
  if (sandbox == sandboxes_.end() || sandbox->second->network_namespace == nullptr)
    co_return std::vector<Counters>();
  const NamespacePtr network_namespace = sandbox->second->network_namespace;
  co_return co_await ground_.pool.run([network_namespace]() -> Result<std::vector<Counters>> {
    const auto visit = TRY(linux::NetworkNamespaceVisit::enter(*network_namespace));
    linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
    std::vector<Counters> all;
    for (const linux::Link& link : TRY(linux::list_links(socket))) {
      if (!link.name.starts_with("eth")) continue;
      const linux::LinkStatistics& s = link.statistics;
      all.push_back({link.name, s.rx_bytes, s.rx_packets, s.rx_errors, s.rx_dropped, s.tx_bytes, s.tx_packets,
                     s.tx_errors, s.tx_dropped});
    }
    std::ranges::sort(all, {}, &Counters::interface);
    return all;
  });
}

}  // namespace podo::network
