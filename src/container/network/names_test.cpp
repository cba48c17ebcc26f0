#include "container/network/names.h"

#include "base/dns/datagrams.h"
#include "base/dns/message.h"
#include "base/dns/server.h"
#include "base/linux/nftables.h"
#include "container/network/network_testing.h"

namespace podo::network {
namespace {

// What a program in the sandbox gets from 127.0.0.11, as text.
std::string ask_inside(TestMachine& machine, const std::string& id, const std::string& name, dns::Type type,
                       int socket_type = SOCK_DGRAM) {
  dns::Message query;
  query.id = 7;
  query.questions.push_back({name, type});
  const std::string bytes = dns::encode(query);
  const io::Fd inside = machine.sandbox(id);
  const io::Fd socket = socket_in(inside, AF_INET, socket_type, 3000);
  const auto exchange = [&]() -> Result<std::string> {
    Place server("127.0.0.11", 53);
    if (::connect(socket.get(), server.get(), server.size) != 0) return failed_errno(errno, "connect");
    const bool tcp = socket_type == SOCK_STREAM;
    const std::string sent = (tcp ? std::string({'\0', static_cast<char>(bytes.size())}) : "") + bytes;
    if (::send(socket.get(), sent.data(), sent.size(), 0) < 0) return failed_errno(errno, "send");
    char buffer[2048];
    std::string answer;
    do {
      const ssize_t count = ::recv(socket.get(), buffer, sizeof buffer, 0);
      if (count <= 0) return failed_errno(errno, "receive");
      answer.append(buffer, static_cast<std::size_t>(count));
    } while (tcp && answer.size() < 2u + static_cast<unsigned char>(answer[1]));
    return answer.substr(tcp ? 2 : 0);
  };
  const auto answer = machine.loop.run([](TestMachine& m, auto ask) -> Task<std::string> {
    co_return co_await m.pool.run(ask);
  }(machine, exchange));
  if (!answer) return answer.error().message();
  const auto message = dns::parse(*answer);
  if (!message) return message.error().message();
  std::string words;
  if (message->code != dns::Code::no_error) words = text("code {} ", static_cast<int>(message->code));
  for (const dns::Record& record : message->answers) {
    std::size_t at = 0;
    words += (record.type == dns::Type::ptr ? *dns::decode_name(record.data, at)
                                            : IpAddress::from_bytes(record.data).to_text()) +
             " ";
  }
  return words;
}
std::string a(TestMachine& machine, const std::string& id, const std::string& name) {
  return ask_inside(machine, id, name, dns::Type::a);
}

struct FakeServer final : dns::Zone {
  std::optional<dns::Message> know(const dns::Query& query) override {
    dns::Message reply = dns::reply_to(query.message);
    reply.answers.push_back(
        dns::address_record(query.message.questions[0].name, *IpAddress::parse("203.0.113.5"), 60));
    return reply;
  }
  Task<std::string> find_out(dns::Query) override { co_return unsupported("it knows everything"); }
};

}  // namespace

TEST_CASE("a container finds the others of its networks by name, short id, alias and link") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.run(machine.networks->create({.name = "n"}));
  machine.run(machine.networks->create({.name = "other"}));
  const std::string id = "0123456789abcdef0123456789abcdef";
  machine.run(machine.networks->make_sandbox(id));
  const Endpoint web = machine.run(machine.networks->attach(
      "n", {.container_id = id, .container_name = "web", .aliases = {"www", "shared"}}));
  machine.run(machine.networks->make_sandbox("b"));
  const Endpoint b = machine.run(machine.networks->attach(
      "n", {.container_id = "b", .container_name = "bee", .aliases = {"shared"}, .links = {"web:linked"}}));
  machine.container("c", {"other"});
  for (const char* name : {"web", "WEB", "www", "0123456789ab", "web.n", "linked"})
    CHECK(a(machine, "b", name) == web.ipv4 + " ");
  CHECK(ask_inside(machine, "b", "web", dns::Type::a, SOCK_STREAM) == web.ipv4 + " ");
  CHECK(ask_inside(machine, "b", "web", dns::Type::aaaa) == "");
  CHECK(ask_inside(machine, "b", dns::reverse_name(IpAddress::parse(web.ipv4)->bytes()), dns::Type::ptr) ==
        "web.n ");
  const std::string first = a(machine, "b", "shared"), second = a(machine, "b", "shared");
  CHECK(first != second);
  CHECK(first.size() == (web.ipv4 + " " + b.ipv4 + " ").size());
  machine.run(machine.networks->rename_container(id, "renamed"));
  CHECK(a(machine, "b", "renamed") == web.ipv4 + " ");
}

