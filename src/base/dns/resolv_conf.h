// The files resolv.conf(5) and hosts(5), as values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/clock.h"
#include "base/core/ip_address.h"

namespace podo::dns {

struct ResolvConf {
  std::vector<IpAddress> servers;
  std::vector<std::string> search;
  std::vector<std::string> options;  // as they are written
  int dots = 1;                      // a name with fewer of them is searched for first
  Duration timeout = seconds(5);
  int attempts = 2;

  static ResolvConf parse(
      std::string_view text);  // what it does not understand it skips, as the C library does
};

class Hosts {
 public:
  static Hosts parse(std::string_view text);
  std::vector<IpAddress> find(std::string_view name) const;

 private:
  std::multimap<std::string, IpAddress> by_name_;
};

}  // namespace podo::dns
