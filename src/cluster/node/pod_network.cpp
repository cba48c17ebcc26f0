#include "cluster/node/pod_network.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/linux/links.h"
#include "base/linux/namespaces.h"

namespace podo::node {
namespace {

constexpr int tries_max = 256;

// The IPv4 networks that interfaces of this machine are in.
std::vector<IpPrefix> networks_of_machine() {
  ifaddrs* listed = nullptr;
  if (::getifaddrs(&listed) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(listed, ::freeifaddrs);
  std::vector<IpPrefix> networks;
  for (const ifaddrs* each = listed; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_netmask == nullptr || each->ifa_addr->sa_family != AF_INET)
      continue;
    const in_addr address = reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr;
    const in_addr mask = reinterpret_cast<const sockaddr_in*>(each->ifa_netmask)->sin_addr;
    const std::string_view bytes(reinterpret_cast<const char*>(&address.s_addr), 4);
    networks.push_back({IpAddress::from_bytes(bytes), __builtin_popcount(mask.s_addr)});
  }
  return networks;
}

Result<std::string> free_subnet(std::string_view cidr) {
  IpPrefix wanted = TRY(IpPrefix::parse(cidr)).network();
  const std::vector<IpPrefix> taken = networks_of_machine();
  for (int i = 0; i < tries_max; ++i) {
    const auto is_there = [&](const IpPrefix& other) { return wanted.overlaps(other); };
    if (std::ranges::none_of(taken, is_there)) return wanted.to_text();
    wanted = {wanted.last().plus(1), wanted.length};
  }
  return exhausted("no free network of the size of {}", cidr);
}

bool kernel_has_ipv6() {
  const auto disabled = linux::read_net_sysctl("ipv6/conf/all/disable_ipv6");
  return disabled && *disabled == "0";
}

bool has_ipv6(const network::NetworkRecord& record) {
  return std::ranges::any_of(record.pools, [](const auto& pool) { return pool.subnet.contains(':'); });
}

bool is_routed(const network::NetworkRecord& record) {
  const auto option = record.options.find(network::routed_option);
  return option != record.options.end() && option->second == "true";
}

PodNetwork described(const network::NetworkRecord& record) {
  PodNetwork network{.bridge = record.bridge_name, .cidrs = {}, .addresses = {}};
  for (const network::IpamPool& pool : record.pools) {
    const auto cidr = IpPrefix::parse(pool.subnet);
    const auto address = IpAddress::parse(pool.gateway);
    if (!cidr || !address) continue;
    network.cidrs.push_back(*cidr);
    network.addresses.push_back(*address);
  }
  return network;
}

// Side by side with those of another daemon's cluster: by metric.
Result<> lead_to_bridge(const PodNetwork& network, const std::vector<IpPrefix>& ranges) {
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  const auto bridge = TRY(linux::find_link(socket, network.bridge));
  if (!bridge) return not_found("the bridge {} is not there", network.bridge);
  linux::LinkRequests requests;
  for (const IpPrefix& range : ranges)
    for (const IpAddress& address : network.addresses)
      if (address.is_v4() == range.address.is_v4())
        requests.add_route({.destination = range.network(),
                            .source = address,
                            .link = bridge->index,
                            .metric = bridge->index,
                            .replaces = true});
  return requests.empty() ? Result<>() : socket.send_all(requests.all());
}

Task<void> create(network::Networks& networks, std::string subnet, bool ipv6) {
  network::NetworkRecord wanted{.name = std::string(pod_network_name), .enable_ipv6 = ipv6};
  wanted.labels["io.kubernetes.network"] = "pods";
  wanted.options[network::routed_option] = "true";
  wanted.pools.push_back({.subnet = std::move(subnet)});
  co_await networks.create(std::move(wanted));
}

// One that an earlier podo made, or before the kernel had IPv6, or lost it: as long as pods are on it, it is
// good as it is.
Task<void> make_current(network::Networks& networks, std::string id) {
  const network::NetworkRecord there = *networks.find(id);
  const bool ipv6 = kernel_has_ipv6();
  if (is_routed(there) && has_ipv6(there) == ipv6) co_return;
  if (!networks.endpoints_of_network(id).empty() || there.pools.empty()) co_return;
  co_await networks.remove(id);
  co_await create(networks, there.pools.front().subnet, ipv6);
}

}  // namespace

Task<PodNetwork> make_pod_network(network::Networks& networks, io::BlockingPool& pool, PodNetworkWish wish) {
  if (const network::NetworkRecord* there = networks.find(pod_network_name))
    co_await make_current(networks, there->id);
  else co_await create(networks, co_await free_subnet(wish.cidr), kernel_has_ipv6());
  PodNetwork made = described(*networks.find(pod_network_name));
  co_await pool.run([made, ranges = std::move(wish.service_ranges)] { return lead_to_bridge(made, ranges); });
  co_return made;
}

}  // namespace podo::node
