#include "container/network/endpoint_links.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "base/core/random.h"
#include "base/linux/namespaces.h"

namespace podo::network {
namespace {

linux::MacAddress random_mac() {
  linux::MacAddress mac;
  SystemRandom().fill(std::as_writable_bytes(std::span(mac)));
  mac[0] = static_cast<std::uint8_t>((mac[0] & 0xfe) | 0x02);  // of one station, locally administered
  return mac;
}

Result<> agree_on_addresses(linux::NetlinkSocket& socket, const linux::Link& bridge, const BridgePlan& plan,
                            bool own) {
  linux::LinkRequests requests;
  const auto wanted = [&](const IpPrefix& address) {
    return std::ranges::count(plan.addresses, address) > 0;
  };
  const auto is_link_local = [](const IpAddress& a) {
    return a.is_v6() && a.bytes().starts_with("\xfe\x80");
  };
  if (own)
    for (const linux::LinkAddress& there : TRY(linux::list_addresses(socket)))
      if (there.link == bridge.index && !wanted(there.address) && !is_link_local(there.address.address))
        requests.remove_address(bridge.index, there.address);
  for (const IpPrefix& address : plan.addresses) requests.add_address(bridge.index, address);
  if (own) requests.change_link(bridge.index, {.up = true, .mtu = plan.mtu, .alias = plan.alias});
  else requests.change_link(bridge.index, {.up = true});
  return socket.send_all(requests.all());
}

}  // namespace

Result<std::uint32_t> ensure_bridge(const BridgePlan& plan) {
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  std::optional<linux::Link> bridge = TRY(linux::find_link(socket, plan.name));
  bool own = bridge && bridge->alias == plan.alias;
  if (!bridge) {
    linux::LinkRequests requests;
    requests.add_bridge(plan.name, random_mac(), plan.mtu);
    TRY(socket.send_all(requests.all()));
    bridge = TRY(linux::find_link(socket, plan.name));
    own = true;
  }
  if (!bridge || bridge->kind != "bridge") return conflict("{} is there and no bridge", plan.name);
  // 127.0.0.1:PORT of the host leads into the bridge; who stands there and tries the same the other way meets
  // the table's chain "early".
  TRY(linux::write_net_sysctl(text("ipv4/conf/{}/route_localnet", plan.name), "1"));
  // The kernel takes `all` or the link's own for yes; other links have yes of their own.
  if (plan.routed)
    for (const char* whose : {"all", plan.name.c_str()})
      (void)linux::write_net_sysctl(text("ipv4/conf/{}/send_redirects", whose), "0");
  // A link-local address that is still being asked about cannot look for neighbours: without them nothing is
  // forwarded to a network just made.
  if (plan.ipv6)
    for (const char* setting : {"accept_ra", "accept_dad"})
      (void)linux::write_net_sysctl(text("ipv6/conf/{}/{}", plan.name, setting), "0");
  (void)linux::write_net_sysctl(text("ipv6/conf/{}/disable_ipv6", plan.name), plan.ipv6 ? "0" : "1");
  TRY_IN(plan.name, agree_on_addresses(socket, *bridge, plan, own));
  return bridge->index;
}

Result<> remove_own_link(const std::string& name, const std::string& alias) {
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  const std::optional<linux::Link> link = TRY(linux::find_link(socket, name));
  if (!link || link->alias != alias) return {};
  linux::LinkRequests requests;
  requests.remove_link(link->index);
  return socket.send_all(requests.all());
}

namespace {

Result<DnsSockets> fill_sandbox(const EndpointPlan& plan) {
  const auto visit = TRY(linux::NetworkNamespaceVisit::enter(*plan.sandbox));
  const bool has_ipv6 = std::ranges::any_of(plan.addresses, [](auto& a) { return a.address.is_v6(); });
  linux::LinkRequests requests;
  if (has_ipv6) {
    const std::string settings = text("ipv6/conf/{}/", plan.interface);
    TRY(linux::write_net_sysctl(settings + "accept_ra", "0"));         // its gateway is known
    TRY(linux::write_net_sysctl(settings + "accept_dad", "0"));        // and its address nobody else's
    TRY(linux::write_net_sysctl(settings + "accept_redirects", "0"));  // nor is there a shorter way
    TRY(linux::write_net_sysctl(settings + "disable_ipv6", "0"));
  }
  if (plan.driver != "bridge") requests.change_link(plan.index, {.up = true});
  requests.settle_link(plan.index);
  for (const IpPrefix& address : plan.addresses) requests.add_address(plan.index, address);
  for (const linux::RouteWish& route : plan.routes) requests.add_route(route);
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  TRY(socket.send_all(requests.all()));
  if (!plan.wants_dns) return DnsSockets();
  return open_dns_sockets(plan.used_before ? Namespace::used : Namespace::fresh);
}

Result<> make_veth(const EndpointPlan& plan) {
  TRY(linux::add_veth_into(*plan.sandbox, {.name = plan.interface,
                                           .index = plan.index,
                                           .mac = plan.mac,
                                           .up = true,
                                           .mtu = plan.mtu,
                                           .peer = plan.host_link}));
  linux::LinkRequests requests;
  const linux::LinkChange change{
      .up = true, .master = plan.parent, .alias = plan.alias, .no_link_local = true};
  requests.change_link(plan.host_link, change);
  if (plan.isolated) requests.change_port(plan.host_link, {.isolated = true});
  if (plan.reflects) requests.change_port(plan.host_link, {.hairpin = true});
  requests.settle_link(plan.host_link);
  requests.settle_link(plan.parent);  // it has a carrier with its first port
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  return socket.send_all(requests.all());
}

// It is made where its parent is, under a name that is free there, and moves.
Result<> make_macvlan(const EndpointPlan& plan) {
  linux::LinkRequests requests;
  requests.add_macvlan({.name = plan.host_link,
                        .parent = plan.parent,
                        .mode = plan.macvlan_mode,
                        .mtu = plan.mtu,
                        .mac = plan.mac});
  requests.change_link(plan.host_link, {.alias = plan.alias});
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  TRY(socket.send_all(requests.all()));
  const auto link = TRY(linux::find_link(socket, plan.host_link));
  if (!link) return not_found("link {} is gone", plan.host_link);
  linux::LinkRequests moving;
  moving.move_link(link->index, plan.sandbox->get(), plan.interface, plan.index);
  return socket.send_all(moving.all());
}

}  // namespace

Result<DnsSockets> make_endpoint_link(const EndpointPlan& plan) {
  const Result<> made = plan.driver == "macvlan" ? make_macvlan(plan) : make_veth(plan);
  Result<DnsSockets> filled = made ? fill_sandbox(plan) : Failure(made.error());
  if (!filled) (void)remove_endpoint_link(plan);  // whatever there is of it
  return filled;
}

Result<> reflect_own_packets(const std::vector<std::string>& host_links) {
  return change_ports(host_links, {.hairpin = true});
}

Result<> change_ports(const std::vector<std::string>& host_links, linux::PortChange change) {
  if (host_links.empty()) return {};
  linux::LinkRequests requests;
  for (const std::string& link : host_links) requests.change_port(link, change);
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  return socket.send_all(requests.all());
}

Result<> remove_endpoint_link(const EndpointPlan& plan) {
  TRY(remove_own_link(plan.host_link, plan.alias));  // a macvlan, too, if it has not moved
  if (plan.driver != "macvlan") return {};
  const auto visit = TRY(linux::NetworkNamespaceVisit::enter(*plan.sandbox));
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  linux::LinkRequests requests;
  requests.remove_link(plan.interface);
  return socket.send_all(requests.all());
}

Result<> replace_routes(const NamespacePtr& sandbox, const std::vector<linux::RouteWish>& routes) {
  const auto visit = TRY(linux::NetworkNamespaceVisit::enter(*sandbox));
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  linux::LinkRequests requests;
  for (linux::RouteWish route : routes) {
    route.replaces = true;
    requests.add_route(route);
  }
  return requests.empty() ? Result<>() : socket.send_all(requests.all());
}

Result<std::vector<linux::Link>> leftover_links(const std::string& prefix,
                                                const std::vector<std::string>& wanted) {
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  std::vector<linux::Link> links = TRY(linux::list_links(socket));
  std::erase_if(links, [&](const linux::Link& link) {
    return !link.alias.starts_with(prefix + ":") || std::ranges::count(wanted, link.name) > 0;
  });
  return links;
}

Result<> remove_links(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  linux::LinkRequests requests;
  requests.remove_links_together(names);
  Result<> removed = socket.send_all(requests.all());
  // A veth ends with its namespace, perhaps before we come to it.
  if (!removed && removed.error().system_errno() == ENODEV) return {};
  return removed;
}

namespace {

std::uint32_t smallest_mtu(const std::vector<linux::Link>& links, const std::vector<linux::Route>& routes) {
  std::uint32_t smallest = 0;
  for (const linux::Route& route : routes) {
    if (route.destination.length != 0 || route.table != RT_TABLE_MAIN) continue;
    for (const linux::Link& link : links)
      if (link.index == route.link && link.mtu != 0) smallest = std::min(smallest - 1, link.mtu - 1) + 1;
  }
  return smallest;
}

void read_port_range(HostFacts& facts) {
  const auto range = linux::read_net_sysctl("ipv4/ip_local_port_range");
  if (!range) return;
  const char* end = range->data() + range->size();
  std::uint16_t first = 0, last = 0;
  const auto [behind, error] = std::from_chars(range->data(), end, first);
  const char* second = std::find_if(behind, end, [](char c) { return c >= '0' && c <= '9'; });
  if (error != std::errc() || std::from_chars(second, end, last).ec != std::errc() || last < first) return;
  facts.port_first = first;
  facts.port_last = last;
}

}  // namespace

bool bridged_is_filtered() {
  const auto filtered = linux::read_net_sysctl("bridge/bridge-nf-call-iptables");
  return filtered && *filtered == "1";
}

Result<HostFacts> look_at_host() {
  HostFacts facts;
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open());
  const std::vector<linux::Link> links = TRY(linux::list_links(socket));
  std::vector<linux::Route> routes = TRY(linux::list_routes(socket, AF_INET));
  facts.default_mtu = smallest_mtu(links, routes);
  if (facts.default_mtu == 0) facts.default_mtu = 1500;
  for (const linux::Route& route : routes)
    if (route.destination.length != 0) facts.routes.push_back(route.destination);
  read_port_range(facts);
  facts.bridged_is_filtered = bridged_is_filtered();
  return facts;
}

}  // namespace podo::network
