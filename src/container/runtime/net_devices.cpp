#include "container/runtime/net_devices.h"

#include <linux/if_addr.h>
#include <net/if.h>

#include "base/linux/netlink.h"

namespace podo::runtime {
namespace {

using linux::NetlinkMessage;
using linux::NetlinkRequest;
using linux::NetlinkSocket;

ifinfomsg link_message(std::uint32_t index, unsigned flags, unsigned changed) {
  ifinfomsg message{};
  message.ifi_index = static_cast<int>(index);
  message.ifi_flags = flags;
  message.ifi_change = changed;
  return message;
}

Result<std::uint32_t> find_index(NetlinkSocket& socket, const std::string& name) {
  NetlinkRequest request(RTM_GETLINK, 0);
  request.body(ifinfomsg{}).text_attribute(IFLA_IFNAME, name);
  const auto answers = TRY(socket.ask(std::move(request)));
  if (answers.empty()) return not_found("no such interface");
  return static_cast<std::uint32_t>(answers[0].body<ifinfomsg>().ifi_index);
}

Result<std::vector<NetAddress>> permanent_addresses(NetlinkSocket& socket, std::uint32_t index) {
  NetlinkRequest request(RTM_GETADDR, NLM_F_DUMP);
  request.body(ifaddrmsg{});
  std::vector<NetAddress> addresses;
  for (const NetlinkMessage& message : TRY(socket.ask(std::move(request)))) {
    const auto about = message.body<ifaddrmsg>();
    if (about.ifa_index != index || about.ifa_scope != RT_SCOPE_UNIVERSE ||
        (about.ifa_flags & IFA_F_PERMANENT) == 0)
      continue;
    const auto payload = [&](std::uint16_t type) {
      return std::string(message.attribute(sizeof about, type));
    };
    const std::string peer = payload(IFA_ADDRESS), local = payload(IFA_LOCAL);  // IPv6 has only IFA_ADDRESS
    addresses.push_back(
        {about.ifa_family, about.ifa_prefixlen, local.empty() ? peer : local, peer, payload(IFA_BROADCAST)});
  }
  return addresses;
}

Result<> add_address(NetlinkSocket& socket, std::uint32_t index, const NetAddress& address) {
  NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  request.body(ifaddrmsg{.ifa_family = address.family,
                         .ifa_prefixlen = address.prefix,
                         .ifa_flags = IFA_F_PERMANENT,
                         .ifa_scope = RT_SCOPE_UNIVERSE,
                         .ifa_index = index});
  request.attribute(IFA_LOCAL, address.local).attribute(IFA_ADDRESS, address.peer);
  if (!address.broadcast.empty()) request.attribute(IFA_BROADCAST, address.broadcast);
  return socket.send(std::move(request));
}

std::string named(const NetDevicePlan& device) { return text("linux.netDevices: {}", device.name); }

}  // namespace

Result<std::vector<NetDevicePlan>> collect_net_devices(const std::vector<oci::NetDevice>& devices) {
  std::vector<NetDevicePlan> plans;
  if (devices.empty()) return plans;
  NetlinkSocket socket = TRY(NetlinkSocket::open());
  for (const oci::NetDevice& device : devices) {
    NetDevicePlan& plan = plans.emplace_back();
    plan.name = device.name;
    plan.name_inside = device.rename;
    plan.index = TRY_IN(named(plan), find_index(socket, plan.name));
    plan.addresses = TRY_IN(named(plan), permanent_addresses(socket, plan.index));
  }
  return plans;
}

Result<> move_net_devices(const std::vector<NetDevicePlan>& devices, const io::Fd& network_namespace) {
  if (devices.empty()) return {};
  NetlinkSocket socket = TRY(NetlinkSocket::open());
  for (const NetDevicePlan& device : devices) {
    // A link that is up cannot be renamed by older kernels.
    NetlinkRequest down(RTM_NEWLINK, 0);
    down.body(link_message(device.index, 0, IFF_UP));
    TRY_IN(named(device), socket.send(std::move(down)));
    NetlinkRequest move(RTM_NEWLINK, 0);
    move.body(link_message(device.index, 0, 0));
    move.attribute(IFLA_NET_NS_FD, static_cast<std::uint32_t>(network_namespace.get()))
        .text_attribute(IFLA_IFNAME, device.name_inside);
    TRY_IN(named(device), socket.send(std::move(move)));
  }
  return {};
}

Result<> raise_loopback() {
  constexpr std::uint32_t loopback_index = 1;  // always the first of a namespace
  NetlinkSocket socket = TRY(NetlinkSocket::open());
  NetlinkRequest up(RTM_NEWLINK, 0);
  up.body(link_message(loopback_index, IFF_UP, IFF_UP));
  TRY_IN("set lo up", socket.send(std::move(up)));
  return {};
}

Result<> raise_net_devices(const std::vector<NetDevicePlan>& devices) {
  if (devices.empty()) return {};
  NetlinkSocket socket = TRY(NetlinkSocket::open());
  for (const NetDevicePlan& device : devices) {
    const std::uint32_t index =
        TRY_IN(named(device), find_index(socket, device.name_inside));  // it may have changed on the way
    for (const NetAddress& address : device.addresses)
      TRY_IN(named(device), add_address(socket, index, address));
    NetlinkRequest up(RTM_NEWLINK, 0);
    up.body(link_message(index, IFF_UP, IFF_UP));
    TRY_IN(named(device), socket.send(std::move(up)));
  }
  return {};
}

}  // namespace podo::runtime
