// Ranges of addresses, as sets of the kernel keep them: sorted, apart from each other.
#pragma once

#include <span>
#include <vector>

#include "base/core/ip_address.h"

namespace podo::policy {

struct AddressRange {
  IpAddress first, last;  // of one family; both belong to it
  bool contains(const IpAddress& address) const { return first <= address && address <= last; }
  bool operator==(const AddressRange&) const = default;
};

// What is left of a block when parts of it are taken out; parts may overlap, and reach beyond it.
std::vector<AddressRange> ranges_of(const IpPrefix& block, std::span<const IpPrefix> except);

}  // namespace podo::policy
