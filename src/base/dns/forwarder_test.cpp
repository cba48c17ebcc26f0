#include "base/dns/forwarder.h"

#include "base/dns/dns_testing.h"
#include "base/dns/server.h"
#include "base/io/combine.h"

namespace podo::dns {
namespace {

struct ForwarderWorld {
  explicit ForwarderWorld(ForwarderOptions options = quick(), AnswerCacheLimits limits = {})
      : cache(loop.clock(), random, limits), forwarder(loop, random, cache, std::move(options)) {}
  static ForwarderOptions quick() {
    return {.patience = {.timeout = milliseconds(150), .attempts = 2}, .answer_within = milliseconds(1000)};
  }
  std::string ask(const Message& query) {
    const auto found = loop.run(forwarder.ask(query));
    return found ? words_of(answer_with(query, *found)) : found.error().message();
  }
  std::string ask(std::string name) { return ask(query_for(std::move(name))); }

  SystemRandom random;
  io::EpollLoop loop;
  AnswerCache cache;
  Forwarder forwarder;
};

FakeUpstream::Answer says(const char* address) {
  return [=](const Message& query) { return std::vector{address_answer(query, address)}; };
}
FakeUpstream::Answer fails(Code code) {
  return [=](const Message& query) { return std::vector{encode(reply_to(query, code))}; };
}
const FakeUpstream::Answer silence = [](const Message&) { return std::vector<std::string>(); };

}  // namespace

TEST_CASE("a question is asked once, and then remembered") {
  ForwarderWorld world;
  FakeUpstream upstream(world.loop, says("192.0.2.7"));
  world.forwarder.set_upstreams({upstream.place()});
  CHECK(world.ask("web.example") == "web.example 60 192.0.2.7");
  CHECK(world.ask("WEB.example") == "WEB.example 60 192.0.2.7");
  CHECK(upstream.asked == 1);
  CHECK(*upstream.questions[0].edns_udp_bytes == 1232);
}

TEST_CASE("what a client says about DNSSEC goes along, and has answers of its own") {
  ForwarderWorld world;
  FakeUpstream upstream(world.loop, says("192.0.2.7"));
  world.forwarder.set_upstreams({upstream.place()});
  Message query = query_for("web.example", Type::a, 4096);
  query.dnssec_ok = query.checking_disabled = true;
  world.ask(query);
  world.ask("web.example");
  REQUIRE(upstream.asked == 2);
  CHECK((upstream.questions[0].dnssec_ok && upstream.questions[0].checking_disabled));
  CHECK(!upstream.questions[1].dnssec_ok);
}

TEST_CASE("equal questions at a time are one") {
  ForwarderWorld world;
  FakeUpstream upstream(world.loop, says("192.0.2.7"));
  world.forwarder.set_upstreams({upstream.place()});
  std::vector<io::Task<Message>> asking;
  for (int i = 0; i < 20; ++i)
    asking.push_back(world.forwarder.ask(query_for(i % 2 ? "a.example" : "A.Example")));
  const auto found = world.loop.run(io::all(std::move(asking)));
  REQUIRE(found.has_value());
  for (const Message& message : *found) CHECK(message.answers.size() == 1);
  CHECK(upstream.asked == 1);
  CHECK(world.forwarder.counts().joined == 19);
}

TEST_CASE("the next server is asked when one is silent or fails, and the silent one comes last then") {
  ForwarderWorld world;
  FakeUpstream dead(world.loop, silence), broken(world.loop, fails(Code::server_failure)),
      refusing(world.loop, fails(Code::refused)), good(world.loop, says("192.0.2.7"));
  world.forwarder.set_upstreams({dead.place(), broken.place(), refusing.place(), good.place()});
  CHECK(world.ask("a.example") == "a.example 60 192.0.2.7");
  CHECK(world.ask("b.example") == "b.example 60 192.0.2.7");
  CHECK((dead.asked == 1 && broken.asked == 2 && refusing.asked == 2 && good.asked == 2));
}

TEST_CASE("a failure is remembered for a moment, not longer") {
  ForwarderWorld world;
  FakeUpstream broken(world.loop, fails(Code::server_failure));
  world.forwarder.set_upstreams({broken.place()});
  CHECK(world.ask("a.example") == "SERVFAIL");
  CHECK(world.ask("a.example") == "SERVFAIL");
  CHECK(broken.asked == 1);
  (void)world.loop.run([]() -> io::Task<void> { co_await io::sleep(milliseconds(1050)); }());
  CHECK(world.ask("a.example") == "SERVFAIL");
  CHECK(broken.asked == 2);
}

TEST_CASE("nobody answering is a failure within the time") {
  ForwarderWorld world;
  FakeUpstream dead(world.loop, silence);
  world.forwarder.set_upstreams({dead.place()});
  const Monotonic begin = world.loop.clock().now();
  CHECK(world.ask("a.example") == "SERVFAIL");
  CHECK(dead.asked == 2);
  CHECK(world.loop.clock().now() < begin + milliseconds(900));
  CHECK(world.forwarder.counts().failed == 1);
}

TEST_CASE("no such name and no such data are answers, and are kept") {
  ForwarderWorld world;
  FakeUpstream upstream(world.loop, [](const Message& query) {
    const bool there = query.questions[0].name == "half.example";
    return std::vector{negative_answer(query, there ? Code::no_error : Code::no_such_name, 20)};
  });
  world.forwarder.set_upstreams({upstream.place()});
  for (int i = 0; i < 2; ++i) {
    CHECK(world.ask("none.example") == "NXDOMAIN | 20");
    CHECK(world.ask("half.example") == "| 20");
  }
  CHECK(upstream.asked == 2);
}

TEST_CASE("a long answer comes over TCP; when that fails, a part is better than nothing, and is not kept") {
  ForwarderWorld world;
  const auto many = [](const Message& query) {
    Message reply = reply_to(query);
    for (unsigned i = 0; i < 300; ++i)
      reply.answers.push_back(
          address_record(query.questions[0].name, IpAddress::parse("10.0.0.1")->plus(i), 60));
    return reply;
  };
  const auto cut = [=](const Message& query) { return std::vector{encode(many(query), 512)}; };
  FakeUpstream upstream(world.loop, cut, [=](const Message& query) { return encode(many(query)); });
  world.forwarder.set_upstreams({upstream.place()});
  const auto whole = world.loop.run(world.forwarder.ask(query_for("big.example")));
  REQUIRE(whole.has_value());
  CHECK((whole->answers.size() == 300 && !whole->truncated));
  CHECK((upstream.asked == 1 && upstream.asked_by_stream == 1));

  FakeUpstream datagrams_only(world.loop, cut);
  world.forwarder.set_upstreams({datagrams_only.place()});
  for (int i = 1; i <= 2; ++i) {
    const auto part = world.loop.run(world.forwarder.ask(query_for("other.example")));
    REQUIRE(part.has_value());
    CHECK((part->truncated && !part->answers.empty()));
    CHECK(datagrams_only.asked == i);
  }
}

TEST_CASE("lies are not heard: a wrong id, another question, a query, nonsense") {
  ForwarderWorld world;
  FakeUpstream upstream(world.loop, [](const Message& query) {
    Message wrong_id = query, wrong_name = query, wrong_type = query, not_an_answer = query;
    ++wrong_id.id;
    wrong_name.questions[0].name = "evil.example";
    wrong_type.questions[0].type = Type::aaaa;
    return std::vector{address_answer(wrong_id, "203.0.113.1"),
                       address_answer(wrong_name, "203.0.113.2"),
                       address_answer(wrong_type, "203.0.113.3"),
                       encode(not_an_answer),
                       std::string("nonsense"),
                       address_answer(query, "192.0.2.7")};
  });
  world.forwarder.set_upstreams({upstream.place()});
  CHECK(world.ask("web.example") == "web.example 60 192.0.2.7");
}

TEST_CASE("who does not know EDNS is asked without") {
  ForwarderWorld world;
  FakeUpstream old(world.loop, [](const Message& query) {
    return std::vector{query.edns_udp_bytes ? refusal_of(encode(query), Code::format_error)
                                            : address_answer(query, "192.0.2.7")};
  });
  world.forwarder.set_upstreams({old.place()});
  CHECK(world.ask("web.example") == "web.example 60 192.0.2.7");
  CHECK(old.asked == 2);
}

TEST_CASE("this server is never its own upstream") {
  ForwarderOptions options = ForwarderWorld::quick();
  options.own = {*IpAddress::parse("127.0.0.2")};
  ForwarderWorld world(options);
  FakeUpstream own(world.loop, says("192.0.2.1"), {}, "127.0.0.2"), other(world.loop, says("192.0.2.7"));
  world.forwarder.set_upstreams({own.place(), other.place()});
  CHECK(world.ask("a.example") == "a.example 60 192.0.2.7");
  world.forwarder.set_upstreams({own.place()});
  CHECK(world.ask("b.example") == "SERVFAIL");
  CHECK(own.asked == 0);
}

TEST_CASE("a circle that is not known as one ends with the time, after few questions") {
  struct ForwardingZone final : Zone {
    std::optional<Message> know(const Query&) override { return {}; }
    io::Task<std::string> find_out(Query query) override {
      ++asked;
      co_return encode(answer_with(query.message, co_await forwarder->ask(query.message)));
    }
    Forwarder* forwarder = nullptr;
    int asked = 0;
  } zone;
  ForwarderWorld world;
  zone.forwarder = &world.forwarder;
  Sockets sockets = loopback_sockets();
  const Upstream self{*IpAddress::parse("127.0.0.1"), sockets.port};
  const Server server(world.loop, std::move(sockets.udp), std::move(sockets.tcp), zone);
  world.forwarder.set_upstreams({self});
  CHECK(world.ask("a.example") == "SERVFAIL");
  CHECK(zone.asked == 2);  // both attempts came back, and waited for themselves
}

TEST_CASE("what is on its way is bounded") {
  ForwarderOptions options = ForwarderWorld::quick();
  options.questions_max = 2;
  ForwarderWorld world(options);
  FakeUpstream dead(world.loop, silence);
  world.forwarder.set_upstreams({dead.place()});
  const auto [a, b, c] = *world.loop.run(io::all(
      [](Forwarder& f) -> io::Task<std::string> {
        co_return words_of(co_await f.ask(query_for("a")));
      }(world.forwarder),
      [](Forwarder& f) -> io::Task<std::string> {
        co_return words_of(co_await f.ask(query_for("b")));
      }(world.forwarder),
      [](Forwarder& f) -> io::Task<std::string> {
        const auto third = co_await f.ask(query_for("c")).result();
        co_return third ? words_of(*third) : third.error().message();
      }(world.forwarder)));
  CHECK((a == "SERVFAIL" && b == "SERVFAIL"));
  CHECK(c == "too many questions are on their way");
}

TEST_CASE("an expired answer stands in for a server that fails") {
  ForwarderWorld world(ForwarderWorld::quick(), {.positive_s = 1, .stale_s = 60});
  bool broken = false;
  FakeUpstream upstream(world.loop, [&](const Message& query) {
    return std::vector{broken ? encode(reply_to(query, Code::server_failure))
                              : address_answer(query, "192.0.2.7")};
  });
  world.forwarder.set_upstreams({upstream.place()});
  CHECK(world.ask("a.example") == "a.example 1 192.0.2.7");
  broken = true;
  (void)world.loop.run([]() -> io::Task<void> { co_await io::sleep(milliseconds(1050)); }());
  CHECK(world.ask("a.example") == "a.example 30 192.0.2.7");
  CHECK(world.forwarder.counts().stale == 1);
}

}  // namespace podo::dns
