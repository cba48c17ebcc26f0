#include "base/dns/resolver.h"

#include <stdlib.h>

#include <cstdio>

#include "base/dns/dns_testing.h"
#include "base/dns/server.h"
#include "base/io/combine.h"

namespace podo::dns {
namespace {

// web.example and big.example (forty addresses) are known; down.example fails; everything else is not there.
class TestZone final : public Zone {
 public:
  std::optional<Message> know(const Query& query) override {
    asked += query.message.questions[0].name + " ";
    const Question& question = query.message.questions[0];
    Message reply = reply_to(query.message);
    if (question.name == "web.example" && question.type == Type::a)
      reply.answers.push_back(address_record(question.name, *IpAddress::parse("192.0.2.7"), 5));
    else if (question.name == "web.example" && question.type == Type::aaaa)
      reply.answers.push_back(address_record(question.name, *IpAddress::parse("2001:db8::7"), 5));
    else if (question.name == "big.example" && question.type == Type::a)
      for (unsigned i = 0; i < 200; ++i)
        reply.answers.push_back(address_record(question.name, IpAddress::parse("10.0.0.1")->plus(i), 5));
    else if (question.name == "big.example") return reply;
    else if (question.name == "down.example") return {};
    else reply.code = Code::no_such_name;
    return reply;
  }
  io::Task<std::string> find_out(Query) override { co_return unavailable("down"); }
  std::string asked;
};

struct World {
  World(const std::string& resolv_conf, const std::string& hosts = "") {
    char name[] = "/tmp/podo-dns-XXXXXX";
    folder = ::mkdtemp(name);
    write(folder + "/resolv.conf", resolv_conf);
    write(folder + "/hosts", hosts);
    Sockets sockets = loopback_sockets();
    port = sockets.port;
    server = std::make_unique<Server>(loop, std::move(sockets.udp), std::move(sockets.tcp), zone);
  }
  ~World() {
    for (const char* name : {"/resolv.conf", "/hosts"}) ::unlink((folder + name).c_str());
    ::rmdir(folder.c_str());
  }
  static void write(const std::string& path, const std::string& text) {
    FILE* file = std::fopen(path.c_str(), "w");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
  std::string look_up(const std::string& host) {
    Resolver resolver(loop, random, {folder + "/resolv.conf", folder + "/hosts"}, port);
    const auto found = loop.run(resolver.addresses(host));
    if (!found) return found.error().message();
    std::string all;
    for (const IpAddress& address : *found) all += address.to_text() + " ";
    return all;
  }
  std::string folder;
  std::uint16_t port = 0;
  SystemRandom random;
  io::EpollLoop loop;
  TestZone zone;
  std::unique_ptr<Server> server;
};

}  // namespace

TEST_CASE("a host's addresses of both families come from the server") {
  World world("nameserver 127.0.0.1\n");
  CHECK(world.look_up("web.example") == "192.0.2.7 2001:db8::7 ");
  CHECK(world.look_up("web.example.") == "192.0.2.7 2001:db8::7 ");
  CHECK(world.look_up("none.example") == "lookup none.example: no such host");
}

TEST_CASE("what needs no question is not asked") {
  World world("nameserver 127.0.0.1\n", "192.0.2.1 one ONE.alias # two\n2001:db8::1 one\n\nnonsense\n");
  CHECK(world.look_up("192.0.2.9") == "192.0.2.9 ");
  CHECK(world.look_up("[2001:db8::9]") == "2001:db8::9 ");
  CHECK(world.look_up("localhost") == "127.0.0.1 ::1 ");
  CHECK(world.look_up("One") == "192.0.2.1 2001:db8::1 ");
  CHECK(world.look_up("one.alias") == "192.0.2.1 ");
  CHECK(world.zone.asked.empty());
}

TEST_CASE("names without dots are searched for, those with dots are tried as they are first") {
  World world("search first.example example\nnameserver 127.0.0.1\n");
  CHECK(world.look_up("web") == "192.0.2.7 2001:db8::7 ");
  CHECK(world.zone.asked == "web.first.example web.first.example web.example web.example ");
  world.zone.asked.clear();
  CHECK(world.look_up("web.example") == "192.0.2.7 2001:db8::7 ");
  CHECK(world.zone.asked == "web.example web.example ");
}

TEST_CASE("an answer too long for a datagram is fetched over TCP") {
  World world("nameserver 127.0.0.1\n");
  const std::string all = world.look_up("big.example");
  CHECK(all.starts_with("10.0.0.1 10.0.0.2 "));
  CHECK(all.ends_with(" 10.0.0.200 "));
}

TEST_CASE("a server that fails is told from a name that is not there") {
  World world("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
  CHECK(world.look_up("down.example") == "the DNS server failed");
}

TEST_CASE("a server that is not there is passed over") {
  World world(
      "nameserver 127.0.0.99\nnameserver 127.0.0.1\n");  // nobody listens at the first: refused at once
  CHECK(world.look_up("web.example") == "192.0.2.7 2001:db8::7 ");
}

TEST_CASE("the server answers nonsense with an error, and an answer with nothing") {
  World world("");
  Datagrams client(world.loop, *Datagrams::connected_to(Peer(*IpAddress::parse("127.0.0.1"), world.port)));
  const auto exchange = [&](const std::string& bytes) {
    REQUIRE(client.send(bytes).has_value());
    const auto answer = world.loop.run(io::deadline(client.receive(), milliseconds(200)));
    return answer ? answer->bytes : answer.error().message();
  };
  using namespace std::string_literals;
  CHECK(exchange("\1\2\1\0\0\1\0\0\0\0\0\0"s) == "\1\2\x81\x81\0\0\0\0\0\0\0\0"s);
  CHECK(exchange("\1\2\x81\0\0\0\0\0\0\0\0\0"s) == "not done within 200 ms: Connection timed out");
  CHECK(exchange("x") == "not done within 200 ms: Connection timed out");
}

TEST_CASE("resolv.conf is read as the C library reads it") {
  const ResolvConf conf = ResolvConf::parse(
      "# comment\ndomain a.example\nsearch b.example c.example ; more\n"
      "nameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver nonsense\n"
      "options ndots:3 timeout:99 attempts:0 rotate\n");
  REQUIRE(conf.servers.size() == 2);
  CHECK(conf.servers[1].to_text() == "fe80::1");
  CHECK(conf.search == std::vector<std::string>{"b.example", "c.example"});
  CHECK(conf.dots == 3);
  CHECK(conf.timeout == seconds(30));
  CHECK(conf.attempts == 2);
  CHECK(conf.options.size() == 4);
}

}  // namespace podo::dns
