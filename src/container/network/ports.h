// Ports of the host, held: a claim is a bound socket, so that no other program takes the port while its
// packets lead to a container, and nobody publishes twice. TCP claims listen as well: what the packet filter
// does not translate ([::1], IPv6 to a container without it, a flushed table) arrives here and is relayed,
// UDP likewise.
//
// Lives on the daemon's loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/core/ip_address.h"
#include "base/core/log.h"
#include "base/io/epoll_loop.h"
#include "base/io/fd.h"
#include "base/io/group.h"
#include "base/io/network.h"

namespace podo::network {

struct HostPort {
  std::uint8_t protocol = 0;  // IPPROTO_*
  IpAddress address;          // unspecified: every one of the family
  std::uint16_t port = 0;
  auto operator<=>(const HostPort&) const = default;
};
Result<std::uint8_t> protocol_number(std::string_view name);  // tcp, udp, sctp

// already_exists (EADDRINUSE), unavailable (EADDRNOTAVAIL: not an address of this host)...
Result<io::Fd> hold_port(const HostPort& port);

// Passes connections to a held TCP port, and datagrams to a held UDP one, on to where `target` says at that
// moment; none: they are closed, or dropped.
class PortRelay {
 public:
  using Target = std::function<std::optional<io::Address>()>;
  PortRelay(io::EpollLoop& loop, io::Fd held, HostPort port, Target target);

 private:
  io::TaskGroup group_;
};

}  // namespace podo::network
