#include "cluster/node/pod_network.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/core/ip_address.h"

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

}  // namespace

Task<std::string> make_pod_network(network::Networks& networks, std::string cidr) {
  const network::NetworkRecord* there = networks.find(pod_network_name);
  if (there == nullptr) {
    network::NetworkRecord wanted{.name = std::string(pod_network_name)};
    wanted.labels["io.kubernetes.network"] = "pods";
    if (!cidr.empty()) wanted.pools.push_back({.subnet = co_await free_subnet(cidr)});
    co_await networks.create(std::move(wanted));
    there = networks.find(pod_network_name);
  }
  co_return there == nullptr || there->pools.empty() ? std::string() : there->pools.front().subnet;
}

}  // namespace podo::node
