#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "base/core/timestamp.h"
#include "base/linux/file.h"
#include "base/linux/namespaces.h"
#include "container/network/machine_networks.h"
#include "container/network/plan_network.h"
#include "container/network/record_json.h"

namespace podo::network {
namespace {

Result<std::vector<SubnetSource>> sources_of(const std::vector<std::string>& pools) {
  if (pools.empty()) return default_subnet_sources();
  std::vector<SubnetSource> sources;
  for (const std::string& pool : pools) {
    const IpPrefix prefix = TRY_IN("default address pools", IpPrefix::parse(pool));
    // As many networks as a pool has room for, of 4,094 containers or of all it has.
    sources.push_back({prefix, std::max(prefix.length, 20)});
  }
  return sources;
}

Result<> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return failed_errno(errno, "make {}", path);
  return {};
}

}  // namespace

Task<std::unique_ptr<Networks>> Networks::open(const NetworksGround& ground, NetworksOptions options) {
  auto networks = std::make_unique<MachineNetworks>(ground, std::move(options));
  co_await networks->start();
  co_return networks;
}

MachineNetworks::MachineNetworks(const NetworksGround& ground, NetworksOptions options)
    : ground_(ground),
      options_(std::move(options)),
      dns_exchange_(ground.loop, ground.random),
      endings_(ground.loop) {}

Task<void> MachineNetworks::start() {
  subnet_sources_ = co_await sources_of(options_.default_pools);
  host_ = co_await ground_.pool.run([] { return look_at_host(); });
  for (const char* folder : {"", "/netns"}) co_await make_folder(options_.run_folder + folder);
  filter_ = std::make_shared<FilterSocket>(co_await linux::NetlinkSocket::open(NETLINK_NETFILTER));
  co_await load();
  for (auto& [container, sandbox] : sandboxes_) sandbox->translations = translations_of(*sandbox);
  co_await make_default_networks();
  co_await raise_networks();
  co_await allow_forwarding();
  co_await rebuild_table();
  co_await warn_about_policies();
  stock_.emplace(ground_.loop, ground_.pool, ground_.log, options_.sandboxes_made_ahead);
}

// --- the store --------------------------------------------------------------------------------------------

Task<void> MachineNetworks::load() {
  store::Pages pages(ground_.store, store::Range::prefix("network/"));
  while (std::optional<store::Page> page = co_await pages.next())
    for (const store::Entry& entry : page->entries) load_entry(entry);
  take_recorded_addresses();
}

void MachineNetworks::load_entry(const store::Entry& entry) {
  const std::string_view key = entry.key();
  const auto complain = [&](const Error& error) {
    ground_.log.error("{} in the store: {}", key, error.message());
  };
  if (key.starts_with(network_keys)) {
    auto record = decode_network(entry.value());
    if (!record) return complain(record.error());
    auto network = std::make_unique<NetworkState>();
    network->record = *std::move(record);
    networks_.emplace(network->record.id, std::move(network));
    return;
  }
  const std::string_view rest = key.substr(key.find('/', std::string_view("network/").size()) + 1);
  const std::string container(rest.substr(0, rest.find('/')));
  auto& sandbox = sandboxes_[container];
  if (sandbox == nullptr) sandbox = std::make_unique<SandboxState>();
  sandbox->id = container;
  if (key.starts_with(endpoint_keys)) {
    auto endpoint = decode_endpoint(entry.value());
    if (!endpoint) return complain(endpoint.error());
    sandbox->endpoints.push_back(std::make_unique<Endpoint>(*std::move(endpoint)));
  } else if (key.starts_with(port_keys)) {
    auto ports = decode_ports(entry.value());
    if (!ports) return complain(ports.error());
    recorded_ports_[container] = *std::move(ports);
  } else if (key.starts_with(dns_keys)) {
    sandbox->serves_dns = true;
    for (std::string_view words = entry.value(); !words.empty();) {
      const std::size_t end = std::min(words.find(' '), words.size());
      if (end > 0) sandbox->dns_servers.emplace_back(words.substr(0, end));
      words.remove_prefix(std::min(end + 1, words.size()));
    }
  }
}

