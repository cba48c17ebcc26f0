// The network of packets_testing.h.
#include "traffic/policy/packets_testing.h"

#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <cstring>

#include "base/linux/links.h"

namespace podo::policy {
namespace {

struct Place {
  sockaddr_storage storage{};
  socklen_t size = 0;
  Place(const IpAddress& address, std::uint16_t port) {
    if (address.is_v4()) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
      std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
      size = sizeof v4;
    } else {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
      size = sizeof v6;
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

void must(Result<> done) { REQUIRE_MESSAGE(done.has_value(), (done ? "" : done.error().message())); }

void send(const linux::LinkRequests& requests) {
  auto socket = *linux::NetlinkSocket::open();
  must(socket.send_all(requests.all()));
}

// Addresses are good at once, nobody is told of shorter ways, and packets are passed on.
void set_up_namespace() {
  for (const char* which : {"all", "default"}) {
    must(linux::write_net_sysctl(text("ipv6/conf/{}/accept_dad", which), "0"));
    must(linux::write_net_sysctl(text("ipv6/conf/{}/forwarding", which), "1"));
    must(linux::write_net_sysctl(text("ipv4/conf/{}/send_redirects", which), "0"));
  }
  must(linux::write_net_sysctl("ipv4/ip_forward", "1"));
  // As routed networks have it: else bridged frames are translated too soon, and go where ports are isolated.
  for (const char* family : {"iptables", "ip6tables"})  // where the kernel has it
    (void)linux::write_net_sysctl(text("bridge/bridge-nf-call-{}", family), "0");
  linux::LinkRequests requests;
  requests.change_link(1, {.up = true});
  send(requests);
}

io::Fd new_namespace() {
  const auto visit = *linux::NetworkNamespaceVisit::enter_new();
  set_up_namespace();
  return *linux::current_network_namespace();
}

std::uint32_t index_of(const std::string& link) {
  auto socket = *linux::NetlinkSocket::open();
  return (*linux::find_link(socket, link))->index;
}

IpPrefix prefix(std::string_view words) { return *IpPrefix::parse(words); }

// Both families have a default route, by way of gateways on the link.
void configure_inside(const io::Fd& place, const std::vector<std::string>& addresses,
                      std::string_view gateway4, std::string_view gateway6) {
  const auto visit = *linux::NetworkNamespaceVisit::enter(place);
  linux::LinkRequests requests;
  requests.change_link(2, {.up = true});
  for (const std::string& address : addresses) requests.add_address(2, prefix(address));
  for (const std::string_view gateway : {gateway4, gateway6}) {
    const IpAddress by = address_of(gateway);
    requests.add_route({.destination = {by, by.bits()}, .link = 2});
    requests.add_route({.destination = prefix(by.is_v4() ? "0.0.0.0/0" : "::/0"), .gateway = by, .link = 2});
  }
  send(requests);
}

}  // namespace

struct PacketWorld::Attempt {
  io::Fd socket;
  bool is_stream = false, came = false;
};

PacketWorld::PacketWorld() : home_(*linux::NetworkNamespaceVisit::enter_new()) {
  set_up_namespace();
  node_ = *linux::current_network_namespace();
  make_bridge();
  for (int number = 1; number <= pods; ++number) make_pod(number);
  make_outside();
  listen_in(node_);
  listen_in(outside_);
  for (const io::Fd& pod : pods_) listen_in(pod);
}

void PacketWorld::make_bridge() {
  linux::LinkRequests requests;
  requests.add_bridge("br0", {0x02, 0, 0, 0, 0, 1}, 1500);
  send(requests);
  linux::LinkRequests more;
  more.change_link("br0", {.up = true});
  more.add_address(index_of("br0"), prefix("10.9.0.254/24"));
  more.add_address(index_of("br0"), prefix("fd00:9::fe/64"));
  send(more);
}

void PacketWorld::make_pod(int number) {
  const io::Fd& pod = pods_.emplace_back(new_namespace());
  const std::string port = text("pod{}", number);
  REQUIRE(linux::add_veth_into(pod, {.name = "eth0", .index = 2, .up = true, .peer = port}));
  linux::LinkRequests requests;
  requests.change_link(port, {.up = true, .master = index_of("br0")});
  requests.change_port(port, {.isolated = true});
  requests.settle_link(port);
  send(requests);
  configure_inside(pod, {text("10.9.0.{}/32", number), text("fd00:9::{}/128", number)}, "10.9.0.254",
                   "fd00:9::fe");
}

void PacketWorld::make_outside() {
  outside_ = new_namespace();
  REQUIRE(linux::add_veth_into(outside_, {.name = "wire", .index = 2, .up = true, .peer = "uplink"}));
  linux::LinkRequests requests;
  requests.change_link("uplink", {.up = true});
  send(requests);
  configure_inside(outside_,
                   {"192.0.2.9/24", "192.0.2.200/24", "10.9.1.6/32", "2001:db8::9/64", "fd00:9:1::6/128"},
                   "192.0.2.1", "2001:db8::1");
  const std::uint32_t uplink = index_of("uplink");
  linux::LinkRequests routes;
  routes.add_address(uplink, prefix("192.0.2.1/24"));
  routes.add_address(uplink, prefix("2001:db8::1/64"));
  routes.add_route(
      {.destination = prefix("10.9.1.0/24"), .gateway = address_of("192.0.2.9"), .link = uplink});
  routes.add_route(
      {.destination = prefix("fd00:9:1::/64"), .gateway = address_of("2001:db8::9"), .link = uplink});
  send(routes);
}

void PacketWorld::listen_in(const io::Fd& place) {
  const auto visit = *linux::NetworkNamespaceVisit::enter(place);
  for (const std::uint16_t port : scene_ports)
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      io::Fd made(::socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));  // of both families
      const Place any(address_of("::"), port);
      REQUIRE(::bind(made.get(), any.get(), any.size) == 0);
      if (type == SOCK_STREAM) REQUIRE(::listen(made.get(), 4096) == 0);
      (type == SOCK_STREAM ? listeners_ : receivers_).push_back(std::move(made));
    }
}

std::vector<IpAddress> PacketWorld::addresses() {
  std::vector<IpAddress> all;
  for (int number = 1; number <= pods; ++number) {
    all.push_back(address_of(text("10.9.0.{}", number)));
    all.push_back(address_of(text("fd00:9::{}", number)));
  }
  for (const std::string_view words :
       {"10.9.1.6", "fd00:9:1::6", "192.0.2.9", "192.0.2.200", "2001:db8::9", "10.9.0.254", "fd00:9::fe"})
    all.push_back(address_of(words));
  return all;
}

bool PacketWorld::is_of_node(const IpAddress& address) {
  return address == address_of("10.9.0.254") || address == address_of("fd00:9::fe");
}

bool PacketWorld::is_of_pod(const IpAddress& address) {
  return !is_of_node(address) &&
         (prefix("10.9.0.0/24").contains(address) || prefix("fd00:9::/64").contains(address));
}

const io::Fd& PacketWorld::place_of(const IpAddress& address) const {
  if (is_of_node(address)) return node_;
  return is_of_pod(address) ? pod(address.bytes().back()) : outside_;
}

// One bit of the answer a connection; `came` null: what is left of earlier ones.
void PacketWorld::drain(std::vector<bool>* came) {
  for (const io::Fd& receiver : receivers_) {
    std::uint32_t number = 0;
    while (::recv(receiver.get(), &number, sizeof number, 0) == sizeof number)
      if (came != nullptr && number < came->size()) (*came)[number] = true;
  }
  for (const io::Fd& listener : listeners_)
    while (io::Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))) {}
}

