// The stub resolver: host names become addresses as resolv.conf(5) and hosts(5) say. A program that is linked
// statically has no other.
//
//   std::vector<IpAddress> addresses = co_await resolver.addresses("registry.example");
//
// The files are read anew for every name, so a change of them counts at once. Addresses: IPv4 first, each
// family in the order of the answer. Errors: not_found ("no such host"), unavailable. Lives on one loop.
#pragma once

#include "base/dns/exchange.h"
#include "base/dns/resolv_conf.h"

namespace podo::dns {

struct ResolverFiles {
  std::string resolv_conf = "/etc/resolv.conf", hosts = "/etc/hosts";
};

class Resolver {
 public:
  Resolver(io::EpollLoop& loop, Random& random, ResolverFiles files = {}, std::uint16_t port = 53)
      : exchange_(loop, random), files_(std::move(files)), port_(port) {}

  // At least one. A numeric address (also "[::1]") is its own answer.
  io::Task<std::vector<IpAddress>> addresses(std::string host);

 private:
  io::Task<std::vector<IpAddress>> look_up(std::string name, const ResolvConf& conf);
  io::Task<std::vector<IpAddress>> query(std::string name, Type type, const ResolvConf& conf);
  Exchange exchange_;
  ResolverFiles files_;
  std::uint16_t port_;
};

// At most 1 MiB of a file; "" when it cannot be read.
std::string read_configuration(const std::string& path);
// Whom a resolv.conf names; without any: 127.0.0.1, as the C library has it.
std::vector<Upstream> upstreams_of(const ResolvConf& conf, std::uint16_t port = 53);

}  // namespace podo::dns
