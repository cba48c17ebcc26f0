// The cluster's DNS server beside a store in the same process, as in the daemon, with Services and endpoints
// in it; and a server elsewhere that knows every name. compare.py asks it.
//
//   bench_dns PORT SERVICES ENDPOINTS RESOLV_CONF      prints what the names cost, then serves
//
// The server elsewhere is 127.0.0.2, which the file has to name.
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>

#include "base/core/log.h"
#include "base/dns/records.h"
#include "base/io/epoll_loop.h"
#include "base/store/memory_store.h"
#include "cluster/client/client.h"
#include "model/kube/schema.h"
#include "traffic/dns/cluster_dns.h"

namespace {

using namespace podo;
using io::Task;

struct Size {
  std::uint16_t port = 5399;
  int services = 1000, endpoints = 10;
  std::string resolv_conf = "/etc/resolv.conf";
};

class NoApi final : public http::Handler {
  Task<void> handle(http::Exchange& exchange) override { co_await exchange.respond(404, {}, "{}"); }
};

class World final : public dns::Zone {
 public:
  std::optional<dns::Message> know(const dns::Query& query) override {
    dns::Message reply = dns::reply_to(query.message);
    if (query.message.questions[0].name.starts_with("none")) {
      reply.code = dns::Code::no_such_name;
      reply.authority.push_back(dns::authority_record("example", {.minimum = 300}, 300));
    } else {
      reply.answers.push_back(
          dns::address_record(query.message.questions[0].name, *IpAddress::parse("192.0.2.7"), 300));
    }
    return reply;
  }
  Task<std::string> find_out(dns::Query) override { co_return unsupported("it knows everything"); }
};

long resident_kb() {
  long pages = 0, resident = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

double cpu_ms() {
  rusage used = {};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
}

std::string slice_json(int service, int endpoints) {
  std::string list;
  for (int i = 0; i < endpoints; ++i)
    list += text(
        R"({}{{"addresses":["10.{}.{}.{}"],"conditions":{{"ready":true,"serving":true}},"nodeName":"n"}})",
        i == 0 ? "" : ",", 128 + service / 256, service % 256, i);
  return text(R"({{"kind":"EndpointSlice","metadata":{{"name":"s{}-x","namespace":"default","labels":)"
              R"({{"kubernetes.io/service-name":"s{}"}}}},"addressType":"IPv4","endpoints":[{}],)"
              R"("ports":[{{"name":"http","port":80,"protocol":"TCP"}}]}})",
              service, service, list);
}

Task<void> fill(objects::Objects& objects, Size size) {
  co_await objects.create({&objects.resource("", "namespaces"), "", "default"},
                          R"({"kind":"Namespace","metadata":{"name":"default"}})");
  for (int i = 0; i < size.services; ++i) {
    const std::string address = i % 10 == 0 ? "None" : text("10.96.{}.{}", i / 250, i % 250 + 1);
    co_await objects.create(
        {&objects.resource("", "services"), "default", text("s{}", i)},
        text(R"({{"kind":"Service","metadata":{{"name":"s{}","namespace":"default"}},"spec":)"
             R"({{"clusterIP":"{}","ports":[{{"name":"http","port":80}}]}}}})",
             i, address));
    co_await objects.create(
        {&objects.resource("discovery.k8s.io", "endpointslices"), "default", text("s{}-x", i)},
        slice_json(i, size.endpoints));
  }
}

Task<void> serve(io::EpollLoop& loop, Size size) {
  const schema::Schema schema = kube::parse_schema();
  SystemRandom random;
  SilentLog log;
  NoApi api;
  const auto store = store::make_memory_store(loop, random);
  const auto objects = objects::Objects::make(loop, *store, schema);
  client::LocalTransport transport(loop, api, {.certificate_name = "system:test"});
  client::Client client(transport, schema, objects.get());
  co_await fill(*objects, size);
  World world;
  auto elsewhere = co_await cluster_dns::open_dns_socket(*IpAddress::parse("127.0.0.2"), size.port);
  const dns::Server upstream(loop, std::move(elsewhere.udp), std::move(elsewhere.tcp), world);
  const long before_kb = resident_kb();
  const double before_ms = cpu_ms();
  const auto names = co_await cluster_dns::ClusterDns::open(
      {loop, client, random, log}, {.resolv_conf = size.resolv_conf, .upstream_port = size.port});
  std::printf("names %ld KB %.1f ms\n", resident_kb() - before_kb, cpu_ms() - before_ms);
  std::fflush(stdout);
  names->serve(co_await cluster_dns::open_dns_socket(*IpAddress::parse("127.0.0.1"), size.port));
  co_await io::sleep(milliseconds(100));
  co_await names->run();
}

template <class T>
void take(const char* words, T& value) {
  std::from_chars(words, words + std::string_view(words).size(), value);
}

}  // namespace

int main(int count, char** arguments) {
  Size size;
  if (count > 1) take(arguments[1], size.port);
  if (count > 2) take(arguments[2], size.services);
  if (count > 3) take(arguments[3], size.endpoints);
  if (count > 4) size.resolv_conf = arguments[4];
  io::EpollLoop loop;
  const Result<void> ran = loop.run(serve(loop, size));
  if (!ran) std::printf("%s\n", ran.error().message().c_str());
  return 1;
}
