// Which names a network's endpoints have: the container's, the first twelve digits of its id, and its
// aliases. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/core/ip_address.h"
#include "container/network/networks.h"

namespace podo::network {

class NetworkNames {
 public:
  void add(const Endpoint& endpoint);     // it stays where it is until it is removed
  void remove(const Endpoint& endpoint);  // by identity, so also when its name has changed
  std::vector<const Endpoint*> find(std::string_view name) const;
  const Endpoint* find_address(const IpAddress& address) const;

 private:
  std::multimap<std::string, const Endpoint*, std::less<>> by_name_;  // lower case
  std::map<IpAddress, const Endpoint*> by_address_;
};

}  // namespace podo::network
