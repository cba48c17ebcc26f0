// ./bench services [--services N] [--endpoints N]: what Services cost in the kernel; needs root, and makes a
// network namespace of its own.
//
//   all       the whole table
//   restart   the same over what an earlier daemon left
//   read      what is there, as a table again: a part of restart
//   one       an endpoint of one Service replaced
//   packets   from this host to a port of its own: directly, with one Service, with ten thousand
//
// Costs are those of cost.h.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../cost.h"
#include "base/io/epoll_loop.h"
#include "base/linux/links.h"
#include "base/linux/namespaces.h"
#include "traffic/services/service_rules.h"

using namespace podo;
using namespace podo::services;

namespace {

constexpr int rounds = 9, changes = 200, flows = 10'000, datagrams = 200'000;
constexpr std::uint16_t server_port = 8080;

IpAddress address(std::string_view first, std::uint64_t further) {
  return IpAddress::parse(first)->plus(further);
}

ServiceTable table_of(int services, int endpoints, std::uint8_t protocol) {
  ServiceTable table;
  for (int s = 0; s < services; ++s) {
    const auto number = static_cast<std::uint64_t>(s);
    Front& front = table[{address("10.96.0.1", number), protocol, 80}];
    for (int e = 0; e < endpoints; ++e)
      front.backends.push_back({address("10.128.0.2", number * static_cast<std::uint64_t>(endpoints) +
                                                          static_cast<std::uint64_t>(e)),
                                server_port});
  }
  return table;
}

class Bench {
 public:
  Bench() : visit_(*linux::NetworkNamespaceVisit::enter_new()) {
    auto socket = *linux::NetlinkSocket::open();
    linux::LinkRequests requests;
    requests.change_link(1, {.up = true});
    for (const char* own : {"10.244.0.1/32", "10.244.0.2/32", "10.244.0.3/32"})
      requests.add_address(1, *IpPrefix::parse(own));
    requests.add_route({.destination = *IpPrefix::parse("10.96.0.0/12"), .link = 1});
    must(socket.send_all(requests.all()));
  }

  void measure_all(int services, int endpoints) {
    const ServiceTable table = table_of(services, endpoints, IPPROTO_TCP);
    const auto from_nothing = [&] {
      remove();
      open();
    };
    print("all", table.size(), median_of(rounds, from_nothing, [&] { apply(table); }));
    print("restart", table.size(), median_of(rounds, [&] { open(); }, [&] { apply(table); }));
    print("read", table.size(), median_of(rounds, [] { must(read_rules("podobench-services")); }));
  }

  void measure_one(int services, int endpoints, std::uint8_t protocol) {
    ServiceTable table = table_of(services, endpoints, protocol);
    apply(table);
    std::uint64_t change = 0;
    const auto replace_one = [&] {
      auto front = table.begin();
      std::advance(front, change % table.size());
      front->second.backends.front().address = address("10.160.0.1", change++);
    };
    print(protocol == IPPROTO_TCP ? "one" : "one, UDP", table.size(),
          median_of(changes, replace_one, [&] { apply(table); }));
  }

  void measure_packets() {
    server_ = datagram_socket();
    const sockaddr_in here = place("0.0.0.0", server_port);
    must(::bind(server_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0
             ? Result<>()
             : failed_errno(errno, "bind"));
    apply({});
    print_packets("directly", place("10.244.0.1", server_port));
    for (const int services : {1, 10'000}) {
      ServiceTable table = table_of(services, 3, IPPROTO_UDP);
      // Not the one before: its flows have the clients' ports for a while.
      const std::string_view server = services == 1 ? "10.244.0.2" : "10.244.0.3";
      table.begin()->second.backends = {{*IpAddress::parse(server), server_port}};
      apply(table);
      print_packets(services == 1 ? "1 Service" : "10,000 Services", place("10.96.0.1", 80));
    }
  }

  void remove() {
    if (rules_) must(loop_.run(rules_->remove()));
  }

 private:
  static io::Fd datagram_socket() { return io::Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }
  static sockaddr_in place(std::string_view words, std::uint16_t port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    std::memcpy(&made.sin_addr, IpAddress::parse(words)->bytes().data(), 4);
    return made;
  }
  static void print(const char* what, std::size_t services, Cost cost) {
    std::printf("%-16s %6zu Services  cpu %8.3f ms  wall %8.3f ms\n", what, services, cost.cpu_ms,
                cost.wall_ms);
  }

  void open() {
    rules_ = must(loop_.run(ServiceRules::open({pool_, log_}, {.table = "podobench-services"})));
  }
  void apply(const ServiceTable& table) {
    if (!rules_) open();
    must(loop_.run(rules_->apply(table)));
  }

  void send_to(const io::Fd& client, const sockaddr_in& to) {
    must(::sendto(client.get(), "ask", 3, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 3
             ? Result<>()
             : failed_errno(errno, "send"));
  }
  int drain() {
    char word[8];
    int got = 0;
    while (::recv(server_.get(), word, sizeof word, MSG_DONTWAIT) > 0) ++got;
    return got;
  }
  void print_packets(const char* how, const sockaddr_in& to) {
    int arrived = 0;
    const Cost first = median_of(3, [&] {
      for (int i = 0; i < flows; ++i) {
        send_to(datagram_socket(), to);
        if (i % 100 == 99) arrived += drain();
      }
    });
    const io::Fd client = datagram_socket();
    const Cost later = median_of(5, [&] {
      for (int i = 0; i < datagrams; ++i) {
        send_to(client, to);
        if (i % 100 == 99) arrived += drain();
      }
    });
    std::printf("%-16s first packet of a flow %7.0f ns  each later one %7.0f ns%s\n", how,
                first.cpu_ms / flows * 1e6, later.cpu_ms / datagrams * 1e6,
                arrived == 3 * flows + 5 * datagrams ? "" : "  (some were lost)");
  }

  linux::NetworkNamespaceVisit visit_;
  SilentLog log_;
  io::EpollLoop loop_;
  io::BlockingPool pool_{1};
  std::unique_ptr<ServiceRules> rules_;
  io::Fd server_;
};

}  // namespace

int main(int count, char** arguments) {
  int services = 1000, endpoints = 3;
  for (int i = 1; i + 1 < count; i += 2) {
    if (std::strcmp(arguments[i], "--services") == 0) services = std::max(1, std::atoi(arguments[i + 1]));
    if (std::strcmp(arguments[i], "--endpoints") == 0) endpoints = std::max(1, std::atoi(arguments[i + 1]));
  }
  if (::geteuid() != 0) {
    std::fprintf(stderr, "network namespaces need root\n");
    return 1;
  }
  Bench bench;
  bench.measure_all(services, endpoints);
  bench.measure_one(services, endpoints, IPPROTO_TCP);
  bench.measure_one(services, endpoints, IPPROTO_UDP);
  bench.measure_all(10 * services, endpoints);
  bench.measure_one(10 * services, endpoints, IPPROTO_TCP);
  bench.measure_packets();
  bench.remove();
  return 0;
}
