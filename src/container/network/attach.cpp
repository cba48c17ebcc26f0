#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/io/combine.h"
#include "base/linux/namespaces.h"
#include "container/network/machine_networks.h"
#include "container/network/plan_network.h"
#include "container/network/record_json.h"

namespace podo::network {
namespace {

// Far enough from the links a kernel puts into every namespace by itself (tunnels of all kinds).
constexpr std::uint32_t first_interface_index = 32;

Result<linux::MacAddress> parse_mac(const std::string& words) {
  linux::MacAddress mac{};
  unsigned values[6] = {};
  char behind = 0;
  const int count = std::sscanf(words.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x%c", &values[0], &values[1],
                                &values[2], &values[3], &values[4], &values[5], &behind);
  if (count != 6 || words.size() != 17 || (values[0] & 1) != 0)
    return invalid("invalid MAC address: {}", words);
  std::ranges::copy(values, mac.begin());
  return mac;
}

std::string mac_text(const linux::MacAddress& mac) {
  std::string out;
  for (const std::uint8_t byte : mac)
    out += text("{}{}{:x}", out.empty() ? "" : ":", byte < 16 ? "0" : "", unsigned{byte});
  return out;
}

// Made from the address, so that whoever gets the address again is known by the same one: nobody's table of
// neighbours is wrong then.
linux::MacAddress derived_mac(const IpAddress& address, Random& random) {
  linux::MacAddress mac{0x02, 0x42};
  if (address.is_v4()) std::memcpy(&mac[2], address.bytes().data(), 4);
  else random.fill(std::as_writable_bytes(std::span(mac).subspan(2)));
  return mac;
}

std::string free_interface(const SandboxState& sandbox) {
  for (unsigned number = 0;; ++number) {
    std::string name = text("eth{}", number);
    if (std::ranges::none_of(sandbox.endpoints, [&](auto& e) { return e->interface == name; })) return name;
  }
}

std::uint32_t index_of_interface(const std::string& name) {
  return first_interface_index + static_cast<std::uint32_t>(std::strtoul(name.c_str() + 3, nullptr, 10));
}

std::uint32_t macvlan_mode(const std::string* name) {
  if (name == nullptr || *name == "bridge") return 4;
  if (*name == "private") return 1;
  if (*name == "vepa") return 2;
  return *name == "passthru" ? 8 : 4;
}

bool has_links(const NetworkRecord& record) {
  return record.driver == "bridge" || record.driver == "macvlan";
}

}  // namespace

std::string host_link_of(const Endpoint& endpoint) { return "veth" + endpoint.id.substr(0, 7); }

std::string MachineNetworks::alias_of(std::string_view id) const {
  return text("{}:{}", options_.prefix, id.substr(0, 12));
}

Task<Sandbox> MachineNetworks::make_sandbox(std::string container_id) {
  if (const auto there = sandboxes_.find(container_id);
      there != sandboxes_.end() && there->second->network_namespace != nullptr)
    co_return Sandbox{container_id, there->second->path};
  const std::string path = text("{}/netns/{}", options_.run_folder, container_id);
  NamespacePtr made = co_await stock_->take(path);
  auto& sandbox = sandboxes_[container_id];
  if (sandbox == nullptr) sandbox = std::make_unique<SandboxState>();
  sandbox->id = container_id;
  sandbox->path = path;
  sandbox->network_namespace = std::move(made);
  co_return Sandbox{container_id, path};
}

// --- attach -----------------------------------------------------------------------------------------------

Result<> MachineNetworks::choose_addresses(NetworkState& network, Endpoint& endpoint) {
  const auto choose = [&](std::optional<AddressPool>& pool, const std::string& wished,
                          std::string_view family) -> Result<IpAddress> {
    if (!pool) {
      if (wished.empty()) return IpAddress();
      return invalid("invalid endpoint settings:\nno configured subnet or ip-range contain the IP address {}",
                     wished);
    }
    if (wished.empty()) {
      auto any = pool->take_any();
      if (any) return any;
      return exhausted("no available {} addresses on this network's address pools: {} ({})", family,
                       network.record.name, network.record.id);
    }
    const IpAddress address = TRY_IN("invalid endpoint settings", IpAddress::parse(wished));
    if (!network.record.pools_by_user)
      return invalid(
          "invalid endpoint settings:\nuser specified IP address is supported only when connecting to "
          "networks with user configured subnets");
    if (!pool->subnet().contains(address))
      return invalid("invalid endpoint settings:\nno configured subnet contains IP address {}", wished);
    TRY(pool->take(address));
    return address;
  };
  const IpAddress v4 = TRY(choose(network.addresses4, endpoint.wish.ipv4, "IPv4"));
  auto v6 = choose(network.addresses6, endpoint.wish.ipv6, "IPv6");
  if (!v6) {
    if (v4) network.addresses4->give_back(v4);
    return Failure(std::move(v6).error());
  }
  endpoint.ipv4 = v4.to_text();
  endpoint.ipv6 = v6->to_text();
  const auto length = [&](const IpAddress& address, const std::optional<AddressPool>& pool) {
    return !address ? 0 : network.is_routed() ? address.bits() : pool->subnet().length;
  };
  endpoint.prefix4 = length(v4, network.addresses4);
  endpoint.prefix6 = length(*v6, network.addresses6);
  return {};
}

void MachineNetworks::give_back_addresses(const Endpoint& endpoint) {
  const auto network = networks_.find(endpoint.network_id);
  if (network == networks_.end()) return;
  const auto give_back = [](std::optional<AddressPool>& pool, const std::string& words) {
    const auto address = IpAddress::parse(words);
    if (pool && address) pool->give_back(*address);
  };
  give_back(network->second->addresses4, endpoint.ipv4);
  give_back(network->second->addresses6, endpoint.ipv6);
}

Result<Endpoint*> MachineNetworks::enlist_endpoint(NetworkState& network, SandboxState& sandbox,
                                                   EndpointWish wish) {
  auto endpoint = std::make_unique<Endpoint>();
  endpoint->id = new_id(ground_.random);
  endpoint->network_id = network.record.id;
  endpoint->network_name = network.record.name;
  endpoint->sandbox_id = sandbox.id;
  endpoint->wish = std::move(wish);
  if (has_links(network.record)) {
    linux::MacAddress mac{};
    if (!endpoint->wish.mac.empty()) mac = TRY(parse_mac(endpoint->wish.mac));
    TRY(choose_addresses(network, *endpoint));
    const auto v4 = IpAddress::parse(endpoint->ipv4);
    if (endpoint->wish.mac.empty()) mac = derived_mac(v4 ? *v4 : IpAddress(), ground_.random);
    endpoint->mac = mac_text(mac);
    endpoint->interface = free_interface(sandbox);
    if (!network.record.internal) {
      if (const IpamPool* pool = pool_of(network.record, false)) endpoint->gateway4 = pool->gateway;
      if (const IpamPool* pool = pool_of(network.record, true)) endpoint->gateway6 = pool->gateway;
    }
  }
  index_names(*endpoint, true);
  return sandbox.endpoints.emplace_back(std::move(endpoint)).get();
}

void MachineNetworks::index_names(const Endpoint& endpoint, bool known) {
  const auto network = networks_.find(endpoint.network_id);
  if (network == networks_.end()) return;
  if (known) network->second->names.add(endpoint);
  else network->second->names.remove(endpoint);
}

// Of several networks the one with the highest priority leads to the world, then the first by name.
const Endpoint* MachineNetworks::gateway_of(const SandboxState& sandbox, bool ipv6) const {
  const Endpoint* best = nullptr;
  for (const auto& endpoint : sandbox.endpoints) {
    if ((ipv6 ? endpoint->gateway6 : endpoint->gateway4).empty()) continue;
    const auto rank = [](const Endpoint& e) { return std::pair(-e.wish.gateway_priority, e.network_name); };
    if (best == nullptr || rank(*endpoint) < rank(*best)) best = endpoint.get();
  }
  return best;
}

std::vector<linux::RouteWish> MachineNetworks::default_routes(const SandboxState& sandbox) const {
  std::vector<linux::RouteWish> routes;
  for (const bool ipv6 : {false, true}) {
    const Endpoint* endpoint = gateway_of(sandbox, ipv6);
    if (endpoint == nullptr) continue;
    const auto gateway = IpAddress::parse(ipv6 ? endpoint->gateway6 : endpoint->gateway4);
    if (!gateway) continue;
    routes.push_back({.destination = {gateway->with_host_bits(0, false), 0},
                      .gateway = *gateway,
                      .link = index_of_interface(endpoint->interface)});
  }
  return routes;
}

EndpointPlan MachineNetworks::plan_of(const NetworkState& network, const SandboxState& sandbox,
                                      const Endpoint& endpoint) {
  EndpointPlan plan{.sandbox = sandbox.network_namespace,
                    .driver = network.record.driver,
                    .host_link = host_link_of(endpoint),
                    .alias = alias_of(endpoint.id),
                    .interface = endpoint.interface,
                    .index = index_of_interface(endpoint.interface),
                    .parent = network.link,
                    .mtu = network.mtu,
                    .isolated = !host_.bridged_is_filtered && network.keeps_apart(),
                    .reflects = host_.bridged_is_filtered && network.is_routed()};
  if (network.record.driver == "macvlan") plan.macvlan_mode = macvlan_mode(network.option("macvlan_mode"));
  if (const auto mac = parse_mac(endpoint.mac)) plan.mac = *mac;
  if (const auto v4 = IpAddress::parse(endpoint.ipv4)) plan.addresses.push_back({*v4, endpoint.prefix4});
  if (const auto v6 = IpAddress::parse(endpoint.ipv6)) plan.addresses.push_back({*v6, endpoint.prefix6});
  for (linux::RouteWish& route : default_routes(sandbox)) {
    if (route.link != plan.index) continue;  // another network's, which it already has
    route.replaces = true;
    if (network.is_routed())
      plan.routes.push_back(
          {.destination = {route.gateway, route.gateway.bits()}, .link = plan.index, .replaces = true});
    plan.routes.push_back(route);
  }
  return plan;
}

// The step that checks and takes; what is made in the kernel comes after it.
Result<MachineNetworks::Enlisted> MachineNetworks::enlist_wish(const std::string& network_id,
                                                               const EndpointWish& wish) {
  NetworkState* network = find_state(network_id);
  if (network == nullptr) return not_found("network {} not found", network_id);
  auto& slot = sandboxes_[wish.container_id];
  if (slot == nullptr) {  // of the host's network: it has no namespace of its own
    slot = std::make_unique<SandboxState>();
    slot->id = wish.container_id;
  }
  for (const auto& other : slot->endpoints)
    if (other->network_id == network->record.id)
      return conflict("endpoint with name {} already exists in network {}", wish.container_name,
                      network->record.name);
  if (has_links(network->record) && slot->network_namespace == nullptr)
    return invalid("container {} has no network namespace of its own", wish.container_id);
  return Enlisted{network, slot.get(), TRY(enlist_endpoint(*network, *slot, wish))};
}

// The address asked for, or the last one there is, may be a container's whose link is just being removed.
Task<MachineNetworks::Enlisted> MachineNetworks::enlist_patiently(std::string network_id, EndpointWish wish) {
  for (;;) {
    auto enlisted = enlist_wish(network_id, wish);
    if (enlisted || !ending_links_) co_return enlisted;
    if (enlisted.error().kind() != ErrorKind::already_exists &&
        enlisted.error().kind() != ErrorKind::exhausted)
      co_return enlisted;
    co_await links_ended_.wait();
  }
}

Task<Endpoint> MachineNetworks::attach(std::string network_id, EndpointWish wish) {
  const std::string container = wish.container_id;
  const NetworkState* known = find_state(network_id);
  if (known != nullptr && known->is_routed()) co_await agree_with_bridge_filter();
  const auto [network, sandbox, enlisted] = co_await enlist_patiently(std::move(network_id), std::move(wish));
  const Endpoint endpoint = *enlisted;
  if (has_links(network->record)) {
    EndpointPlan plan = plan_of(*network, *sandbox, endpoint);
    plan.wants_dns = sandbox->dns == nullptr && is_user_defined(endpoint.network_id);
    plan.used_before = sandbox->restored;
    // Not cancelled once begun: half an endpoint would be nobody's.
    auto made = co_await io::shielded(ground_.pool.run([plan] { return make_endpoint_link(plan); })).result();
    if (!made) {
      drop_endpoint(container, endpoint.id);
      co_return Failure(std::move(made).error());
    }
    serve_dns(container, *std::move(made));
  }
  co_await io::shielded(
      remember(text("{}{}/{}", endpoint_keys, container, endpoint.network_id), encode(endpoint)));
  co_await io::shielded(translate(container));
  co_return endpoint;
}

// --- detach -----------------------------------------------------------------------------------------------

void MachineNetworks::drop_endpoint(const std::string& container_id, const std::string& endpoint_id) {
  const auto sandbox = sandboxes_.find(container_id);
  if (sandbox == sandboxes_.end()) return;
  std::erase_if(sandbox->second->endpoints, [&](const auto& endpoint) {
    if (endpoint->id != endpoint_id) return false;
    index_names(*endpoint, false);
    give_back_addresses(*endpoint);
    return true;
  });
}

Task<void> MachineNetworks::detach(std::string network_id, std::string container_id) {
  const NetworkState* network = find_state(network_id);
  if (network == nullptr) co_await not_found("network {} not found", network_id);
  const auto found = sandboxes_.find(container_id);
  const Endpoint* endpoint = nullptr;
  if (found != sandboxes_.end())
    for (const auto& candidate : found->second->endpoints)
      if (candidate->network_id == network->record.id) endpoint = candidate.get();
  if (endpoint == nullptr)
    co_await not_found("container {} is not connected to network {}", container_id, network->record.name);
  const Endpoint gone = *endpoint;
  const SandboxState& sandbox = *found->second;
  const NamespacePtr network_namespace = sandbox.network_namespace;
  const bool has_link = has_links(network->record);
  const EndpointPlan plan = has_link ? plan_of(*network, sandbox, gone) : EndpointPlan();
  co_await io::shielded(forget(text("{}{}/{}", endpoint_keys, container_id, gone.network_id)));
  Result<void> removed;
  if (has_link)
    removed = co_await io::shielded(ground_.pool.run([plan] { return remove_endpoint_link(plan); })).result();
  drop_endpoint(container_id, gone.id);
  const auto still = sandboxes_.find(container_id);
  if (has_link && still != sandboxes_.end()) {
    const std::vector<linux::RouteWish> routes = default_routes(*still->second);
    co_await io::shielded(
        ground_.pool.run([network_namespace, routes] { return replace_routes(network_namespace, routes); }));
    co_await io::shielded(translate(container_id));
  }
  co_await std::move(removed);
}

Task<void> MachineNetworks::remove_sandbox(std::string container_id) {
  const auto found = sandboxes_.find(container_id);
  if (found == sandboxes_.end()) co_return;
  auto translations = std::move(found->second->translations);
  auto sandbox = std::make_shared<SandboxState>(std::move(*found->second));
  sandboxes_.erase(found);
  for (const auto& endpoint : sandbox->endpoints) index_names(*endpoint, false);
  sandbox->claims.clear();
  sandbox->dns.reset();
  sandbox->network_namespace.reset();
  co_await io::shielded(end_sandbox(std::move(sandbox), std::move(translations)));
}

// The name of the sandbox is free when this returns, so that a container may start again at once. Its links
// are not gone yet: the kernel takes milliseconds for that, and nobody waits for them.
Task<void> MachineNetworks::end_sandbox(std::shared_ptr<SandboxState> sandbox,
                                        std::vector<Translation> translations) {
  const std::string path = sandbox->path;
  auto changed = co_await change_translations(std::move(translations), {}).result();
  auto unpinned =
      co_await ground_.pool.run([path] { return path.empty() ? Result<>() : linux::unpin_namespace(path); })
          .result();
  for (const Result<>* outcome : {&changed, &unpinned})
    if (!*outcome) ground_.log.warn("network of {}: {}", sandbox->id, outcome->error().message());
  co_await forget_container(sandbox->id);
  ending_.push_back(std::move(sandbox));
  if (!std::exchange(ending_links_, true)) endings_.spawn(end_links(), "links of sandboxes that ended");
}

// Those that end meanwhile are removed together with the next ones. Until then their addresses still answer,
// so they are not given to anybody else before.
Task<void> MachineNetworks::end_links() {
  while (!ending_.empty()) {
    const auto now = std::exchange(ending_, {});
    std::vector<std::string> links;
    for (const auto& sandbox : now)
      for (const auto& endpoint : sandbox->endpoints)
        if (!endpoint->interface.empty()) links.push_back(host_link_of(*endpoint));
    auto removed = co_await io::shielded(ground_.pool.run([links] { return remove_links(links); })).result();
    if (!removed) ground_.log.warn("links of sandboxes that ended: {}", removed.error().message());
    for (const auto& sandbox : now)
      for (const auto& endpoint : sandbox->endpoints) give_back_addresses(*endpoint);
    ending_links_ = !ending_.empty();
    links_ended_.notify_all();
  }
}

Task<void> MachineNetworks::rename_container(std::string container_id, std::string name) {
  const auto found = sandboxes_.find(container_id);
  if (found == sandboxes_.end()) co_return;
  std::vector<store::Operation> changes;
  for (const auto& endpoint : found->second->endpoints) {
    index_names(*endpoint, false);
    endpoint->wish.container_name = name;
    index_names(*endpoint, true);
    changes.push_back(
        store::put(text("{}{}/{}", endpoint_keys, container_id, endpoint->network_id), encode(*endpoint)));
  }
  if (changes.empty()) co_return;
  co_await ground_.store.commit({.then = std::move(changes), .durability = store::Durability::relaxed});
}

}  // namespace podo::network
