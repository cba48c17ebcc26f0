#include <dirent.h>

#include <algorithm>

#include "base/io/combine.h"
#include "base/linux/namespaces.h"
#include "container/network/machine_networks.h"

namespace podo::network {
namespace {

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  if (DIR* directory = ::opendir(folder.c_str())) {
    while (const dirent* entry = ::readdir(directory))
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    ::closedir(directory);
  }
  return names;
}

// Namespaces nobody runs in any more, and links nobody knows. What fails is told, and left.
Result<> remove_leftovers(const std::string& folder, const std::vector<std::string>& kept_sandboxes,
                          const std::string& prefix, const std::vector<std::string>& kept_links) {
  Result<> outcome;
  for (const std::string& name : names_in(folder))
    if (std::ranges::count(kept_sandboxes, name) == 0)
      if (auto unpinned = linux::unpin_namespace(folder + "/" + name); !unpinned)
        outcome = std::move(unpinned);
  std::vector<std::string> links;
  for (const linux::Link& link : TRY(leftover_links(prefix, kept_links))) links.push_back(link.name);
  if (auto removed = remove_links(links); !removed) outcome = std::move(removed);
  return outcome;
}

}  // namespace

Task<void> MachineNetworks::restore(std::vector<std::string> running_containers) {
  std::vector<std::string> gone;
  for (const auto& [container, sandbox] : sandboxes_)
    if (std::ranges::count(running_containers, container) == 0) gone.push_back(container);
  for (const std::string& container : gone) co_await forget_sandbox(container);
  for (const std::string& container : running_containers) co_await restore_sandbox(container);
  std::vector<std::string> kept_links;
  for (const auto& [id, network] : networks_) kept_links.push_back(network->record.bridge_name);
  for (const auto& [container, sandbox] : sandboxes_)
    for (const auto& endpoint : sandbox->endpoints) kept_links.push_back(host_link_of(*endpoint));
  const std::string folder = options_.run_folder + "/netns", prefix = options_.prefix;
  auto removed = co_await ground_.pool
                     .run([folder, running_containers, prefix, kept_links] {
                       return remove_leftovers(folder, running_containers, prefix, kept_links);
                     })
                     .result();
  if (!removed) ground_.log.warn("what an earlier daemon left in the network: {}", removed.error().message());
  co_await rebuild_table();
  co_await change_routed_ports();
}

// With br_netfilter a packet to a translated address is bridged from port to port (through the hook forward),
// so ports cannot be isolated; without it that is what keeps containers from being neighbours. Somebody may
// turn it on or off at any time.
Task<void> MachineNetworks::agree_with_bridge_filter() {
  const bool before = std::exchange(host_.bridged_is_filtered, bridged_is_filtered());
  if (before != host_.bridged_is_filtered) co_await io::shielded(change_routed_ports());
}

Task<void> MachineNetworks::change_routed_ports() {
  std::vector<std::string> ports;
  for (const auto& [container, sandbox] : sandboxes_)
    for (const auto& endpoint : sandbox->endpoints)
      if (const auto network = networks_.find(endpoint->network_id);
          network != networks_.end() && network->second->is_routed())
        ports.push_back(host_link_of(*endpoint));
  const linux::PortChange change{.isolated = !host_.bridged_is_filtered,
                                 .hairpin = host_.bridged_is_filtered};
  auto changed = co_await ground_.pool.run([ports, change] { return change_ports(ports, change); }).result();
  if (!changed) ground_.log.warn("ports of bridges: {}", changed.error().message());
}

Task<void> MachineNetworks::forget_sandbox(std::string container_id) {
  const auto found = sandboxes_.find(container_id);
  for (const auto& endpoint : found->second->endpoints) {
    index_names(*endpoint, false);
    give_back_addresses(*endpoint);
  }
  sandboxes_.erase(found);
  recorded_ports_.erase(container_id);
  co_await forget_container(container_id);
}

Task<void> MachineNetworks::restore_sandbox(std::string container_id) {
  const std::string path = text("{}/netns/{}", options_.run_folder, container_id);
  auto opened = co_await ground_.pool.run([path] { return linux::open_pinned_namespace(path); }).result();
  auto& kept = sandboxes_[container_id];
  if (kept == nullptr && opened) {  // of no network: it has no endpoints
    kept = std::make_unique<SandboxState>();
    kept->id = container_id;
  }
  if (kept == nullptr) {
    sandboxes_.erase(container_id);  // of the host's network, or of another container's
    co_return;
  }
  SandboxState& sandbox = *kept;
  if (opened) {
    sandbox.path = path;
    sandbox.restored = true;
    sandbox.network_namespace = std::make_shared<const io::Fd>(*std::move(opened));
  }
  for (const PublishedPort& port : recorded_ports_[container_id]) {
    auto address = IpAddress::parse(port.host_ip);
    auto claims = address ? claim_at(sandbox, port, {*address}) : Failure(std::move(address).error());
    if (!claims)
      ground_.log.error("port {} of {}: {}", port.host_port, container_id, claims.error().message());
    else
      for (PortClaim& claim : *claims) sandbox.claims.push_back(std::move(claim));
  }
  recorded_ports_.erase(container_id);
  sandbox.translations = translations_of(sandbox);
  const bool user_defined =
      std::ranges::any_of(sandbox.endpoints, [&](auto& e) { return is_user_defined(e->network_id); });
  if (!user_defined && !sandbox.serves_dns) co_return;
  auto served = co_await open_dns(container_id).result();
  if (!served) ground_.log.error("DNS of {}: {}", container_id, served.error().message());
}

Task<void> MachineNetworks::close(bool remove_from_kernel) {
  stock_.reset();
  std::vector<std::string> containers;
  for (const auto& [container, sandbox] : sandboxes_) containers.push_back(container);
  if (remove_from_kernel)
    for (const std::string& container : containers) co_await remove_sandbox(container);
  co_await endings_.join();
  sandboxes_.clear();  // the sockets of published ports
  if (!remove_from_kernel) co_return;
  std::vector<BridgePlan> bridges;
  for (const auto& [id, network] : networks_)
    bridges.push_back({.name = network->record.bridge_name, .alias = alias_of(id)});
  for (const BridgePlan& bridge : bridges) co_await lower(bridge);
  co_await commit(firewall_removed(options_.prefix));
}

}  // namespace podo::network
