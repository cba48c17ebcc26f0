#include "base/linux/netlink_conntrack.h"

#include <netinet/in.h>
//
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

namespace podo::linux {
namespace {

// Which fields of a tuple are compared. No header of the kernel's interface has these numbers.
enum TupleField : std::uint32_t { ip_source = 1 << 0, protocol_number = 1 << 3, destination_port = 1 << 5 };

// A delete with a filter forgets all that match it.
NetlinkRequest forget_request(std::uint8_t nfproto) {
  NetlinkRequest request(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, 0, "forget connections");
  // Version 1: the family counts, too.
  request.body(nfgenmsg{.nfgen_family = nfproto, .version = 1, .res_id = 0});
  return request;
}

Result<> forget(const NetlinkRequest& request) {
  NetlinkSocket socket = TRY(NetlinkSocket::open(NETLINK_NETFILTER));
  Result<> forgotten = socket.send(request);
  if (!forgotten && forgotten.error().system_errno() == ENOENT) return {};  // there were none
  return forgotten;
}

}  // namespace

Result<> forget_flows_to(std::uint8_t protocol, const IpAddress& answering) {
  NetlinkRequest request = forget_request(answering.is_v4() ? NFPROTO_IPV4 : NFPROTO_IPV6);
  request.nested(CTA_TUPLE_REPLY, [&](NetlinkAttributes& tuple) {
    tuple.nested(CTA_TUPLE_IP, [&](NetlinkAttributes& ip) {
      ip.attribute(answering.is_v4() ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, answering.bytes());
    });
    tuple.nested(CTA_TUPLE_PROTO,
                 [&](NetlinkAttributes& proto) { proto.byte_attribute(CTA_PROTO_NUM, protocol); });
  });
  request.nested(CTA_FILTER, [](NetlinkAttributes& filter) {
    filter.attribute(CTA_FILTER_ORIG_FLAGS, std::uint32_t{0});
    filter.attribute(CTA_FILTER_REPLY_FLAGS, std::uint32_t{ip_source | protocol_number});
  });
  return forget(request);
}

Result<> forget_flows_to_port(std::uint8_t protocol, std::uint8_t nfproto, std::uint16_t port) {
  NetlinkRequest request = forget_request(nfproto);
  const std::uint16_t big_endian = htons(port);
  request.nested(CTA_TUPLE_ORIG, [&](NetlinkAttributes& tuple) {
    tuple.nested(CTA_TUPLE_PROTO, [&](NetlinkAttributes& proto) {
      proto.byte_attribute(CTA_PROTO_NUM, protocol);
      proto.attribute(CTA_PROTO_DST_PORT,
                      std::string_view(reinterpret_cast<const char*>(&big_endian), sizeof big_endian));
    });
  });
  request.nested(CTA_FILTER, [](NetlinkAttributes& filter) {
    filter.attribute(CTA_FILTER_ORIG_FLAGS, std::uint32_t{protocol_number | destination_port});
    filter.attribute(CTA_FILTER_REPLY_FLAGS, std::uint32_t{0});
  });
  return forget(request);
}

}  // namespace podo::linux
