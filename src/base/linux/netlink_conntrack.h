// What the kernel remembers of connections (conntrack), as far as it has to be made to forget: a flow of
// datagrams that goes on keeps the translation it began with, however the rules have changed since.
#pragma once

#include "base/core/ip_address.h"
#include "base/linux/netlink.h"

namespace podo::linux {

// Of the network namespace of the calling thread. Blocking; unsupported before Linux 5.8.
Result<> forget_flows_to(std::uint8_t protocol, const IpAddress& answering);  // whoever answers there
Result<> forget_flows_to_port(std::uint8_t protocol, std::uint8_t nfproto,
                              std::uint16_t port);  // as it was asked for

}  // namespace podo::linux
