// What the kernel remembers of connections (conntrack), as far as it has to be made to forget: a flow of
// datagrams that goes on keeps the translation it began with, however the rules have changed since.
#pragma once

#include <functional>

#include "base/core/ip_address.h"
#include "base/linux/netlink.h"

namespace podo::linux {

// Of the network namespace of the calling thread. Blocking; unsupported before Linux 5.8.
Result<> forget_flows_to(std::uint8_t protocol, const IpAddress& answering);  // whoever answers there
Result<> forget_flows_to_port(std::uint8_t protocol, std::uint8_t nfproto,
                              std::uint16_t port);  // as it was asked for

// Where a flow was sent, and who answers.
struct Flow {
  IpAddress asked, answering;
  std::uint16_t asked_port = 0, answering_port = 0;
};
// Of a protocol with ports. Those that were sent there and are answered so; an `asked` that is none is any.
Result<> forget_flows_like(std::uint8_t protocol, const Flow& flow);
// All flows of it are looked at here: for when many are stale.
Result<> forget_flows(std::uint8_t protocol, std::uint8_t nfproto,
                      const std::function<bool(const Flow&)>& is_stale);

}  // namespace podo::linux