void MachineNetworks::take_recorded_addresses() {
  for (auto& [id, network] : networks_) {
    for (const bool ipv6 : {false, true}) {
      auto pool = address_pool(network->record, ipv6);
      if (pool) (ipv6 ? network->addresses6 : network->addresses4) = *std::move(pool);
      else ground_.log.error("network {}: {}", network->record.name, pool.error().message());
    }
  }
  for (const auto& [container, sandbox] : sandboxes_) {
    for (const auto& endpoint : sandbox->endpoints) {
      const auto network = networks_.find(endpoint->network_id);
      if (network == networks_.end()) continue;
      const auto v4 = IpAddress::parse(endpoint->ipv4), v6 = IpAddress::parse(endpoint->ipv6);
      if (v4 && network->second->addresses4) (void)network->second->addresses4->take(*v4);
      if (v6 && network->second->addresses6) (void)network->second->addresses6->take(*v6);
      index_names(*endpoint, true);
    }
  }
}

// --- networks ---------------------------------------------------------------------------------------------

Task<void> MachineNetworks::make_default_networks() {
  for (const auto& [name, driver] : {std::pair("bridge", "bridge"), {"host", "host"}, {"none", "null"}}) {
    const bool there =
        std::ranges::any_of(networks_, [&](const auto& n) { return n.second->record.name == name; });
    if (there) continue;
    NetworkRecord record;
    record.id = new_id(ground_.random);
    record.name = name;
    record.driver = driver;
    record.created = rfc3339_nano(ground_.clock.wall());
    if (record.driver == "bridge") {
      record.bridge_name = options_.prefix + "0";
      record.options = {{"com.docker.network.bridge.default_bridge", "true"},
                        {"com.docker.network.bridge.enable_icc", "true"},
                        {"com.docker.network.bridge.enable_ip_masquerade", "true"},
                        {"com.docker.network.bridge.host_binding_ipv4", "0.0.0.0"},
                        {"com.docker.network.bridge.name", record.bridge_name},
                        {"com.docker.network.driver.mtu", text("{}", host_.default_mtu)}};
    }
    const NetworkState* made = co_await enlist(std::move(record));
    co_await remember(network_keys + made->record.id, encode(made->record));
  }
}

Task<void> MachineNetworks::raise_networks() {
  for (auto& [id, network] : networks_) {
    auto raised = co_await raise(*network).result();
    // One that cannot be made (its parent link is gone) must not keep the daemon from starting.
    if (!raised) ground_.log.error("network {}: {}", network->record.name, raised.error().message());
    network->ready = true;
  }
}

Task<void> MachineNetworks::raise(NetworkState& network) {
  const NetworkRecord& record = network.record;
  for (const bool ipv6 : {false, true}) {
    auto& pool = ipv6 ? network.addresses6 : network.addresses4;
    if (!pool) pool = co_await address_pool(record, ipv6);
  }
  network.mtu = host_.default_mtu;
  if (const std::string* mtu = network.option("com.docker.network.driver.mtu")) {
    const char* end = mtu->data() + mtu->size();
    if (std::from_chars(mtu->data(), end, network.mtu).ptr != end || network.mtu < 68 || network.mtu > 65535)
      co_await invalid("failed to parse com.docker.network.driver.mtu value: {}", *mtu);
  }
  if (record.driver == "macvlan") {
    network.link = co_await raise_parent(network);
  } else if (record.driver == "bridge") {
    BridgePlan plan{.name = record.bridge_name,
                    .alias = alias_of(record.id),
                    .mtu = network.mtu,
                    .routed = network.is_routed()};
    for (const IpamPool& pool : record.pools) {
      const IpPrefix subnet = co_await IpPrefix::parse(pool.subnet);
      if (!pool.gateway.empty())
        plan.addresses.push_back({co_await IpAddress::parse(pool.gateway), subnet.length});
      plan.ipv6 = plan.ipv6 || subnet.address.is_v6();
    }
    network.link = co_await ground_.pool.run([plan] { return ensure_bridge(plan); });
  }
}

Task<std::uint32_t> MachineNetworks::raise_parent(const NetworkState& network) {
  const std::string* parent = network.option("parent");
  if (parent == nullptr) co_return unsupported("a macvlan network without a parent");
  const std::string name = *parent;
  co_return co_await ground_.pool.run([name]() -> Result<std::uint32_t> {
    linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
    const std::optional<linux::Link> link = TRY(linux::find_link(socket, name));
    if (!link) return not_found("invalid subinterface vlan name {}: no such interface", name);
    return link->index;
  });
}

}  // namespace podo::network
