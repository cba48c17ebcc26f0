// A machine of its own for tests: a network namespace that plays the host, one beside it that plays the
// world, a store in memory, and sockets anywhere. Root only; without it can_run() says so.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "base/io/epoll_loop.h"
#include "base/linux/links.h"
#include "base/linux/namespaces.h"
#include "base/store/memory_store.h"
#include "container/network/networks.h"
#include "container/network/traffic_testing.h"

namespace podo::network {

inline bool can_run() {
  if (::geteuid() == 0) return true;
  MESSAGE("skipped: network namespaces need root");
  return false;
}

class KeptLog final : public Log {
 public:
  void write(LogLevel level, std::string_view message) override {
    if (level >= LogLevel::warning) lines += text("{}\n", message);
  }
  std::string lines;
};

// Members die in reverse: last of all the thread goes home.
class TestMachine {
 public:
  TestMachine() : home(*linux::NetworkNamespaceVisit::enter_new()) {
    host = *linux::current_network_namespace();
    {
      const auto visit = *linux::NetworkNamespaceVisit::enter_new();
      world = *linux::current_network_namespace();
    }
    char name[] = "/tmp/podo-network-XXXXXX";
    folder = ::mkdtemp(name);
    must(linux::write_net_sysctl("ipv4/ip_forward", "0"));
    linux::LinkRequests wires;
    wires.change_link(1, {.up = true});
    must(send(wires));
    must(linux::add_veth_into(world, {.name = "wire", .index = 50, .peer = "uplink"}));
    configure(host, "uplink", {"198.51.100.1/24", "2001:db8:1::1/64"});
    configure(world, "wire", {"198.51.100.9/24", "2001:db8:1::9/64"});
    store = store::make_memory_store(loop, random);
  }
  ~TestMachine() {
    if (networks) must(loop.run(networks->close(true)));
    networks.reset();
    ::rmdir((folder + "/netns").c_str());
    ::rmdir(folder.c_str());
  }

  NetworksGround ground() { return {loop, pool, *store, random, clock, log}; }
  void open(NetworksOptions options = {}) {
    options.run_folder = folder;
    if (options.prefix.empty()) options.prefix = "podotest";
    auto opened = loop.run(Networks::open(ground(), std::move(options)));
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message()));
    networks = *std::move(opened);
  }
  // The daemon is gone as by kill -9: what it had in memory and its descriptors.
  void crash() { networks.reset(); }

  template <class T>
  T run(Task<T> task) {
    auto outcome = loop.run(std::move(task));
    REQUIRE_MESSAGE(outcome.has_value(), (outcome ? "" : outcome.error().message()));
    if constexpr (!std::is_void_v<T>) return *std::move(outcome);
  }
  template <class T>
  Error fails(Task<T> task) {
    auto outcome = loop.run(std::move(task));
    REQUIRE(!outcome.has_value());
    return std::move(outcome).error();
  }

  // A container on the networks named.
  std::vector<Endpoint> container(const std::string& id, const std::vector<std::string>& on) {
    run(networks->make_sandbox(id));
    std::vector<Endpoint> endpoints;
    for (const std::string& network : on)
      endpoints.push_back(
          run(networks->attach(network, {.container_id = id, .container_name = "name-" + id})));
    return endpoints;
  }
  io::Fd sandbox(const std::string& id) {
    auto opened = linux::open_pinned_namespace(folder + "/netns/" + id);
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message()));
    return *std::move(opened);
  }
  std::vector<linux::Link> links(const io::Fd& where) {
    const auto visit = *linux::NetworkNamespaceVisit::enter(where);
    auto socket = *linux::NetlinkSocket::open();
    return *linux::list_links(socket);
  }

  std::vector<PublishedPort> publish(const std::string& id, PublishedPort port) {
    return run(networks->publish(id, {std::move(port)}));
  }
  linux::Link link(const io::Fd& where, std::string_view name) {
    for (linux::Link& link : links(where))
      if (link.name == name) return std::move(link);
    return {};
  }
  std::ptrdiff_t count_links(std::string_view prefix) {
    const auto all = links(host);
    return std::ranges::count_if(all, [&](const linux::Link& link) { return link.name.starts_with(prefix); });
  }
  void add_route(const io::Fd& where, linux::RouteWish route) {
    const auto visit = *linux::NetworkNamespaceVisit::enter(where);
    route.replaces = true;
    linux::LinkRequests requests;
    requests.add_route(route);
    must(send(requests));
  }
  void route_from_world(const std::string& to) {
    add_route(
        world,
        {.destination = *IpPrefix::parse(to), .gateway = *IpAddress::parse("198.51.100.1"), .link = 50});
  }
  linux::Route default_route(const io::Fd& where) {
    const auto visit = *linux::NetworkNamespaceVisit::enter(where);
    auto socket = *linux::NetlinkSocket::open();
    for (const linux::Route& route : *linux::list_routes(socket, AF_INET))
      if (route.destination.length == 0) return route;
    return {};
  }
  // What a reboot takes away.
  void lose_kernel_state() {
    linux::LinkRequests requests;
    for (const linux::Link& link : links(host))
      if (!link.alias.empty()) requests.remove_link(link.name);
    must(send(requests));
    must(linux::write_net_sysctl("ipv4/ip_forward", "0"));
    must(linux::unpin_namespace(folder + "/netns/a"));
    io::Fd(::open((folder + "/netns/a").c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0444));
  }
  // For what this process relays: its loop has to run meanwhile.
  using Exchange = std::string (*)(const io::Fd&, const io::Fd&, const std::string&, std::uint16_t);
  std::string relayed(const io::Fd& listener, const io::Fd& from, const std::string& address,
                      std::uint16_t port, Exchange exchange = visitor) {
    return run(relayed_task(*this, exchange, listener.get(), from.get(), address, port));
  }

  linux::NetworkNamespaceVisit home;
  io::Fd host, world;
  std::string folder;
  KeptLog log;
  SystemRandom random;
  SystemClock clock;
  io::EpollLoop loop;
  io::BlockingPool pool{4};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Networks> networks;

 private:
  static Task<std::string> relayed_task(TestMachine& machine, Exchange exchange, int listener, int from,
                                        std::string address, std::uint16_t port) {
    co_return co_await machine.pool.run([exchange, listener, from, address, port]() -> Result<std::string> {
      return exchange(io::Fd(::dup(listener)), io::Fd(::dup(from)), address, port);
    });
  }
  static void must(const Result<>& outcome) {
    REQUIRE_MESSAGE(outcome.has_value(), (outcome ? "" : outcome.error().message()));
  }
  static Result<> send(const linux::LinkRequests& requests) {
    auto socket = TRY(linux::NetlinkSocket::open());
    return socket.send_all(requests.all());
  }
  void configure(const io::Fd& where, const std::string& name, const std::vector<std::string>& addresses) {
    const auto visit = *linux::NetworkNamespaceVisit::enter(where);
    auto socket = *linux::NetlinkSocket::open();
    const std::uint32_t index = (*linux::find_link(socket, name))->index;
    linux::LinkRequests requests;
    requests.change_link(1, {.up = true});
    requests.change_link(index, {.up = true});
    for (const std::string& address : addresses) requests.add_address(index, *IpPrefix::parse(address));
    must(socket.send_all(requests.all()));
  }
};

}  // namespace podo::network
