#include "container/network/ipam.h"

#include <algorithm>

namespace podo::network {

AddressPool::AddressPool(IpPrefix subnet, IpPrefix range)
    : subnet_(subnet.network()), range_(range.network()), lowest_(range_.first()) {
  const bool has_ends = subnet_.length < subnet_.address.bits() - 1;  // RFC 3021: a /31 has none
  if (!has_ends) return;
  taken_.insert(subnet_.first());
  if (subnet_.address.is_v4()) taken_.insert(subnet_.last());
}

Result<IpAddress> AddressPool::take_any() {
  while (range_.contains(lowest_) && taken_.contains(lowest_)) {
    if (lowest_ == range_.last()) return exhausted("no available addresses in {}", range_.to_text());
    lowest_ = lowest_.plus(1);
  }
  taken_.insert(lowest_);
  return lowest_;
}

Result<> AddressPool::take(const IpAddress& address) {
  if (!subnet_.contains(address))
    return invalid("{} is not in the subnet {}", address.to_text(), subnet_.to_text());
  if (!taken_.insert(address).second) return already_exists("Address already in use");
  return {};
}

void AddressPool::give_back(const IpAddress& address) {
  taken_.erase(address);
  if (range_.contains(address)) lowest_ = std::min(lowest_, address);
}

std::vector<SubnetSource> default_subnet_sources() {
  const auto prefix = [](const char* text) { return *IpPrefix::parse(text); };
  return {{prefix("172.17.0.0/16"), 16},
          {prefix("172.18.0.0/15"), 16},
          {prefix("172.20.0.0/14"), 16},
          {prefix("172.24.0.0/13"), 16},
          {prefix("192.168.0.0/16"), 20}};
}

Result<IpPrefix> choose_subnet(std::span<const SubnetSource> sources, std::span<const IpPrefix> taken) {
  for (const SubnetSource& source : sources) {
    IpPrefix piece{source.from.first(), source.length};
    while (source.from.contains(piece.address)) {
      const auto other = std::ranges::find_if(taken, [&](const IpPrefix& t) { return t.overlaps(piece); });
      if (other == taken.end()) return piece;
      // Behind what is in the way, on a piece's border.
      const IpAddress next =
          std::max(piece.last(), other->last()).plus(1).with_host_bits(piece.length, false);
      if (next <= piece.address) break;  // wrapped
      piece.address = next;
    }
  }
  return exhausted("all predefined address pools have been fully subnetted");
}

IpPrefix unique_local_subnet(std::uint64_t entropy) {
  std::string bytes(16, '\0');
  bytes[0] = static_cast<char>(0xfd);
  for (std::size_t i = 1; i < 8; ++i, entropy >>= 8) bytes[i] = static_cast<char>(entropy & 0xff);
  return {IpAddress::from_bytes(bytes), 64};
}

}  // namespace podo::network
