#include "container/network/ports.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <map>
#include <memory>

#include "base/dns/datagrams.h"
#include "base/io/combine.h"
#include "base/io/socket.h"

namespace podo::network {
namespace {

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

// --- datagrams --------------------------------------------------------------------------------------------

constexpr std::size_t datagram_bytes_max = 65535, flows_max = 1024;
constexpr Duration flow_idle = seconds(90);

// What comes from one client goes on from a socket of its own, by which the answers are known.
struct Flows {
  Flows(io::EpollLoop& l, io::Fd held) : loop(l), clients(l, std::move(held)), group(l) {}
  io::EpollLoop& loop;
  dns::Datagrams clients;
  std::map<std::string, std::shared_ptr<dns::Datagrams>> by_client;
  io::TaskGroup group;  // last: its strands use what stands above
};

std::string key_of(const dns::Peer& peer) {
  return std::string(peer.address().bytes()) + text(" {}", peer.port());
}

io::Task<void> pass_answers(Flows& flows, std::shared_ptr<dns::Datagrams> server, dns::Peer client) {
  for (;;) {
    auto answer = co_await io::deadline(server->receive(datagram_bytes_max), flow_idle).result();
    if (!answer) break;
    (void)flows.clients.send_to(answer->bytes, client);
  }
  flows.by_client.erase(key_of(client));
}

io::Task<void> relay_datagrams(io::EpollLoop& loop, io::Fd held, PortRelay::Target target) {
  Flows flows(loop, std::move(held));
  for (;;) {
    auto asked = co_await flows.clients.receive(datagram_bytes_max).result();
    if (!asked && asked.error().kind() == ErrorKind::cancelled) co_return;
    const auto address = target();
    if (!asked || !address) continue;
    std::shared_ptr<dns::Datagrams>& server = flows.by_client[key_of(asked->from)];
    if (server == nullptr && flows.by_client.size() <= flows_max) {
      const auto ip = IpAddress::parse(address->host);
      auto socket = ip ? dns::Datagrams::connected_to(dns::Peer(*ip, address->port)) : Failure(ip.error());
      if (socket) {
        server = std::make_shared<dns::Datagrams>(loop, *std::move(socket));
        flows.group.spawn(pass_answers(flows, server, asked->from), "relay of datagrams");
      }
    }
    if (server != nullptr) (void)server->send(asked->bytes);
    else flows.by_client.erase(key_of(asked->from));
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
  const dns::Peer address(port.address, port.port);
  if (::bind(held.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0)
    return failed_errno(errno, "bind");
  if (tcp && ::listen(held.get(), SOMAXCONN) != 0) return failed_errno(errno, "listen");
  return held;
}

PortRelay::PortRelay(io::EpollLoop& loop, io::Fd held, HostPort port, Target target) : group_(loop) {
  if (port.protocol == IPPROTO_UDP)
    group_.spawn(relay_datagrams(loop, std::move(held), std::move(target)), "a published port");
  else group_.spawn(accept_all(loop, group_, std::move(held), port, std::move(target)), "a published port");
}

}  // namespace podo::network
