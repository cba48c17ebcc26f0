// Links, their addresses and routes, as requests of rtnetlink(7): build them, then send them in one datagram.
//
//   LinkRequests requests;
//   requests.add_bridge("br0", {.up = true, .mtu = 1500});
//   TRY(socket.send_all(requests.all()));
//   TRY(add_veth_into(netns, {.name = "eth0", .index = 16, .peer = "veth1"}));
//
// Who makes a link may choose its index, so that what follows (addresses, routes) needs no question in
// between.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/core/ip_address.h"
#include "base/linux/netlink.h"

namespace podo::linux {

using MacAddress = std::array<std::uint8_t, 6>;

struct LinkChange {
  std::optional<bool> up = {};
  std::uint32_t mtu = 0;                     // 0: as it is
  std::optional<std::uint32_t> master = {};  // index; 0: none
  std::optional<MacAddress> mac = {};
  std::string alias = {};  // what it is for; any text of less than 256 bytes
  std::string new_name = {};
  bool no_link_local = false;  // no IPv6 address of its own
};

// A port of a bridge.
struct PortChange {
  std::optional<bool> isolated = {};  // reaches only ports that are not isolated
  std::optional<bool> hairpin = {};   // is sent back what came from it, where the bridge decides so
};

// The kernel gives an index to the first of the pair only.
struct VethWish {
  std::string name;
  std::uint32_t index = 0;  // 0: the kernel chooses
  std::optional<MacAddress> mac = {};
  bool up = false;
  std::uint32_t mtu = 0;  // of both
  std::string peer;
  int peer_namespace = -1;  // a descriptor; none: the socket's
};

struct MacvlanWish {
  std::string name;
  std::uint32_t parent = 0;  // index
  std::uint32_t mode = 4;    // MACVLAN_MODE_*: bridge
  std::uint32_t mtu = 0;
  std::optional<MacAddress> mac = {};
};

struct RouteWish {
  IpPrefix destination;    // of length 0: default
  IpAddress gateway = {};  // none: on the link itself
  IpAddress source = {};   // of what this host sends there itself; none: the kernel's choice
  std::uint32_t link = 0;  // index
  std::uint32_t metric =
      0;                  // routes to one destination that differ in it are side by side; the least is used
  bool replaces = false;  // another one to the same destination
};

class LinkRequests {
 public:
  void add_bridge(const std::string& name, const MacAddress& mac, std::uint32_t mtu);
  void add_veth(const VethWish& wish);
  void add_macvlan(const MacvlanWish& wish);
  void move_link(std::uint32_t index, int net_namespace, const std::string& new_name,
                 std::uint32_t new_index);
  void change_link(const std::string& name, const LinkChange& change);
  void change_link(std::uint32_t index, const LinkChange& change);
  void change_port(const std::string& name, const PortChange& change);
  // The kernel looks at carriers in its own time: until then a link sends nothing, and a port of a bridge is
  // deaf. Now is the time (since Linux 6.8; older ones take no notice).
  void settle_link(const std::string& name);
  void settle_link(std::uint32_t index);
  void remove_link(const std::string& name);
  void remove_link(std::uint32_t index);
  // The kernel waits for its readers once for all of them, not once for each.
  void remove_links_together(const std::vector<std::string>& names);
  void add_address(std::uint32_t link, const IpPrefix& address);  // there already: replaced
  void remove_address(std::uint32_t link, const IpPrefix& address);
  void add_route(const RouteWish& wish);

  const std::vector<NetlinkRequest>& all() const { return requests_; }
  bool empty() const { return requests_.empty(); }

 private:
  NetlinkRequest& request(std::uint16_t type, std::uint16_t flags, std::string what);
  void change(std::uint32_t index, const std::string& name, const LinkChange& change);
  std::vector<NetlinkRequest> requests_;
};

// The first of the pair is in that namespace, its peer in the one the thread stands in. Kernels before 6.15
// look for the index among the links of the socket's namespace, wherever the new link is to be, and say that
// it exists; so the socket is one of the first's. Blocks.
Result<> add_veth_into(const io::Fd& network_namespace, VethWish wish);

struct LinkStatistics {
  std::uint64_t rx_packets = 0, tx_packets = 0, rx_bytes = 0, tx_bytes = 0;
  std::uint64_t rx_errors = 0, tx_errors = 0, rx_dropped = 0, tx_dropped = 0;
};
struct Link {
  std::uint32_t index = 0, mtu = 0, master = 0;
  std::string name, alias, kind;  // kind: "bridge", "veth", "" for hardware
  std::string mac;                // 6 bytes
  bool up = false;
  LinkStatistics statistics;
};
Result<std::vector<Link>> list_links(NetlinkSocket& socket);
Result<std::optional<Link>> find_link(NetlinkSocket& socket, const std::string& name);

struct Route {
  IpPrefix destination;
  std::uint32_t link = 0, table = 0, metric = 0;
  IpAddress gateway;
};
Result<std::vector<Route>> list_routes(NetlinkSocket& socket, std::uint8_t family);

struct LinkAddress {
  std::uint32_t link = 0;
  IpPrefix address;
};
Result<std::vector<LinkAddress>> list_addresses(NetlinkSocket& socket);

}  // namespace podo::linux
