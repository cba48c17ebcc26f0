// What was asked for becomes a whole network: driver, subnets, gateways, the bridge's name. Pure.
#pragma once

#include <span>

#include "container/network/ipam.h"
#include "container/network/networks.h"

namespace podo::network {

struct NetworkGround {
  std::vector<IpPrefix> taken;  // by other networks
  std::vector<IpPrefix> host;   // by routes of the host: not chosen, but fine when asked for
  std::vector<SubnetSource> sources;
  std::uint64_t entropy = 0;  // for an IPv6 subnet
};

// `wanted` has an id. The errors are the words Docker's clients know.
Result<NetworkRecord> plan_network(NetworkRecord wanted, const NetworkGround& ground);

// A pool of a whole record; none for the family. Gateway and auxiliary addresses are taken.
Result<std::optional<AddressPool>> address_pool(const NetworkRecord& record, bool ipv6);
const IpamPool* pool_of(const NetworkRecord& record, bool ipv6);

}  // namespace podo::network
