#include "traffic/dns/cluster_dns.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>

#include "base/store/memory_store.h"
#include "cluster/client/client_testing.h"
#include "traffic/dns/cluster_testing.h"

namespace podo::cluster_dns {
namespace {

using dns::Type;
using dns::words_of;

constexpr const char* here = "127.0.0.1";

// A store with objects, and a machine with a resolv.conf.
struct DnsWorld {
  DnsWorld() {
    char name[] = "/tmp/podo-dns-XXXXXX";
    folder = ::mkdtemp(name);
    write_conf("nameserver 127.0.0.1\n");
    store = store::make_memory_store(loop, random);
    objects = objects::Objects::make(loop, *store, schema);
    near_client = std::make_unique<client::Client>(transport, schema, objects.get());
    far_client = std::make_unique<client::Client>(transport, schema);
  }
  ~DnsWorld() {
    ::unlink((folder + "/resolv.conf").c_str());
    ::rmdir(folder.c_str());
  }
  void write_conf(const std::string& words) {
    FILE* file = std::fopen((folder + "/resolv.conf").c_str(), "w");
    std::fwrite(words.data(), 1, words.size(), file);
    std::fclose(file);
  }
  DnsOptions options() {
    return {.resolv_conf = folder + "/resolv.conf",
            .own = {*IpAddress::parse("127.0.0.53")},
            .upstream_port = upstream.place().port};
  }
  Task<void> put(std::string_view group, std::string_view plural, std::string name_space, std::string name,
                 std::string rest) {
    const objects::Key key{&objects->resource(group, plural), name_space, name};
    co_await objects->create(
        key, text(R"({{"metadata":{{"name":"{}","namespace":"{}"}},{}}})", name, name_space, rest));
  }
  Task<void> put_cluster() {
    co_await put("", "namespaces", "", "default", R"("spec":{})");
    co_await put("", "services", "default", "web", R"("spec":{"clusterIP":"10.96.0.7"})");
    co_await put("", "services", "default", "db", R"("spec":{"clusterIP":"None"})");
    co_await put_slice("10.244.0.5");
  }
  Task<void> put_slice(std::string_view address) {
    const objects::Key key{&objects->resource("discovery.k8s.io", "endpointslices"), "default", "db-x"};
    const std::string json = text(R"({{"metadata":{{"name":"db-x","namespace":"default","labels":)"
                                  R"({{"kubernetes.io/service-name":"db"}}}},"addressType":"IPv4",)"
                                  R"("endpoints":[{{"addresses":["{}"]}}]}})",
                                  address);
    if (const auto there = co_await objects->find(key)) co_await objects->update(key, 0, json);
    else co_await objects->create(key, json);
  }

  const schema::Schema schema = kube::parse_schema();
  std::string folder;
  SystemRandom random;
  SilentLog log;
  io::EpollLoop loop;
  client::SmallApi api;
  client::LocalTransport transport{loop, api, {.certificate_name = "system:test"}};
  dns::FakeUpstream upstream{
      loop, [](const dns::Message& query) {
        const std::string name = dns::lower(query.questions[0].name);
        return std::vector{name == "web.example" || name == "x.corp.example"
                               ? dns::address_answer(query, "192.0.2.7")
                               : dns::negative_answer(query, dns::Code::no_such_name, 9)};
      }};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<objects::Objects> objects;
  std::unique_ptr<client::Client> near_client, far_client;
};

// A client of its own; answers as words.
class Asker {
 public:
  Asker(io::EpollLoop& loop, std::uint16_t port)
      : loop_(loop),
        port_(port),
        datagrams_(loop, *dns::Datagrams::connected_to(dns::Peer(*IpAddress::parse(here), port))) {}
  Task<std::string> ask(std::string name, Type type = Type::a) {
    co_await datagrams_.send(dns::encode(dns::query_for(name, type)));
    co_return words_of(co_await dns::parse((co_await datagrams_.receive()).bytes));
  }
  Task<std::string> ask_by_stream(std::string name) {
    const auto stream = co_await io::connect_socket(loop_, io::Address::tcp(here, port_));
    const std::string query = dns::encode(dns::query_for(name));
    co_await io::write_text(*stream, std::string{'\0', static_cast<char>(query.size())} + query);
    const std::string head = co_await io::read_exactly(*stream, 2);
    co_return words_of(
        co_await dns::parse(co_await io::read_exactly(*stream, static_cast<unsigned char>(head[1]))));
  }

