#include "container/network/ports.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>

#include "base/io/combine.h"
#include "base/io/socket.h"

namespace podo::network {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  explicit SocketAddress(const HostPort& port) {
    if (port.address.is_v4()) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port.port);
      std::memcpy(&v4.sin_addr, port.address.bytes().data(), sizeof v4.sin_addr);
      size = sizeof v4;
    } else {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port.port);
      std::memcpy(&v6.sin6_addr, port.address.bytes().data(), sizeof v6.sin6_addr);
      size = sizeof v6;
    }
  }
};

io::Task<void> copy(io::Stream& from, io::Stream& to) {
  std::byte buffer[16 << 10];
  for (;;) {
    const std::size_t count = co_await from.read(buffer);
    if (count == 0) break;
    co_await to.write(std::span<const std::byte>(buffer, count));
  }
  co_await to.finish();
}

io::Task<void> relay(io::EpollLoop& loop, std::unique_ptr<io::Socket> client, PortRelay::Target target) {
  const auto address = target();
  if (!address) co_return;
  auto server = co_await io::connect_socket(loop, *address).result();
  if (!server) co_return;  // the client sees its connection end
  (void)co_await io::all(copy(*client, **server), copy(**server, *client)).result();
}

io::Task<void> accept_all(io::EpollLoop& loop, io::TaskGroup& group, io::Fd held, HostPort port,
                          PortRelay::Target target) {
  io::SocketListener listener(loop, std::move(held), io::Address::tcp(port.address.to_text(), port.port));
  for (;;) {
    auto client = co_await listener.accept_socket().result();
    if (client) group.spawn(relay(loop, *std::move(client), target), "relay of a published port");
    else if (client.error().kind() == ErrorKind::cancelled) co_return;
    else co_await io::sleep(milliseconds(100));  // out of descriptors: others will be given back
  }
}

}  // namespace

Result<std::uint8_t> protocol_number(std::string_view name) {
  if (name == "tcp") return std::uint8_t{IPPROTO_TCP};
  if (name == "udp") return std::uint8_t{IPPROTO_UDP};
  if (name == "sctp") return std::uint8_t{IPPROTO_SCTP};
  return invalid("invalid protocol: {}", name);
}

Result<io::Fd> hold_port(const HostPort& port) {
  const bool tcp = port.protocol == IPPROTO_TCP, v6 = port.address.is_v6();
  const int type = (port.protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  io::Fd held(::socket(v6 ? AF_INET6 : AF_INET, type, port.protocol));
  if (!held) return failed_errno(errno, "open a socket");
  const int on = 1;
  if (v6) ::setsockopt(held.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  // Relayed connections that wait out their time do not hold the port; a listener does, so listen at once.
  if (tcp) ::setsockopt(held.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const SocketAddress address(port);
  if (::bind(held.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0)
    return failed_errno(errno, "bind");
  if (tcp && ::listen(held.get(), SOMAXCONN) != 0) return failed_errno(errno, "listen");
  return held;
}

PortRelay::PortRelay(io::EpollLoop& loop, io::Fd held, HostPort port, Target target) : group_(loop) {
  group_.spawn(accept_all(loop, group_, std::move(held), port, std::move(target)), "a published port");
}

}  // namespace podo::network
