#include "container/network/plan_network.h"

#include <algorithm>

namespace podo::network {
namespace {

constexpr std::size_t interface_name_max = 15;
constexpr auto bridge_name_option = "com.docker.network.bridge.name";

bool is_predefined(std::string_view name) { return name == "bridge" || name == "host" || name == "none"; }

Result<> check_address(std::string_view label, const std::string& text_of_address, const IpPrefix& subnet) {
  const IpAddress address = TRY_IN("invalid network config", IpAddress::parse(text_of_address));
  if (!subnet.contains(address))
    return invalid("invalid network config:\ninvalid {} {}: parent subnet {} doesn't contain this address",
                   label, text_of_address, subnet.to_text());
  return {};
}

Result<> check_pool(const IpamPool& pool, const IpPrefix& subnet) {
  if (subnet.address != subnet.first())
    return invalid("invalid network config:\ninvalid subnet {}: it should be {}", pool.subnet,
                   subnet.network().to_text());
  if (!pool.ip_range.empty()) {
    const IpPrefix range = TRY_IN("invalid network config", IpPrefix::parse(pool.ip_range));
    if (range.address != range.first())
      return invalid("invalid network config:\ninvalid ip-range {}: it should be {}", pool.ip_range,
                     range.network().to_text());
    if (range.length < subnet.length)
      return invalid(
          "invalid network config:\ninvalid ip-range {}: CIDR block is bigger than its parent subnet {}",
          pool.ip_range, pool.subnet);
    if (!subnet.contains(range.address))
      return invalid(
          "invalid network config:\ninvalid ip-range {}: parent subnet {} doesn't contain ip-range",
          pool.ip_range, pool.subnet);
  }
  if (!pool.gateway.empty()) TRY(check_address("gateway", pool.gateway, subnet));
  for (const auto& [name, address] : pool.auxiliary_addresses)
    TRY(check_address("auxiliary address", address, subnet));
  return {};
}

Result<IpPrefix> subnet_for(const IpamPool& pool, bool ipv6, const NetworkGround& ground) {
  if (!pool.subnet.empty()) {
    const IpPrefix subnet = TRY_IN("invalid network config:\ninvalid subnet", IpPrefix::parse(pool.subnet));
    TRY(check_pool(pool, subnet));
    for (const IpPrefix& other : ground.taken)
      if (other.overlaps(subnet))
        return denied("invalid pool request: Pool overlaps with other one on this address space");
    return subnet;
  }
  if (!pool.ip_range.empty() || !pool.gateway.empty() || !pool.auxiliary_addresses.empty())
    return invalid(
        "invalid network config:\ninvalid subnet : it is needed with an ip-range, gateway or "
        "auxiliary address");
  if (ipv6) return unique_local_subnet(ground.entropy);
  std::vector<IpPrefix> taken = ground.taken;
  taken.insert(taken.end(), ground.host.begin(), ground.host.end());
  return choose_subnet(ground.sources, taken);
}

// Behind the range's first address: Docker's own choice, which people's configurations count on.
Result<> choose_gateway(IpamPool& pool, const NetworkRecord& record) {
  if (!pool.gateway.empty()) return {};
  const IpPrefix subnet = TRY(IpPrefix::parse(pool.subnet));
  AddressPool addresses(subnet, subnet);
  for (const auto& [name, address] : pool.auxiliary_addresses)
    TRY(addresses.take(TRY(IpAddress::parse(address))));
  const IpAddress gateway = TRY(addresses.take_any());
  if (record.driver == "bridge" || !record.internal) pool.gateway = gateway.to_text();
  return {};
}

Result<> plan_pools(NetworkRecord& record, const NetworkGround& ground) {
  std::vector<IpamPool> wanted = std::move(record.pools);
  record.pools.clear();
  record.pools_by_user = std::ranges::any_of(wanted, [](const IpamPool& p) { return !p.subnet.empty(); });
  for (const bool ipv6 : {false, true}) {
    if (!(ipv6 ? record.enable_ipv6 : record.enable_ipv4)) continue;
    std::vector<IpamPool> mine;
    for (const IpamPool& pool : wanted)
      if ((pool.subnet.find(':') != std::string::npos) == ipv6 && !(ipv6 && pool.subnet.empty()))
        mine.push_back(pool);
    if (mine.size() > 1)
      return invalid("bridge driver doesn't support multiple subnets of {}", ipv6 ? "IPv6" : "IPv4");
    IpamPool pool = mine.empty() ? IpamPool() : mine.front();
    pool.subnet = TRY(subnet_for(pool, ipv6, ground)).to_text();
    TRY(choose_gateway(pool, record));
    record.pools.push_back(std::move(pool));
  }
  return {};
}

Result<> check_driver(NetworkRecord& record) {
  if (record.driver.empty() || record.driver == "default") record.driver = "bridge";
  if (is_predefined(record.name)) return {};  // the daemon's own
  if (record.driver == "host" || record.driver == "null")
    return denied("only one instance of \"{}\" network is allowed", record.driver);
  if (record.driver == "ipvlan" || record.driver == "overlay")
    return unsupported("network driver {} is not supported", record.driver);
  if (record.driver != "bridge" && record.driver != "macvlan")
    return not_found("plugin \"{}\" not found", record.driver);
  if (record.driver == "macvlan" && !record.options.contains("parent") && !record.internal)
    return invalid("a macvlan network needs the option parent: the host's interface it stands on");
  return {};
}

Result<> choose_bridge(NetworkRecord& record) {
  if (record.driver != "bridge") return {};
  const auto chosen = record.options.find(bridge_name_option);
  if (chosen != record.options.end()) record.bridge_name = chosen->second;
  else if (record.bridge_name.empty()) record.bridge_name = "br-" + record.id.substr(0, 12);
  if (record.bridge_name.empty() || record.bridge_name.size() > interface_name_max ||
      record.bridge_name.find_first_of("/ :") != std::string::npos)
    return invalid("invalid bridge name {}", record.bridge_name);
  return {};
}

}  // namespace

Result<NetworkRecord> plan_network(NetworkRecord wanted, const NetworkGround& ground) {
  if (wanted.name.empty()) return invalid("invalid name: name is empty");
  TRY(check_driver(wanted));
  if (wanted.ipam_driver.empty()) wanted.ipam_driver = "default";
  if (wanted.ipam_driver != "default" && wanted.ipam_driver != "null")
    return not_found("plugin \"{}\" not found", wanted.ipam_driver);
  if (!wanted.enable_ipv4 && !wanted.enable_ipv6 && wanted.driver == "bridge")
    return invalid("IPv4 or IPv6 must be enabled");
  TRY(choose_bridge(wanted));
  if (wanted.internal && wanted.options.contains(routed_option))
    return invalid("a network with the option {} cannot be internal", routed_option);
  if (wanted.driver == "bridge" || wanted.driver == "macvlan") TRY(plan_pools(wanted, ground));
  return wanted;
}

const IpamPool* pool_of(const NetworkRecord& record, bool ipv6) {
  for (const IpamPool& pool : record.pools)
    if ((pool.subnet.find(':') != std::string::npos) == ipv6) return &pool;
  return nullptr;
}

Result<std::optional<AddressPool>> address_pool(const NetworkRecord& record, bool ipv6) {
  const IpamPool* pool = pool_of(record, ipv6);
  if (pool == nullptr) return std::optional<AddressPool>();
  const IpPrefix subnet = TRY(IpPrefix::parse(pool->subnet));
  const IpPrefix range = pool->ip_range.empty() ? subnet : TRY(IpPrefix::parse(pool->ip_range));
  std::optional<AddressPool> addresses(std::in_place, subnet, range);
  if (!pool->gateway.empty()) TRY(addresses->take(TRY(IpAddress::parse(pool->gateway))));
  for (const auto& [name, address] : pool->auxiliary_addresses)
    TRY(addresses->take(TRY(IpAddress::parse(address))));
  return addresses;
}

}  // namespace podo::network
