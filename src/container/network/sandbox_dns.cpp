#include "container/network/sandbox_dns.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/dns/datagrams.h"
#include "base/linux/nftables.h"

namespace podo::network {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr int raw_priority = -300;  // before connections are tracked, should the container do that

struct Bound {
  io::Fd socket;
  std::uint16_t port = 0;
};
Result<Bound> bind_somewhere(int type) {
  Bound bound{io::Fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
  dns::Peer place(*IpAddress::parse(embedded_dns_address), 0);
  const auto address = [&] { return reinterpret_cast<sockaddr*>(&place.storage); };
  if (!bound.socket || ::bind(bound.socket.get(), address(), place.size) != 0 ||
      ::getsockname(bound.socket.get(), address(), &place.size) != 0)
    return failed_errno(errno, "open a socket for DNS");
  bound.port = place.port();
  return bound;
}

void rewrite_ports(linux::NftBatch& batch, std::uint8_t protocol, std::uint16_t port) {
  using linux::NftRule;
  const IpPrefix server{*IpAddress::parse(embedded_dns_address), 32};
  batch.add_rule(
      "output",
      NftRule().destination(server).protocol(protocol).destination_port(dns_port).set_destination_port(
          protocol, port));
  batch.add_rule("output", NftRule().source(server).protocol(protocol).source_port(port).set_source_port(
                               protocol, dns_port));
}

}  // namespace

Result<DnsSockets> open_dns_sockets(Namespace state) {
  Bound udp = TRY(bind_somewhere(SOCK_DGRAM)), tcp = TRY(bind_somewhere(SOCK_STREAM));
  if (::listen(tcp.socket.get(), 16) != 0) return failed_errno(errno, "listen for DNS");
  linux::NftBatch batch(NFPROTO_IPV4, "podo_dns");
  batch.add_table();
  if (state == Namespace::used) {
    batch.remove_table();
    batch.add_table();
  }
  batch.add_chain({"output", "filter", NF_INET_LOCAL_OUT, raw_priority});
  rewrite_ports(batch, IPPROTO_UDP, udp.port);
  rewrite_ports(batch, IPPROTO_TCP, tcp.port);
  TRY(batch.commit());
  return DnsSockets{std::move(udp.socket), std::move(tcp.socket)};
}

}  // namespace podo::network
