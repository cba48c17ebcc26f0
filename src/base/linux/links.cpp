#include "base/linux/links.h"

#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>

#include "base/linux/namespaces.h"

namespace podo::linux {
namespace {

std::string_view view(const MacAddress& mac) {
  return {reinterpret_cast<const char*>(mac.data()), mac.size()};
}

ifinfomsg link_body(std::uint32_t index = 0, unsigned flags = 0, unsigned changed = 0) {
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(index);
  body.ifi_flags = flags;
  body.ifi_change = changed;
  return body;
}

std::uint8_t family_of(const IpAddress& address) { return address.is_v6() ? AF_INET6 : AF_INET; }

ifaddrmsg address_body(std::uint32_t link, const IpPrefix& address) {
  ifaddrmsg body{};
  body.ifa_family = family_of(address.address);
  body.ifa_prefixlen = static_cast<std::uint8_t>(address.length);
  body.ifa_flags = address.address.is_v6() ? IFA_F_NODAD : 0;  // its owner was chosen by us: nobody to ask
  body.ifa_index = link;
  return body;
}

rtmsg route_body(const RouteWish& wish) {
  rtmsg body{};
  body.rtm_family = family_of(wish.destination.address);
  body.rtm_dst_len = static_cast<std::uint8_t>(wish.destination.length);
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_BOOT;
  body.rtm_scope = wish.gateway || wish.destination.address.is_v6() ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  body.rtm_type = RTN_UNICAST;
  return body;
}

void fill_route(NetlinkRequest& request, const RouteWish& wish) {
  request.body(route_body(wish));
  if (wish.destination.length > 0) request.attribute(RTA_DST, wish.destination.first().bytes());
  if (wish.gateway) request.attribute(RTA_GATEWAY, wish.gateway.bytes());
  if (wish.source) request.attribute(RTA_PREFSRC, wish.source.bytes());
  if (wish.link != 0) request.attribute(RTA_OIF, wish.link);
  if (wish.metric != 0) request.attribute(RTA_PRIORITY, wish.metric);
}

}  // namespace

NetlinkRequest& LinkRequests::request(std::uint16_t type, std::uint16_t flags, std::string what) {
  return requests_.emplace_back(type, flags, std::move(what));
}

void LinkRequests::add_bridge(const std::string& name, const MacAddress& mac, std::uint32_t mtu) {
  NetlinkRequest& made = request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, text("add bridge {}", name));
  made.body(link_body()).text_attribute(IFLA_IFNAME, name).attribute(IFLA_ADDRESS, view(mac));
  if (mtu != 0) made.attribute(IFLA_MTU, mtu);
  made.nested(IFLA_LINKINFO, [](NetlinkAttributes& info) { info.attribute(IFLA_INFO_KIND, "bridge"); });
}

void LinkRequests::add_veth(const VethWish& wish) {
  NetlinkRequest& made =
      request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, text("add veth {} with {}", wish.name, wish.peer));
  made.body(link_body(wish.index, wish.up ? IFF_UP : 0, wish.up ? IFF_UP : 0));
  made.text_attribute(IFLA_IFNAME, wish.name);
  if (wish.mtu != 0) made.attribute(IFLA_MTU, wish.mtu);
  if (wish.mac) made.attribute(IFLA_ADDRESS, view(*wish.mac));
  NetlinkRequest peer(0, 0);  // only its bytes behind the header are used: an ifinfomsg and attributes
  peer.body(link_body()).text_attribute(IFLA_IFNAME, wish.peer);
  if (wish.mtu != 0) peer.attribute(IFLA_MTU, wish.mtu);
  if (wish.peer_namespace >= 0)
    peer.attribute(IFLA_NET_NS_FD, static_cast<std::uint32_t>(wish.peer_namespace));
  made.nested(IFLA_LINKINFO, [&](NetlinkAttributes& info) {
    info.attribute(IFLA_INFO_KIND, "veth").nested(IFLA_INFO_DATA, [&](NetlinkAttributes& data) {
      data.attribute(VETH_INFO_PEER, std::string_view(peer.bytes()).substr(sizeof(nlmsghdr)));
    });
  });
}

void LinkRequests::add_macvlan(const MacvlanWish& wish) {
  NetlinkRequest& made = request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, text("add macvlan {}", wish.name));
  made.body(link_body()).text_attribute(IFLA_IFNAME, wish.name).attribute(IFLA_LINK, wish.parent);
  if (wish.mtu != 0) made.attribute(IFLA_MTU, wish.mtu);
  if (wish.mac) made.attribute(IFLA_ADDRESS, view(*wish.mac));
  made.nested(IFLA_LINKINFO, [&](NetlinkAttributes& info) {
    info.attribute(IFLA_INFO_KIND, "macvlan").nested(IFLA_INFO_DATA, [&](NetlinkAttributes& data) {
      data.attribute(IFLA_MACVLAN_MODE, wish.mode);
    });
  });
}

void LinkRequests::move_link(std::uint32_t index, int net_namespace, const std::string& new_name,
                             std::uint32_t new_index) {
  request(RTM_NEWLINK, 0, text("move link {} as {}", index, new_name))
      .body(link_body(index))
      .attribute(IFLA_NET_NS_FD, static_cast<std::uint32_t>(net_namespace))
      .text_attribute(IFLA_IFNAME, new_name)
      .attribute(IFLA_NEW_IFINDEX, new_index);
}

