#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "base/linux/links.h"

namespace podo::linux {
namespace {

LinkStatistics statistics_of(std::string_view payload) {
  rtnl_link_stats64 stats{};
  __builtin_memcpy(&stats, payload.data(), std::min(payload.size(), sizeof stats));
  return {.rx_packets = stats.rx_packets,
          .tx_packets = stats.tx_packets,
          .rx_bytes = stats.rx_bytes,
          .tx_bytes = stats.tx_bytes,
          .rx_errors = stats.rx_errors,
          .tx_errors = stats.tx_errors,
          .rx_dropped = stats.rx_dropped,
          .tx_dropped = stats.tx_dropped};
}

Link link_of(const NetlinkMessage& message) {
  const auto body = message.body<ifinfomsg>();
  const auto payload = [&](std::uint16_t type) { return message.attribute(sizeof body, type); };
  return {.index = static_cast<std::uint32_t>(body.ifi_index),
          .mtu = number_of(payload(IFLA_MTU)),
          .master = number_of(payload(IFLA_MASTER)),
          .name = std::string(text_of(payload(IFLA_IFNAME))),
          .alias = std::string(text_of(payload(IFLA_IFALIAS))),
          .kind = std::string(text_of(find_attribute(payload(IFLA_LINKINFO), IFLA_INFO_KIND))),
          .mac = std::string(payload(IFLA_ADDRESS)),
          .up = (body.ifi_flags & IFF_UP) != 0,
          .statistics = statistics_of(payload(IFLA_STATS64))};
}

}  // namespace

Result<std::vector<Link>> list_links(NetlinkSocket& socket) {
  NetlinkRequest request(RTM_GETLINK, NLM_F_DUMP, "list links");
  request.body(ifinfomsg{});
  std::vector<Link> links;
  for (const NetlinkMessage& message : TRY(socket.ask(request))) links.push_back(link_of(message));
  return links;
}

Result<std::optional<Link>> find_link(NetlinkSocket& socket, const std::string& name) {
  NetlinkRequest request(RTM_GETLINK, 0, text("find link {}", name));
  request.body(ifinfomsg{}).text_attribute(IFLA_IFNAME, name);
  auto answers = socket.ask(request);
  if (!answers && answers.error().system_errno() == ENODEV) return std::optional<Link>();
  if (!answers) return Failure(std::move(answers).error());
  if (answers->empty()) return std::optional<Link>();
  return std::optional(link_of(answers->front()));
}

Result<std::vector<Route>> list_routes(NetlinkSocket& socket, std::uint8_t family) {
  NetlinkRequest request(RTM_GETROUTE, NLM_F_DUMP, "list routes");
  rtmsg asked{};
  asked.rtm_family = family;
  request.body(asked);
  std::vector<Route> routes;
  for (const NetlinkMessage& message : TRY(socket.ask(request))) {
    const auto body = message.body<rtmsg>();
    if (body.rtm_type != RTN_UNICAST || body.rtm_family != family) continue;
    const auto payload = [&](std::uint16_t type) { return message.attribute(sizeof body, type); };
    IpAddress destination = IpAddress::from_bytes(payload(RTA_DST));
    if (!destination) destination = IpAddress::from_bytes(std::string(family == AF_INET6 ? 16 : 4, '\0'));
    const std::uint32_t table = number_of(payload(RTA_TABLE));
    routes.push_back({.destination = {destination, body.rtm_dst_len},
                      .link = number_of(payload(RTA_OIF)),
                      .table = table != 0 ? table : body.rtm_table,
                      .metric = number_of(payload(RTA_PRIORITY)),
                      .gateway = IpAddress::from_bytes(payload(RTA_GATEWAY))});
  }
  return routes;
}

Result<std::vector<LinkAddress>> list_addresses(NetlinkSocket& socket) {
  NetlinkRequest request(RTM_GETADDR, NLM_F_DUMP, "list addresses");
  request.body(ifaddrmsg{});
  std::vector<LinkAddress> addresses;
  for (const NetlinkMessage& message : TRY(socket.ask(request))) {
    const auto body = message.body<ifaddrmsg>();
    std::string_view local = message.attribute(sizeof body, IFA_LOCAL);
    if (local.empty()) local = message.attribute(sizeof body, IFA_ADDRESS);  // IPv6 has only this one
    if (const IpAddress address = IpAddress::from_bytes(local))
      addresses.push_back({body.ifa_index, {address, body.ifa_prefixlen}});
  }
  return addresses;
}

}  // namespace podo::linux
