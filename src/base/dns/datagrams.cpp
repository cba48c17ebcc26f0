#include "base/dns/datagrams.h"

#include <netinet/in.h>

#include <cstring>

namespace podo::dns {
Peer::Peer(const IpAddress& address, std::uint16_t port) {
  if (address.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
    size = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    if (address) std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
    size = sizeof v6;
  }
}

IpAddress Peer::address() const {
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    return IpAddress::from_bytes({reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr});
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
  return IpAddress::from_bytes({reinterpret_cast<const char*>(&v6.sin6_addr), sizeof v6.sin6_addr});
}

std::uint16_t Peer::port() const {
  return ntohs(storage.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(storage).sin_port
                                            : reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
}

Result<io::Fd> Datagrams::connected_to(const Peer& peer) {
  io::Fd socket(::socket(peer.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed_errno(errno, "open a UDP socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&peer.storage), peer.size) != 0)
    return failed_errno(errno, "reach {}", peer.address().to_text());
  return socket;
}

io::Task<Datagrams::Datagram> Datagrams::receive(std::size_t bytes_max) {
  co_await io::checkpoint();
  Datagram datagram;
  datagram.bytes.resize(bytes_max);
  for (;;) {
    const ssize_t count =
        ::recvfrom(socket_.get(), datagram.bytes.data(), bytes_max, 0,
                   reinterpret_cast<sockaddr*>(&datagram.from.storage), &datagram.from.size);
    if (count >= 0) {
      datagram.bytes.resize(static_cast<std::size_t>(count));
      co_return datagram;
    }
    if (errno == EAGAIN) co_await ready_.readable();
    else if (errno != EINTR) co_return failed_errno(errno, "receive a datagram");
  }
}

Result<> Datagrams::send(std::string_view bytes) {
  if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
    return failed_errno(errno, "send a datagram");
  return {};
}

Result<> Datagrams::send_to(std::string_view bytes, const Peer& peer) {
  if (::sendto(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&peer.storage), peer.size) < 0 &&
      errno != EAGAIN)
    return failed_errno(errno, "send a datagram");
  return {};
}

}  // namespace podo::dns
