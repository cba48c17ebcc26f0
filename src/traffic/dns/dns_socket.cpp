#include <netinet/in.h>
#include <sys/socket.h>

#include "base/dns/datagrams.h"
#include "traffic/dns/cluster_dns.h"

namespace podo::cluster_dns {
namespace {

constexpr int receive_bytes = 1 << 20;  // a thousand queries that wait; used only while they do
constexpr int backlog = 128;

void set_on(int socket, int level, int option) {
  const int on = 1;
  ::setsockopt(socket, level, option, &on, sizeof on);
}

Result<io::Fd> bind_socket(const IpAddress& address, std::uint16_t port, int type) {
  const dns::Peer place(address, port);
  io::Fd socket(::socket(place.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed_errno(errno, "open a socket for DNS");
  if (address.is_v6()) {
    set_on(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY);
    set_on(socket.get(), IPPROTO_IPV6, IPV6_FREEBIND);  // the kernel is still asking whether it is free
  } else {
    set_on(socket.get(), IPPROTO_IP, IP_FREEBIND);
  }
  if (type == SOCK_STREAM) set_on(socket.get(), SOL_SOCKET, SO_REUSEADDR);
  else ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&place.storage), place.size) != 0)
    return failed_errno(errno, "listen for DNS at {} port {}", address.to_text(), port);
  return socket;
}

}  // namespace

Result<DnsSocket> open_dns_socket(const IpAddress& address, std::uint16_t port) {
  DnsSocket socket{TRY(bind_socket(address, port, SOCK_DGRAM)), TRY(bind_socket(address, port, SOCK_STREAM))};
  if (::listen(socket.tcp.get(), backlog) != 0) return failed_errno(errno, "listen for DNS");
  return socket;
}

}  // namespace podo::cluster_dns