bool PacketWorld::has_come(Attempt& attempt) {
  if (!attempt.is_stream || attempt.came) return attempt.came;
  pollfd ready{.fd = attempt.socket.get(), .events = POLLOUT, .revents = 0};
  attempt.came = ::poll(&ready, 1, 0) == 1 && (ready.revents & (POLLERR | POLLHUP)) == 0;
  return attempt.came;
}

std::vector<bool> PacketWorld::attempt(const std::vector<Connection>& connections) {
  drain(nullptr);
  std::vector<Attempt> attempts;
  for (std::uint32_t number = 0; number < connections.size(); ++number) {
    const Connection& each = connections[number];
    const auto visit = *linux::NetworkNamespaceVisit::enter(place_of(each.from));
    Attempt& attempt = attempts.emplace_back();
    attempt.is_stream = each.protocol == IPPROTO_TCP;
    attempt.socket =
        io::Fd(::socket(each.from.is_v4() ? AF_INET : AF_INET6,
                        (attempt.is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(attempt.socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    const Place from(each.from, 0), to(each.to, each.port);
    REQUIRE(::bind(attempt.socket.get(), from.get(), from.size) == 0);
    (void)::connect(attempt.socket.get(), to.get(), to.size);
    if (!attempt.is_stream) (void)::send(attempt.socket.get(), &number, sizeof number, 0);
  }
  // What comes comes at once, but on a machine with other work; what does not come is waited for in vain.
  std::vector<bool> came(connections.size());
  for (int quiet = 0; quiet < 3; ++quiet) {
    ::poll(nullptr, 0, 5);
    const std::vector<bool> before = came;
    drain(&came);
    for (std::size_t i = 0; i < attempts.size(); ++i)
      if (attempts[i].is_stream) came[i] = has_come(attempts[i]);
    if (came != before) quiet = -1;
  }
  return came;
}

}  // namespace podo::policy
