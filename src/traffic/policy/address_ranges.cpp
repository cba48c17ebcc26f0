#include "traffic/policy/address_ranges.h"

#include <algorithm>

namespace podo::policy {

std::vector<AddressRange> ranges_of(const IpPrefix& block, std::span<const IpPrefix> except) {
  std::vector<IpPrefix> parts;
  std::ranges::copy_if(except, std::back_inserter(parts),
                       [&](const IpPrefix& part) { return part.overlaps(block); });
  std::ranges::sort(parts, {}, &IpPrefix::first);
  std::vector<AddressRange> left;
  IpAddress at = block.first();
  for (const IpPrefix& part : parts) {
    if (at < part.first()) left.push_back({at, part.first().previous()});
    if (part.last() >= block.last()) return left;  // also: there may be no address behind it
    at = std::max(at, part.last().plus(1));
  }
  left.push_back({at, block.last()});
  return left;
}

}  // namespace podo::policy
