// Which addresses of a network are given to whom, and which subnets networks are cut from. Pure: no kernel,
// no store; what it knows it is told.
#pragma once

#include <set>
#include <span>
#include <vector>

#include "base/core/ip_address.h"

namespace podo::network {

// The addresses of one subnet. Its first (network) and last (broadcast, IPv4 only) belong to nobody.
class AddressPool {
 public:
  // Containers get addresses of `range`; others of the subnet when they ask for them by name.
  AddressPool(IpPrefix subnet, IpPrefix range);

  Result<IpAddress> take_any();             // the lowest free one; exhausted
  Result<> take(const IpAddress& address);  // already_exists, invalid
  void give_back(const IpAddress& address);

  const IpPrefix& subnet() const { return subnet_; }
  std::size_t taken() const { return taken_.size(); }

 private:
  IpPrefix subnet_, range_;
  std::set<IpAddress> taken_;
  IpAddress lowest_;  // nothing of the range below it is free
};

// Subnets for networks that name none: `pieces` cut out of `from`, each of `length` bits.
struct SubnetSource {
  IpPrefix from;
  int length = 0;
};
// As Docker has them: 172.17.0.0/16 ... 172.31.0.0/16, then 192.168.0.0/20 ... 192.168.240.0/20.
std::vector<SubnetSource> default_subnet_sources();

// The first piece that overlaps nothing of `taken`.
Result<IpPrefix> choose_subnet(std::span<const SubnetSource> sources, std::span<const IpPrefix> taken);
// fdXX:XXXX:XXXX:YYYY::/64 (RFC 4193) from random bits; `entropy` has at least 56.
IpPrefix unique_local_subnet(std::uint64_t entropy);

}  // namespace podo::network
