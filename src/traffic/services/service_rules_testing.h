// A node in network namespaces, for tests of its rules: a host with a bridge of pods (routed, as the node
// makes them, with or without br_netfilter) and a link to the world, where a client stands. Root only;
// without it can_run() says so.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/io/epoll_loop.h"
#include "base/linux/links.h"
#include "container/network/traffic_testing.h"
#include "traffic/services/service_rules.h"

namespace podo::services {

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

inline Backend backend(std::string_view address, std::uint16_t port, bool here = true) {
  return {*IpAddress::parse(address), port, here};
}
inline FrontKey front_at(std::string_view address, std::uint8_t protocol, std::uint16_t port) {
  return {*IpAddress::parse(address), protocol, port};
}

// The pod with number n is 10.244.0.(10 + n), fd00:244::(10 + n).
class TestNode {
 public:
  static constexpr int pods_max = 4;

  explicit TestNode(bool bridged_is_filtered = false)
      : filters_bridged(bridged_is_filtered),
        home(*linux::NetworkNamespaceVisit::enter_new()),
        host(*linux::current_network_namespace()) {
    world = another();
    linux::LinkRequests wires;
    wires.change_link(1, {.up = true});
    wires.add_bridge("br0", {2, 0, 0, 0, 0, 1}, 1500);
    must(send(wires));
    must(linux::add_veth_into(world, {.name = "wire", .index = 50, .peer = "uplink"}));
    configure(host, "uplink", {"198.51.100.1/24", "2001:db8:1::1/64"});
    configure(world, "wire", {"198.51.100.9/24", "2001:db8:1::9/64", "198.51.100.10/24"});
    configure(host, "br0", {"10.244.0.1/24", "fd00:244::1/64"});
    route(host, "br0", "10.96.0.0/16");
    route(host, "br0", "fd00:96::/108");
    // As the networks of containers have it.
    for (const char* family : {"iptables", "ip6tables"})  // which not every kernel has
      (void)linux::write_net_sysctl(text("bridge/bridge-nf-call-{}", family),
                                    bridged_is_filtered ? "1" : "0");
    for (const char* name : {"ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/br0/route_localnet"})
      must(linux::write_net_sysctl(name, "1"));
    for (const char* name : {"ipv4/conf/all/send_redirects", "ipv4/conf/br0/send_redirects"})
      must(linux::write_net_sysctl(name, "0"));
    for (int n = 0; n < pods_max; ++n) pods.push_back(pod(n));
  }

  static std::string address_of(int n, bool v6 = false) {
    return v6 ? text("fd00:244::{}", 10 + n) : text("10.244.0.{}", 10 + n);
  }
  static Backend of_pod(int n, std::uint16_t port = 8080, bool v6 = false) {
    return backend(address_of(n, v6), port);
  }

  void open(RulesOptions options = default_options()) {
    auto opened = loop.run(ServiceRules::open({pool, log}, std::move(options)));
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message()));
    rules = *std::move(opened);
  }
  static RulesOptions default_options() {
    return {.table = "podotest-services",
            .bridges = {"br0"},
            .cluster_ips = {*IpPrefix::parse("10.96.0.0/16"), *IpPrefix::parse("fd00:96::/108")}};
  }
  void apply(const ServiceTable& table) {
    if (!rules) open();
    must(loop.run(rules->apply(table)));
  }
  void apply(const FrontKey& key, const Front& front) { apply(ServiceTable{{key, front}}); }
  ServiceTable live() {
    auto read = read_rules("podotest-services");
    REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message()));
    return *std::move(read);
  }

  const bool filters_bridged;
  // Members die in reverse: last of all the thread goes home.
  linux::NetworkNamespaceVisit home;
  io::Fd host, world;
  std::vector<io::Fd> pods;
  KeptLog log;
  io::EpollLoop loop;
  io::BlockingPool pool{2};
  std::unique_ptr<ServiceRules> rules;

  static void must(const Result<>& outcome) {
    REQUIRE_MESSAGE(outcome.has_value(), (outcome ? "" : outcome.error().message()));
  }

 private:
  static io::Fd another() {
    const auto visit = *linux::NetworkNamespaceVisit::enter_new();
    must(linux::write_net_sysctl("ipv6/conf/default/accept_dad", "0"));
    return *linux::current_network_namespace();
  }
  static Result<> send(const linux::LinkRequests& requests) {
    auto socket = TRY(linux::NetlinkSocket::open());
    return socket.send_all(requests.all());
  }
  static std::uint32_t index_of(const std::string& link) {
    auto socket = *linux::NetlinkSocket::open();
    return (*linux::find_link(socket, link))->index;
  }
  static void configure(const io::Fd& where, const std::string& link,
                        const std::vector<std::string>& addresses) {
    const auto visit = *linux::NetworkNamespaceVisit::enter(where);
    must(linux::write_net_sysctl(text("ipv6/conf/{}/accept_dad", link), "0"));
    linux::LinkRequests requests;
    const std::uint32_t index = index_of(link);
    requests.change_link(1, {.up = true});
    requests.change_link(index, {.up = true});
    for (const std::string& address : addresses) requests.add_address(index, *IpPrefix::parse(address));
    requests.settle_link(index);
    must(send(requests));
  }
  static void route(const io::Fd& where, const std::string& link, const std::string& to,
                    const std::string& by = "") {
    const auto visit = *linux::NetworkNamespaceVisit::enter(where);
    linux::LinkRequests requests;
    requests.add_route({.destination = *IpPrefix::parse(to),
                        .gateway = by.empty() ? IpAddress() : *IpAddress::parse(by),
                        .link = index_of(link)});
    must(send(requests));
  }
  io::Fd pod(int n) {
    io::Fd made = another();
    const std::string port = text("port{}", n);
    must(linux::add_veth_into(made, {.name = "eth0", .index = 20, .peer = port}));
    linux::LinkRequests joining;
    joining.change_link(port, {.up = true, .master = index_of("br0")});
    joining.change_port(port, {.isolated = !filters_bridged, .hairpin = filters_bridged});
    must(send(joining));
    configure(made, "eth0", {address_of(n) + "/32", address_of(n, true) + "/128"});
    for (const auto& [gateway, all] :
         {std::pair("10.244.0.1", "0.0.0.0/0"), std::pair("fd00:244::1", "::/0")}) {
      route(made, "eth0", IpPrefix{*IpAddress::parse(gateway), IpAddress::parse(gateway)->bits()}.to_text());
      route(made, "eth0", all, gateway);
    }
    linux::LinkRequests settled;
    settled.settle_link(port);
    must(send(settled));
    return made;
  }
};

}  // namespace podo::services
