// What the kernel has of bridges and endpoints. Blocking calls, for the pool; each is one or two datagrams to
// the kernel. Everything made here carries an alias that begins with "PREFIX:", by which leftovers are known.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/linux/links.h"
#include "container/network/sandbox_dns.h"

namespace podo::network {

struct BridgePlan {
  std::string name, alias;
  std::uint32_t mtu = 0;
  std::vector<IpPrefix> addresses = {};
  bool ipv6 = false;
  bool routed = false;  // nobody is told of a shorter way: there is none
};
// Made, or made to agree when it is there; its index. A bridge that somebody else made is used as it is, with
// our addresses added.
Result<std::uint32_t> ensure_bridge(const BridgePlan& plan);
Result<> remove_own_link(const std::string& name, const std::string& alias);  // fine when it is not there

struct EndpointPlan {
  NamespacePtr sandbox;
  std::string driver;            // bridge, macvlan
  std::string host_link, alias;  // "veth1a2b3c4"; of macvlan until it moves
  std::string interface;         // "eth0"
  std::uint32_t index = 0;       // that it gets in the sandbox
  std::uint32_t parent = 0;      // the bridge, or macvlan's parent
  std::uint32_t macvlan_mode = 0;
  std::uint32_t mtu = 0;
  bool isolated = false, reflects = false, wants_dns = false;
  bool used_before = false;  // the sandbox: another daemon may have served DNS there
  linux::MacAddress mac{};
  std::vector<IpPrefix> addresses = {};
  std::vector<linux::RouteWish> routes = {};
};
Result<DnsSockets> make_endpoint_link(const EndpointPlan& plan);  // no sockets unless wanted
Result<> remove_endpoint_link(const EndpointPlan& plan);

// A container that meets itself through a published port: with br_netfilter such a packet is bridged, not
// routed, back to the port it came from.
Result<> reflect_own_packets(const std::vector<std::string>& host_links);
Result<> change_ports(const std::vector<std::string>& host_links, linux::PortChange change);
bool bridged_is_filtered();  // HostFacts' of this moment

// Default routes of a sandbox that now lead elsewhere.
Result<> replace_routes(const NamespacePtr& sandbox, const std::vector<linux::RouteWish>& routes);

// Links whose alias begins with `prefix` and ':' that are not among `wanted`.
Result<std::vector<linux::Link>> leftover_links(const std::string& prefix,
                                                const std::vector<std::string>& wanted);
Result<> remove_links(const std::vector<std::string>& names);  // fine when they are not there

// What is known of the host when subnets and sizes are chosen.
struct HostFacts {
  std::vector<IpPrefix> routes;   // not the default ones
  std::uint32_t default_mtu = 0;  // the smallest of the links default routes lead to; 1500 without one
  std::uint16_t port_first = 32768, port_last = 60999;  // net.ipv4.ip_local_port_range
  bool bridged_is_filtered = false;  // br_netfilter: what stays on a bridge passes the chain forward
};
Result<HostFacts> look_at_host();

}  // namespace podo::network