void LinkRequests::change(std::uint32_t index, const std::string& name, const LinkChange& change) {
  if (change.no_link_local) {  // by itself: within one request the link would be up, and have one, before
    NetlinkRequest& before = request(RTM_NEWLINK, 0, text("change addresses of link {}", name));
    before.body(link_body(index));
    if (index == 0) before.text_attribute(IFLA_IFNAME, name);
    before.nested(IFLA_AF_SPEC, [](NetlinkAttributes& families) {
      families.nested(AF_INET6, [](NetlinkAttributes& inet6) {
        inet6.byte_attribute(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
      });
    });
  }
  NetlinkRequest& changed =
      request(RTM_NEWLINK, 0, name.empty() ? text("change link {}", index) : text("change link {}", name));
  changed.body(link_body(index, change.up.value_or(false) ? IFF_UP : 0, change.up ? IFF_UP : 0));
  if (index == 0) changed.text_attribute(IFLA_IFNAME, name);
  else if (!change.new_name.empty()) changed.text_attribute(IFLA_IFNAME, change.new_name);
  if (change.mtu != 0) changed.attribute(IFLA_MTU, change.mtu);
  if (change.master) changed.attribute(IFLA_MASTER, *change.master);
  if (change.mac) changed.attribute(IFLA_ADDRESS, view(*change.mac));
  if (!change.alias.empty()) changed.attribute(IFLA_IFALIAS, change.alias);
}

void LinkRequests::change_link(const std::string& name, const LinkChange& wanted) { change(0, name, wanted); }

void LinkRequests::change_port(const std::string& name, const PortChange& wanted) {
  NetlinkRequest& changed = request(RTM_NEWLINK, 0, text("change port {}", name));
  changed.body(link_body()).text_attribute(IFLA_IFNAME, name);
  changed.nested(IFLA_LINKINFO, [&](NetlinkAttributes& info) {
    info.attribute(IFLA_INFO_SLAVE_KIND, "bridge").nested(IFLA_INFO_SLAVE_DATA, [&](NetlinkAttributes& data) {
      if (wanted.isolated) data.byte_attribute(IFLA_BRPORT_ISOLATED, *wanted.isolated ? 1 : 0);
      if (wanted.hairpin) data.byte_attribute(IFLA_BRPORT_MODE, *wanted.hairpin ? 1 : 0);
    });
  });
}

void LinkRequests::change_link(std::uint32_t index, const LinkChange& wanted) { change(index, {}, wanted); }

void LinkRequests::settle_link(const std::string& name) {
  request(RTM_GETLINK, 0, text("look at link {}", name)).body(link_body()).text_attribute(IFLA_IFNAME, name);
}

void LinkRequests::settle_link(std::uint32_t index) {
  request(RTM_GETLINK, 0, text("look at link {}", index)).body(link_body(index));
}

void LinkRequests::remove_link(const std::string& name) {
  request(RTM_DELLINK, 0, text("remove link {}", name)).body(link_body()).text_attribute(IFLA_IFNAME, name);
}

void LinkRequests::remove_link(std::uint32_t index) {
  request(RTM_DELLINK, 0, text("remove link {}", index)).body(link_body(index));
}

void LinkRequests::remove_links_together(const std::vector<std::string>& names) {
  constexpr std::uint32_t doomed = 0x706f646f;  // a group that has no other members
  for (const std::string& name : names)
    request(RTM_NEWLINK, 0, text("give up link {}", name))
        .body(link_body())
        .text_attribute(IFLA_IFNAME, name)
        .attribute(IFLA_GROUP, doomed);
  request(RTM_DELLINK, 0, "remove links").body(link_body()).attribute(IFLA_GROUP, doomed);
}

void LinkRequests::add_address(std::uint32_t link, const IpPrefix& address) {
  NetlinkRequest& made = request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
                                 text("add address {} to link {}", address.to_text(), link));
  made.body(address_body(link, address)).attribute(IFA_LOCAL, address.address.bytes());
  made.attribute(IFA_ADDRESS, address.address.bytes());
  if (address.address.is_v4() && address.length < 31) made.attribute(IFA_BROADCAST, address.last().bytes());
}

void LinkRequests::remove_address(std::uint32_t link, const IpPrefix& address) {
  request(RTM_DELADDR, 0, text("remove address {}", address.to_text()))
      .body(address_body(link, address))
      .attribute(IFA_LOCAL, address.address.bytes());
}

void LinkRequests::add_route(const RouteWish& wish) {
  const std::uint16_t flags = NLM_F_CREATE | (wish.replaces ? NLM_F_REPLACE : NLM_F_EXCL);
  fill_route(request(RTM_NEWROUTE, flags, text("add route to {}", wish.destination.to_text())), wish);
}

Result<> add_veth_into(const io::Fd& network_namespace, VethWish wish) {
  const io::Fd here = TRY(current_network_namespace());
  wish.peer_namespace = here.get();
  LinkRequests requests;
  requests.add_veth(wish);
  const auto visit = TRY(NetworkNamespaceVisit::enter(network_namespace));
  NetlinkSocket socket = TRY(NetlinkSocket::open());
  return socket.send_all(requests.all());
}

}  // namespace podo::linux
