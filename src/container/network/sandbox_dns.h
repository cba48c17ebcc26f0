// The DNS server of one sandbox, at 127.0.0.11:53 inside it.
//
// Its sockets are bound to a port the kernel chooses, so that a container may have port 53 of every address
// for itself. A table in the sandbox rewrites the ports on the way:
//
//   table ip podo_dns, chain output:  to 127.0.0.11:53 -> its port; from its port -> 53
//
// Both directions pass that chain (client and server stand in the same namespace), so no connection has to be
// tracked, and traffic of the container pays nothing.
#pragma once

#include "base/dns/exchange.h"
#include "base/dns/server.h"
#include "container/network/sandboxes.h"

namespace podo::network {

struct DnsSockets {
  io::Fd udp, tcp;
};
inline constexpr auto embedded_dns_address = "127.0.0.11";

// Sockets and the table, in the network namespace the thread stands in. Blocks. In a used namespace the table
// of an earlier daemon is replaced, which takes the kernel some milliseconds.
enum class Namespace : bool { fresh, used };
Result<DnsSockets> open_dns_sockets(Namespace state);

}  // namespace podo::network
