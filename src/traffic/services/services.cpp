// The machine under the driver: sockets, the kernel's rules and addresses.
#include "traffic/services/services.h"

#include "base/io/socket.h"
#include "base/linux/links.h"
#include "traffic/services/driver.h"

namespace podo::services {
namespace {

// Every address of both families; of IPv4 alone where the host has no other.
Task<std::unique_ptr<io::Listener>> listen(io::EpollLoop& loop, std::uint16_t port) {
  auto both = co_await io::listen_socket(loop, io::Address::tcp("::", port)).result();
  if (both) co_return std::unique_ptr<io::Listener>(*std::move(both));
  if (both.error().kind() == ErrorKind::already_exists) co_return Failure(both.error());
  co_return std::unique_ptr<io::Listener>(
      co_await io::listen_socket(loop, io::Address::tcp("0.0.0.0", port)));
}

Result<std::vector<IpAddress>> addresses_of_links() {
  linux::NetlinkSocket socket = TRY(linux::NetlinkSocket::open(NETLINK_ROUTE));
  std::vector<IpAddress> addresses;
  for (const linux::LinkAddress& address : TRY(linux::list_addresses(socket)))
    addresses.push_back(address.address.address);
  return addresses;
}

}  // namespace

Task<std::unique_ptr<Services>> Services::open(const ServicesGround& ground, ServicesOptions options) {
  io::EpollLoop& loop = ground.loop;
  io::BlockingPool& pool = ground.pool;
  auto rules = co_await ServiceRules::open({ground.pool, ground.log}, options.rules);
  client::Client& controllers = ground.controllers != nullptr ? *ground.controllers : ground.client;
  co_return make_services(
      {.loop = loop,
       .client = ground.client,
       .controllers = controllers,
       .clock = ground.clock,
       .log = ground.log,
       .listen = [&loop](std::uint16_t port) { return listen(loop, port); },
       .own_addresses = [&pool] { return pool.run([] { return addresses_of_links(); }); }},
      std::move(options), std::move(rules));
}

}  // namespace podo::services
