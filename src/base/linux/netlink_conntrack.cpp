#include "base/linux/netlink_conntrack.h"

#include <netinet/in.h>
//
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

namespace podo::linux {
namespace {

// Which fields of a tuple are compared. No header of the kernel's interface has these numbers.
enum TupleField : std::uint32_t {
  ip_source = 1 << 0,
  ip_destination = 1 << 1,
  protocol_number = 1 << 3,
  source_port = 1 << 4,
  destination_port = 1 << 5,
};

constexpr std::size_t requests_at_once = 100;  // whose acknowledgements surely find room

NetlinkRequest connections_request(std::uint16_t message, std::uint16_t flags, std::uint8_t nfproto,
                                   std::string what) {
  NetlinkRequest request(NFNL_SUBSYS_CTNETLINK << 8 | message, flags, std::move(what));
  // Version 1: the family counts, too.
  request.body(nfgenmsg{.nfgen_family = nfproto, .version = 1, .res_id = 0});
  return request;
}

void filter_by(NetlinkRequest& request, std::uint32_t asked, std::uint32_t answering) {
  request.nested(CTA_FILTER, [&](NetlinkAttributes& filter) {
    filter.attribute(CTA_FILTER_ORIG_FLAGS, asked);
    filter.attribute(CTA_FILTER_REPLY_FLAGS, answering);
  });
}

std::uint16_t port_of(std::string_view tuple, std::uint16_t type) {
  const std::string_view big_endian = find_attribute(find_attribute(tuple, CTA_TUPLE_PROTO), type);
  std::uint16_t port = 0;
  if (big_endian.size() == sizeof port) __builtin_memcpy(&port, big_endian.data(), sizeof port);
  return ntohs(port);
}

IpAddress address_of(std::string_view tuple, std::uint16_t type4, std::uint16_t type6) {
  const std::string_view addresses = find_attribute(tuple, CTA_TUPLE_IP);
  const std::string_view v4 = find_attribute(addresses, type4);
  return IpAddress::from_bytes(v4.empty() ? find_attribute(addresses, type6) : v4);
}

Flow flow_of(const NetlinkMessage& message) {
  const std::string_view there = message.attribute(sizeof(nfgenmsg), CTA_TUPLE_ORIG),
                         back = message.attribute(sizeof(nfgenmsg), CTA_TUPLE_REPLY);
  return {.asked = address_of(there, CTA_IP_V4_DST, CTA_IP_V6_DST),
          .answering = address_of(back, CTA_IP_V4_SRC, CTA_IP_V6_SRC),
          .asked_port = port_of(there, CTA_PROTO_DST_PORT),
          .answering_port = port_of(back, CTA_PROTO_SRC_PORT)};
}

// Puts what chosen connections have in common into a request.
using Choice = std::function<void(NetlinkRequest&)>;
using IsStale = std::function<bool(const Flow&)>;

// Those that are chosen are listed, and of these the stale are forgotten, each by its name.
Result<> forget_one_by_one(std::uint8_t nfproto, const Choice& choose, const IsStale& is_stale) {
  NetlinkSocket socket = TRY(NetlinkSocket::open(NETLINK_NETFILTER));
  NetlinkRequest request = connections_request(IPCTNL_MSG_CT_GET, NLM_F_DUMP, nfproto, "list connections");
  choose(request);
  std::vector<NetlinkRequest> stale;
  const auto forget_all = [&]() -> Result<> {
    Result<> forgotten = socket.send_all(stale);
    stale.clear();
    if (!forgotten && forgotten.error().system_errno() != ENOENT) return forgotten;  // it ended by itself
    return {};
  };
  for (const NetlinkMessage& message : TRY(socket.ask(request))) {
    if (!is_stale(flow_of(message))) continue;
    stale.push_back(connections_request(IPCTNL_MSG_CT_DELETE, 0, message.body<nfgenmsg>().nfgen_family,
                                        "forget a connection"));
    for (const std::uint16_t type : {CTA_TUPLE_ORIG, CTA_ID})
      stale.back().attribute(type == CTA_ID ? type : type | NLA_F_NESTED,
                             message.attribute(sizeof(nfgenmsg), type));
    if (stale.size() == requests_at_once) TRY(forget_all());
  }
  if (stale.empty()) return {};
  return forget_all();
}

// Since Linux 6.8 a delete with a filter forgets all that match it. Older kernels take it for the name of one
// connection, and an incomplete one.
Result<> forget(std::uint8_t nfproto, const Choice& choose) {
  NetlinkRequest request = connections_request(IPCTNL_MSG_CT_DELETE, 0, nfproto, "forget connections");
  choose(request);
  Result<> forgotten;
  {
    NetlinkSocket socket = TRY(NetlinkSocket::open(NETLINK_NETFILTER));
    forgotten = socket.send(request);
  }
  const int error = forgotten ? 0 : forgotten.error().system_errno();
  if (error == ENOENT) return {};  // there were none
  if (error == EINVAL || error == EOPNOTSUPP)
    return forget_one_by_one(nfproto, choose, [](const Flow&) { return true; });
  return forgotten;
}

}  // namespace

Result<> forget_flows_to(std::uint8_t protocol, const IpAddress& answering) {
  return forget(answering.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6, [&](NetlinkRequest& request) {
    request.nested(CTA_TUPLE_REPLY, [&](NetlinkAttributes& tuple) {
      tuple.nested(CTA_TUPLE_IP, [&](NetlinkAttributes& ip) {
        ip.attribute(answering.is_v4() ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, answering.bytes());
      });
      tuple.nested(CTA_TUPLE_PROTO,
                   [&](NetlinkAttributes& proto) { proto.byte_attribute(CTA_PROTO_NUM, protocol); });
    });
    filter_by(request, 0, ip_source | protocol_number);
  });
}

Result<> forget_flows_to_port(std::uint8_t protocol, std::uint8_t nfproto, std::uint16_t port) {
  return forget(nfproto, [&](NetlinkRequest& request) {
    const std::uint16_t big_endian = htons(port);
    request.nested(CTA_TUPLE_ORIG, [&](NetlinkAttributes& tuple) {
      tuple.nested(CTA_TUPLE_PROTO, [&](NetlinkAttributes& proto) {
        proto.byte_attribute(CTA_PROTO_NUM, protocol);
        proto.attribute(CTA_PROTO_DST_PORT,
                        std::string_view(reinterpret_cast<const char*>(&big_endian), sizeof big_endian));
      });
    });
    filter_by(request, protocol_number | destination_port, 0);
  });
}

Result<> forget_flows_like(std::uint8_t protocol, const Flow& flow) {
  const bool v4 = flow.answering.is_v4();
  return forget(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6, [&](NetlinkRequest& request) {
    const auto put_tuple = [&](std::uint16_t tuple_type, std::uint16_t address_type, const IpAddress& address,
                               std::uint16_t port_type, std::uint16_t port) {
      const std::uint16_t big_endian = htons(port);
      request.nested(tuple_type, [&](NetlinkAttributes& tuple) {
        if (address)
          tuple.nested(CTA_TUPLE_IP,
                       [&](NetlinkAttributes& ip) { ip.attribute(address_type, address.bytes()); });
        tuple.nested(CTA_TUPLE_PROTO, [&](NetlinkAttributes& proto) {
          proto.byte_attribute(CTA_PROTO_NUM, protocol);
          proto.attribute(port_type,
                          std::string_view(reinterpret_cast<const char*>(&big_endian), sizeof big_endian));
        });
      });
    };
    put_tuple(CTA_TUPLE_ORIG, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, flow.asked, CTA_PROTO_DST_PORT,
              flow.asked_port);
    put_tuple(CTA_TUPLE_REPLY, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, flow.answering, CTA_PROTO_SRC_PORT,
              flow.answering_port);
    filter_by(request, protocol_number | destination_port | (flow.asked ? ip_destination : 0),
              protocol_number | source_port | ip_source);
  });
}

Result<> forget_flows(std::uint8_t protocol, std::uint8_t nfproto, const IsStale& is_stale) {
  const auto of_protocol = [&](NetlinkRequest& request) {
    request.nested(CTA_TUPLE_ORIG, [&](NetlinkAttributes& tuple) {
      tuple.nested(CTA_TUPLE_PROTO,
                   [&](NetlinkAttributes& proto) { proto.byte_attribute(CTA_PROTO_NUM, protocol); });
    });
    filter_by(request, protocol_number, 0);
  };
  return forget_one_by_one(nfproto, of_protocol, is_stale);
}

}  // namespace podo::linux
