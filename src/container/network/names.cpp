#include "container/network/names.h"

#include "base/dns/name.h"

namespace podo::network {

void NetworkNames::add(const Endpoint& endpoint) {
  const auto add_name = [&](std::string_view name) {
    std::string lowered = dns::lower(name);
    const auto [first, last] = by_name_.equal_range(lowered);
    for (auto known = first; known != last; ++known)
      if (known->second == &endpoint) return;
    if (!lowered.empty()) by_name_.emplace(std::move(lowered), &endpoint);
  };
  add_name(endpoint.wish.container_name);
  add_name(std::string_view(endpoint.wish.container_id).substr(0, 12));
  for (const std::string& alias : endpoint.wish.aliases) add_name(alias);
  for (const std::string& words : {endpoint.ipv4, endpoint.ipv6})
    if (const auto address = IpAddress::parse(words)) by_address_[*address] = &endpoint;
}

void NetworkNames::remove(const Endpoint& endpoint) {
  std::erase_if(by_name_, [&](const auto& entry) { return entry.second == &endpoint; });
  std::erase_if(by_address_, [&](const auto& entry) { return entry.second == &endpoint; });
}

std::vector<const Endpoint*> NetworkNames::find(std::string_view name) const {
  std::vector<const Endpoint*> found;
  const auto [first, last] = by_name_.equal_range(dns::lower(name));
  for (auto entry = first; entry != last; ++entry) found.push_back(entry->second);
  return found;
}

const Endpoint* NetworkNames::find_address(const IpAddress& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : found->second;
}

}  // namespace podo::network