TEST_CASE("the rest is asked of the container's servers, or the host's; not from an internal network") {
  if (!can_run()) return;
  TestMachine machine;
  io::Fd udp = datagrams_in(machine.host, "127.0.0.53", 53), tcp = listen_in(machine.host, "127.0.0.53", 53);
  ::fcntl(udp.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(tcp.get(), F_SETFL, O_NONBLOCK);
  FakeServer zone;
  const dns::Server server(machine.loop, std::move(udp), std::move(tcp), zone);
  const std::string resolv_conf = machine.folder + "/resolv.conf";
  {
    const io::Fd file(::open(resolv_conf.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    constexpr std::string_view text = "nameserver 127.0.0.53\nsearch a.example\noptions ndots:2 edns0\n";
    REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  machine.open({.resolv_conf = resolv_conf});
  machine.run(machine.networks->create({.name = "n"}));
  machine.run(machine.networks->create({.name = "inner", .internal = true}));
  machine.container("a", {"n"});
  CHECK(machine.run(machine.networks->resolv_conf("a", {})) ==
        "nameserver 127.0.0.11\nsearch a.example\noptions edns0 ndots:0\n");
  CHECK(a(machine, "a", "world.example") == "203.0.113.5 ");
  machine.container("b", {"inner"});
  CHECK(a(machine, "b", "world.example") == "code 2 ");
  // The host's server is on its loopback, where a container of the default bridge cannot reach it.
  machine.container("c", {"bridge"});
  CHECK(machine.run(machine.networks->resolv_conf("c", {})).starts_with("nameserver 127.0.0.11\n"));
  CHECK(a(machine, "c", "world.example") == "203.0.113.5 ");
  machine.container("d", {"bridge"});
  CHECK(machine.run(
            machine.networks->resolv_conf("d", {.servers = {"192.0.2.1"}, .search = {"."}, .options = {}})) ==
        "nameserver 192.0.2.1\noptions ndots:2 edns0\n");
  machine.crash();
  machine.open({.resolv_conf = resolv_conf});
  machine.run(machine.networks->restore({"a", "b", "c", "d"}));
  CHECK(a(machine, "a", "world.example") == "203.0.113.5 ");
  CHECK(a(machine, "a", "name-a") == machine.networks->endpoints_of_container("a").at(0)->ipv4 + " ");
  CHECK(a(machine, "c", "world.example") == "203.0.113.5 ");
  ::unlink(resolv_conf.c_str());
}

TEST_CASE("a container may have port 53 of every address for itself") {
  if (!can_run()) return;
  TestMachine machine;
  machine.open();
  machine.run(machine.networks->create({.name = "n"}));
  const Endpoint b = machine.container("b", {"n"}).at(0);
  const io::Fd own = datagrams_in(machine.sandbox("b"), "0.0.0.0", 53);
  REQUIRE(!!own);
  const io::Fd own_tcp = listen_in(machine.sandbox("b"), "0.0.0.0", 53);
  REQUIRE(!!own_tcp);
  CHECK(a(machine, "b", "name-b") == b.ipv4 + " ");
  CHECK(sender(own, machine.host, b.ipv4, 53) == b.gateway4);
}

}  // namespace podo::network