 private:
  io::EpollLoop& loop_;
  std::uint16_t port_;
  dns::Datagrams datagrams_;
};

std::uint16_t serve(ClusterDns& names) {
  dns::Sockets sockets = dns::loopback_sockets();
  names.serve({std::move(sockets.udp), std::move(sockets.tcp)});
  return sockets.port;
}

void in_world(Task<void> (*property)(DnsWorld&)) {
  DnsWorld world;
  const Result<void> ran = world.loop.run(io::deadline(property(world), seconds(30)));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

// What changes in the store is known a moment later.
Task<std::string> ask_until(Asker& asker, std::string name, std::string expected) {
  std::string words;
  for (int i = 0; i < 200 && words != expected; ++i) {
    if (i > 0) co_await io::sleep(milliseconds(5));
    words = co_await asker.ask(name);
  }
  co_return words;
}

}  // namespace

TEST_CASE("Services and endpoints of the store are answered for by UDP and TCP, and changes follow") {
  in_world([](DnsWorld& world) -> Task<void> {
    co_await world.put_cluster();
    const auto names =
        co_await ClusterDns::open({world.loop, *world.near_client, world.random, world.log}, world.options());
    CHECK(names->ready());
    const std::uint16_t port = serve(*names);
    Asker asker(world.loop, port);
    const std::string web = "web.default.svc.cluster.local", db = "db.default.svc.cluster.local";
    CHECK(co_await asker.ask(web) == web + " 30 10.96.0.7");
    CHECK(co_await asker.ask_by_stream(web) == web + " 30 10.96.0.7");
    CHECK(co_await asker.ask(db) == db + " 30 10.244.0.5");
    co_await world.put_slice("10.244.0.6");
    CHECK(co_await ask_until(asker, db, db + " 30 10.244.0.6") == db + " 30 10.244.0.6");
    co_await world.objects->remove({&world.objects->resource("", "services"), "default", "web"}, 0);
    CHECK(co_await ask_until(asker, web, "NXDOMAIN | 5") == "NXDOMAIN | 5");
    co_await world.objects->remove({&world.objects->resource("", "namespaces"), "", "default"}, 0);
    CHECK(co_await ask_until(asker, "default.svc.cluster.local", "NXDOMAIN | 5") == "NXDOMAIN | 5");
  });
}

TEST_CASE("while the API cannot be read the cluster's names fail, and the world's do not") {
  in_world([](DnsWorld& world) -> Task<void> {
    world.api.broken = true;
    DnsOptions options = world.options();
    options.patience = milliseconds(50);
    const auto names =
        co_await ClusterDns::open({world.loop, *world.far_client, world.random, world.log}, options);
    CHECK(!names->ready());
    Asker asker(world.loop, serve(*names));
    CHECK(co_await asker.ask("web.default.svc.cluster.local") == "SERVFAIL");
    CHECK(co_await asker.ask("web.example") == "web.example 60 192.0.2.7");
    world.api.broken = false;
    while (!names->ready()) co_await io::sleep(milliseconds(10));
    CHECK(co_await asker.ask("web.default.svc.cluster.local") == "NXDOMAIN | 5");
  });
}

TEST_CASE("resolv.conf is read anew when it has changed") {
  in_world([](DnsWorld& world) -> Task<void> {
    co_await world.put_cluster();
    const auto names =
        co_await ClusterDns::open({world.loop, *world.near_client, world.random, world.log}, world.options());
    Asker asker(world.loop, serve(*names));
    CHECK(co_await asker.ask("x.default.svc.cluster.local") == "NXDOMAIN | 5");
    CHECK(co_await asker.ask("y.example") == "NXDOMAIN | 9");
    world.write_conf("nameserver 127.0.0.1\nsearch corp.example\n");
    co_await io::sleep(milliseconds(1100));
    CHECK(co_await asker.ask("z.example") == "NXDOMAIN | 9");
    co_await world.put("", "namespaces", "", "late", R"("spec":{})");
    CHECK(co_await ask_until(asker, "x.late.svc.cluster.local",
                             "x.late.svc.cluster.local 5 x.corp.example x.corp.example 60 192.0.2.7") ==
          "x.late.svc.cluster.local 5 x.corp.example x.corp.example 60 192.0.2.7");
    world.write_conf("nameserver 127.0.0.53\n");  // this server itself
    co_await io::sleep(milliseconds(1100));
    CHECK(co_await asker.ask("w.example") == "SERVFAIL");
  });
}

TEST_CASE("what happened is counted") {
  in_world([](DnsWorld& world) -> Task<void> {
    co_await world.put_cluster();
    const auto names =
        co_await ClusterDns::open({world.loop, *world.near_client, world.random, world.log}, world.options());
    const std::uint16_t port = serve(*names);
    Asker asker(world.loop, port);
    for (int i = 0; i < 3; ++i) co_await asker.ask("web.default.svc.cluster.local");
    co_await asker.ask_by_stream("web.default.svc.cluster.local");
    co_await asker.ask("web.example.default.svc.cluster.local", Type::a);
    co_await asker.ask("none.example", Type::txt);
    const std::string page = names->metrics();
    const std::string place = R"({server="dns://:53",zone=".")";
    for (const char* line :
         {R"(coredns_dns_requests_total#,type="A"} 5)", R"(coredns_dns_requests_total#,type="TXT"} 1)",
          R"(podo_dns_queries_total#,proto="udp"} 5)", R"(podo_dns_queries_total#,proto="tcp"} 1)",
          R"(coredns_dns_responses_total#,rcode="NOERROR"} 5)",
          R"(coredns_dns_responses_total#,rcode="NXDOMAIN"} 1)",
          R"(coredns_cache_hits_total#,type="success"} 3)", "podo_dns_searches_total#} 1",
          "podo_dns_search_hits_total#} 1", "podo_dns_forward_failures_total#} 0"}) {
      std::string expected = line;
      expected.replace(expected.find('#'), 1, place);
      CHECK_MESSAGE(page.find("\n" + expected + "\n") != std::string::npos, expected);
    }
  });
}

TEST_CASE("sockets are opened before their address is up, and not twice") {
  const auto first = open_dns_socket(*IpAddress::parse("127.0.0.77"), 5391);
  REQUIRE(first.has_value());
  CHECK(open_dns_socket(*IpAddress::parse("127.0.0.77"), 5391).error().system_errno() == EADDRINUSE);
  CHECK(open_dns_socket(*IpAddress::parse("203.0.113.77"), 5391).has_value());
  CHECK(open_dns_socket(*IpAddress::parse("2001:db8::77"), 5391).has_value());
}

}  // namespace podo::cluster_dns
