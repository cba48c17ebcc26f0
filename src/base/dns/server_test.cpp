#include "base/dns/server.h"

#include <set>

#include "base/dns/dns_testing.h"
#include "base/io/combine.h"
#include "base/io/condition.h"

namespace podo::dns {
namespace {

using namespace std::string_literals;

// Knows k*.example at once, finds out f*.example when it is let to, recalls r*.example.
class TestZone final : public Zone {
 public:
  std::size_t recall(const QueryView& query, std::span<char> into) override {
    if (query.bytes[header_bytes + 1] != 'r') return 0;
    Message message = *parse(query.bytes);
    const std::string answer = address_answer(message, "192.0.2.1");
    if (answer.size() > into.size()) return 0;
    return answer.copy(into.data(), into.size());
  }
  std::optional<Message> know(const Query& query) override {
    if (query.message.questions[0].name[0] != 'k') return {};
    Message reply = reply_to(query.message);
    for (unsigned i = 0; i < addresses; ++i)
      reply.answers.push_back(
          address_record(query.message.questions[0].name, IpAddress::parse("10.0.0.1")->plus(i), 5));
    return reply;
  }
  io::Task<std::string> find_out(Query query) override {
    while (!open) co_await opened.wait();
    co_return address_answer(query.message, "192.0.2.2");
  }
  unsigned addresses = 1;
  bool open = true;
  io::Condition opened{"the test"};
};

struct ServerWorld {
  explicit ServerWorld(ServerLimits limits = {}) {
    Sockets sockets = loopback_sockets();
    port = sockets.port;
    server = std::make_unique<Server>(loop, std::move(sockets.udp), std::move(sockets.tcp), zone, limits);
  }
  std::unique_ptr<Datagrams> client() {
    return std::make_unique<Datagrams>(loop,
                                       *Datagrams::connected_to(Peer(*IpAddress::parse("127.0.0.1"), port)));
  }
  std::uint16_t port = 0;
  io::EpollLoop loop;
  TestZone zone;
  std::unique_ptr<Server> server;
};

std::string framed(const Message& query) {
  const std::string bytes = encode(query);
  return std::string{static_cast<char>(bytes.size() >> 8), static_cast<char>(bytes.size())} + bytes;
}

Message numbered(std::string name, std::uint16_t id) {
  Message query = query_for(std::move(name));
  query.id = id;
  return query;
}

io::Task<Message> next_answer(io::Stream& stream) {
  const std::string head = co_await io::read_exactly(stream, 2);
  const auto size = static_cast<std::size_t>(static_cast<unsigned char>(head[0]) << 8 |
                                             static_cast<unsigned char>(head[1]));
  co_return parse(co_await io::read_exactly(stream, size));
}

template <class F>
void in_time(ServerWorld& world, F property) {
  const auto ran = world.loop.run(io::deadline(property(world), seconds(20)));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

}  // namespace

TEST_CASE("many datagrams at a time are all answered, whichever way the answer comes") {
  ServerWorld world;
  in_time(world, [](ServerWorld& w) -> io::Task<void> {
    const auto client = w.client();
    constexpr std::uint16_t count = 100;
    const char* const names[] = {"r.example", "k.example", "f.example"};
    for (std::uint16_t i = 0; i < count; ++i) co_await client->send(encode(numbered(names[i % 3], i)));
    std::set<unsigned> ids;
    while (ids.size() < count) {
      const Message answer = co_await parse((co_await client->receive()).bytes);
      CHECK(answer.answers.size() == 1);
      CHECK(answer.questions[0].name == names[answer.id % 3]);
      ids.insert(answer.id);
    }
    const ServerCounts& counts = w.server->counts();
    CHECK((counts.datagrams == count && counts.codes[0] == count && counts.types[1] == count));
  });
}

TEST_CASE("an answer fits what the client can take") {
  ServerWorld world;
  world.zone.addresses = 60;  // 12 + 15 + 60 * 16 bytes
  in_time(world, [](ServerWorld& w) -> io::Task<void> {
    const auto client = w.client();
    for (const std::size_t room : {0, 700, 1232}) {
      Message query = query_for("k.example");
      if (room != 0) query.edns_udp_bytes = static_cast<std::uint16_t>(room);
      co_await client->send(encode(query));
      const std::string bytes = (co_await client->receive()).bytes;
      const Message answer = co_await parse(bytes);
      CHECK(bytes.size() <= std::max<std::size_t>(room, 512));
      CHECK(answer.truncated == (room < 1000));
      CHECK(answer.edns_udp_bytes.has_value() == (room != 0));
    }
  });
}

TEST_CASE("queries on one connection are answered as their answers come") {
  ServerWorld world;
  world.zone.open = false;
  in_time(world, [](ServerWorld& w) -> io::Task<void> {
    const auto client = co_await io::connect_socket(w.loop, io::Address::tcp("127.0.0.1", w.port));
    const std::string all = framed(numbered("f.example", 1)) + framed(numbered("k.example", 2)) +
                            framed(numbered("r.example", 3));
    co_await io::write_text(*client, all.substr(0, 40));  // cut in the middle of the second
    co_await io::sleep(milliseconds(20));
    co_await io::write_text(*client, all.substr(40));
    CHECK((co_await next_answer(*client)).id == 2);
    CHECK((co_await next_answer(*client)).id == 3);
    w.zone.open = true;
    w.zone.opened.notify_all();
    CHECK((co_await next_answer(*client)).id == 1);
    CHECK(w.server->counts().stream_queries == 3);
  });
}

TEST_CASE("what a connection still waits for comes after its client has ended") {
  ServerWorld world;
  world.zone.open = false;
  in_time(world, [](ServerWorld& w) -> io::Task<void> {
    const auto client = co_await io::connect_socket(w.loop, io::Address::tcp("127.0.0.1", w.port));
    co_await io::write_text(*client, framed(numbered("f.example", 1)));
    co_await client->finish();
    co_await io::sleep(milliseconds(20));
    w.zone.open = true;
    w.zone.opened.notify_all();
    CHECK((co_await next_answer(*client)).id == 1);
    CHECK((co_await io::read_to_end(*client, 100)).empty());
  });
}

TEST_CASE("a thousand queries on one connection, more than may wait at a time") {
  ServerWorld world;
  in_time(world, [](ServerWorld& w) -> io::Task<void> {
    const auto client = co_await io::connect_socket(w.loop, io::Address::tcp("127.0.0.1", w.port));
    std::string all;
    for (std::uint16_t i = 0; i < 1000; ++i) all += framed(numbered(i % 2 ? "k.example" : "f.example", i));
    io::TaskGroup group(w.loop);
    group.spawn(io::write_text(*client, all));
    std::set<unsigned> ids;
    while (ids.size() < 1000) ids.insert((co_await next_answer(*client)).id);
  });
}

TEST_CASE("a silent connection is closed, and others than those allowed are not taken") {
  ServerWorld world({.connections = 1, .idle_connection = milliseconds(100)});
  in_time(world, [](ServerWorld& w) -> io::Task<void> {
    const auto first = co_await io::connect_socket(w.loop, io::Address::tcp("127.0.0.1", w.port));
    co_await io::sleep(milliseconds(20));
    const auto second = co_await io::connect_socket(w.loop, io::Address::tcp("127.0.0.1", w.port));
    CHECK((co_await io::read_to_end(*second, 100)).empty());
    CHECK((co_await io::read_to_end(*first, 100)).empty());
  });
}

TEST_CASE("questions that wait are bounded") {
  ServerWorld world({.waiting = 3});
  world.zone.open = false;
  in_time(world, [](ServerWorld& w) -> io::Task<void> {
    const auto client = w.client();
    for (std::uint16_t i = 0; i < 10; ++i) co_await client->send(encode(numbered("f.example", i)));
    while (w.server->counts().dropped < 7) co_await io::sleep(milliseconds(1));
    co_await client->send(encode(numbered("k.example", 99)));
    CHECK((co_await parse((co_await client->receive()).bytes)).id == 99);
  });
}

TEST_CASE("an EDNS of the future is refused by its number") {
  ServerWorld world;
  in_time(world, [](ServerWorld& w) -> io::Task<void> {
    const auto client = w.client();
    Message query = query_for("k.example", Type::a, 1232);
    query.edns_version = 3;
    co_await client->send(encode(query));
    const Message answer = co_await parse((co_await client->receive()).bytes);
    CHECK((answer.extended_code == 1 && answer.code == Code::no_error && answer.edns_version == 0));
    CHECK(answer.answers.empty());
  });
}

}  // namespace podo::dns
