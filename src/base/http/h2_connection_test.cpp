#include "base/http/h2_connection.h"

#include <doctest/doctest.h>

#include "base/http/h2_testing.h"
#include "base/io/combine.h"
#include "base/io/simulated_network.h"
#include "base/tls/tls_testing.h"

namespace podo::http {
namespace {

struct Leaving {
  int& running;
  ~Leaving() { --running; }
};

class TestHandler final : public Handler {
 public:
  Task<void> handle(Exchange& exchange) override {
    most = std::max(++running, most);
    const Leaving leaving{running};
    const std::string_view path = exchange.path();
    if (path == "/echo") {
      std::string body = co_await read_all(exchange.body(), 8 << 20);
      co_await exchange.respond(200, {{"Content-Type", "text/plain"}, {"Connection", "close"}}, body);
    } else if (path == "/head") {
      co_await exchange.respond(200, {},
                                text("{} {} {} {}", exchange.method(), exchange.query().get("q"),
                                     exchange.headers().get("Host"), exchange.headers().get("X-More")));
    } else if (path == "/pieces") {
      co_await exchange.begin(200, {});
      for (int i = 0; i < 3; ++i) co_await exchange.write(text("piece {};", i));
      co_await exchange.end();
    } else if (path == "/large") {
      co_await exchange.begin(200, {{"Content-Length", text("{}", large)}});
      for (std::size_t sent = 0; sent < large; sent += 100'000) {
        co_await exchange.write(std::string(100'000, 'x'));
        written += 100'000;
      }
      co_await exchange.end();
    } else if (path == "/missing") {
      co_await not_found("no such thing: {}", exchange.query().get("name"));
    } else if (path == "/cut") {
      co_await exchange.begin(200, {});
      co_await exchange.write("half");
      co_await internal("out of paper");
    } else if (path == "/wait") {
      co_await exchange.peer_gone();
      ++gone;
    } else if (path == "/nothing") {
      co_await exchange.respond(204, {}, "");
    } else if (path == "/ignore") {
      co_await exchange.respond(202, {}, "not interested");
    } else if (path == "/upgrade") {
      (void)co_await exchange.upgrade(101, {});
    }
  }
  static constexpr std::size_t large = 5'000'000;
  int running = 0, most = 0, gone = 0;
  std::size_t written = 0;
};

struct World {
  explicit World(ServerLimits chosen = {}) : limits(chosen) {}

  using Scenario = Task<void> (*)(World&, H2TestClient&);
  void run(Scenario scenario, bool grants_windows = true) {
    Result<void> ran = loop.run(run_task(scenario, grants_windows));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }

  io::SimulatedLoop loop{1};
  io::SimulatedNetwork network{loop};
  TestHandler handler;
  SilentLog log;
  ServerLimits limits;
  DateField date{loop.clock()};
  io::TaskGroup* serving = nullptr;
  Task<void> serve(std::unique_ptr<io::Stream> stream) {
    H2Connection connection(loop, {handler, log, limits, date}, std::move(stream), {});
    (void)co_await connection.serve().result();
  }

 private:
  Task<void> run_task(Scenario scenario, bool grants_windows) {
    auto listener = co_await network.node("server").listen(io::Address::tcp("server", 443));
    auto [near, far] =
        co_await io::all(network.node("client").connect(listener->address()), listener->accept());
    io::TaskGroup group(loop);
    serving = &group;
    group.spawn(serve(std::move(far)), "server");
    H2TestClient client(loop, std::move(near), grants_windows);
    co_await scenario(*this, client);
    group.cancel();
    co_await group.join();
    CHECK_EQ(handler.running, 0);
  }
};

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string out;
  for (int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
  return out.append(payload);
}

std::string repeated(const std::string& bytes, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += bytes;
  return out;
}

// The client has made itself known, so that raw frames may follow.
Task<void> introduce(H2TestClient& client) {
  H2TestClient::Answer answer = co_await client.get("/nothing");
  CHECK_EQ(answer.status, 204);
}

}  // namespace

TEST_CASE("h2: a handler sees the request as in HTTP/1.1, and its answer comes whole") {
  World world;
  world.run([](World&, H2TestClient& client) -> Task<void> {
    auto head = co_await client.answer(client.ask("PUT", "/head?q=a%20b", "x", {{"x-more", "m"}}));
    CHECK_EQ(head.status, 200);
    CHECK_EQ(head.body, "PUT a b server m");
    CHECK_EQ(head.headers.get("content-length"), "16");
    CHECK_FALSE(head.headers.get("date").empty());
    auto echo = co_await client.answer(client.ask("POST", "/echo", "hello"));
    CHECK_EQ(echo.body, "hello");
    CHECK_EQ(echo.headers.get("content-type"), "text/plain");
    CHECK_FALSE(echo.headers.find("connection").has_value());  // RFC 9113, 8.2.2
    CHECK_EQ((co_await client.get("/pieces")).body, "piece 0;piece 1;piece 2;");
    auto only_head = co_await client.answer(client.ask("HEAD", "/head"));
    CHECK((only_head.status == 200 && only_head.body.empty() && only_head.ended));
    CHECK_EQ(only_head.headers.get("content-length"), "13");
    auto nothing = co_await client.get("/nothing");
    CHECK((nothing.status == 204 && nothing.body.empty() && nothing.ended));
    auto empty = co_await client.answer(client.ask("POST", "/echo"));
    CHECK((empty.status == 200 && empty.ended));
  });
}

TEST_CASE("h2: failures of handlers are answered for, and an answer cut off looks cut off") {
  World world;
  world.run([](World&, H2TestClient& client) -> Task<void> {
    auto missing = co_await client.get("/missing?name=x");
    CHECK_EQ(missing.status, 404);
    CHECK_EQ(missing.body, "{\"message\":\"no such thing: x\"}\n");
    CHECK_EQ((co_await client.get("/unanswered")).status, 500);
    auto cut = co_await client.get("/cut");
    CHECK((cut.status == 200 && !cut.ended));
    CHECK_EQ(cut.error, NGHTTP2_INTERNAL_ERROR);
    CHECK_EQ((co_await client.get("/upgrade")).status, 501);
    CHECK_EQ((co_await client.get("/nothing")).status, 204);  // the connection goes on
  });
}

TEST_CASE("h2: bodies larger than every window pass, both ways and many at once") {
  World world;
  world.run([](World&, H2TestClient& client) -> Task<void> {
    std::vector<std::int32_t> ids;
    for (int i = 0; i < 8; ++i)
      ids.push_back(client.ask("POST", "/echo", std::string(1'000'000, static_cast<char>('a' + i))));
    for (int i = 0; i < 8; ++i)
      CHECK((co_await client.answer(ids[static_cast<std::size_t>(i)])).body ==
            std::string(1'000'000, static_cast<char>('a' + i)));
  });
}

TEST_CASE("h2: who does not read one answer still gets the others, and nothing piles up meanwhile") {
  ServerLimits limits;
  limits.write_within = seconds(20);
  World world(limits);
  world.run(
      [](World& w, H2TestClient& client) -> Task<void> {
        const std::int32_t slow = client.ask("GET", "/large");
        co_await client.flush();
        co_await io::sleep(seconds(1));
        CHECK_EQ(client.answers[slow].body.size(), 65'535);  // the window a client begins with
        CHECK_EQ(w.handler.written, 0);
        CHECK_EQ((co_await client.get("/head")).status, 200);
        for (int i = 0; i < 10; ++i) {  // it goes on as it is read, and patience begins anew
          co_await io::sleep(seconds(15));
          co_await client.grant(slow, 65'535);
        }
        CHECK_GE(w.handler.written, 500'000);
        CHECK_LE(w.handler.written, 700'000);
        co_await io::sleep(seconds(25));
        CHECK((client.answers[slow].closed && !client.answers[slow].ended));
        CHECK_EQ(client.answers[slow].error, NGHTTP2_CANCEL);
        CHECK_EQ(w.handler.running, 0);
        CHECK_EQ((co_await client.get("/head")).status, 200);
      },
      false);
}

TEST_CASE("h2: a body that nobody reads holds no window back from other requests") {
  World world;
  world.run([](World&, H2TestClient& client) -> Task<void> {
    for (int i = 0; i < 40; ++i) {
      auto answer = co_await client.answer(client.ask("POST", "/ignore", std::string(300'000, 'x')));
      CHECK((answer.status == 202 && answer.body == "not interested"));
    }
    CHECK_EQ((co_await client.answer(client.ask("POST", "/echo", std::string(6'000'000, 'y')))).body.size(),
             6'000'000);
  });
}

TEST_CASE("h2: a handler learns that its request was given up, and that the connection has ended") {
  World world;
  world.run([](World& w, H2TestClient& client) -> Task<void> {
    const std::int32_t one = client.ask("GET", "/wait"), two = client.ask("GET", "/wait");
    co_await client.flush();
    co_await io::sleep(seconds(1));
    CHECK_EQ(w.handler.running, 2);
    co_await client.reset(one);
    co_await io::sleep(seconds(1));
    CHECK_EQ(w.handler.gone, 1);
    CHECK_EQ((co_await client.get("/head")).status, 200);
    CHECK_FALSE(client.answers[two].closed);
    w.network.reset("client", "server");
    co_await io::sleep(seconds(1));
    CHECK_EQ(w.handler.gone, 2);
  });
}

TEST_CASE("h2: more streams than agreed are refused, and those that were reset count until they have ended") {
  ServerLimits limits;
  limits.streams = 10;
  World world(limits);
  world.run([](World& w, H2TestClient& client) -> Task<void> {
    co_await introduce(client);
    for (int i = 0; i < 300; ++i) {
      const std::int32_t id = client.ask("GET", "/large");
      co_await client.flush();
      co_await client.reset(id);
    }
    co_await io::sleep(seconds(1));
    CHECK_LE(w.handler.most, 20);
    CHECK_EQ(w.handler.running, 0);
    CHECK_EQ((co_await client.get("/head")).status, 200);
  });
}

TEST_CASE("h2: streams that are opened and reset without end end the connection") {
  World world;
  world.run([](World&, H2TestClient& client) -> Task<void> {
    co_await introduce(client);
    for (int i = 0; i < 1500 && !client.gone; ++i) {
      const std::int32_t id = client.ask("GET", "/wait");
      (void)co_await client.flush().result();
      (void)co_await client.reset(id).result();
    }
    co_await client.wait_until_gone();
    CHECK(client.sent_away.has_value());
  });
}

TEST_CASE("h2: frames that say nothing, without end, end the connection") {
  const std::string floods[] = {
      frame(NGHTTP2_PING, 0, 0, "01234567"),
      frame(NGHTTP2_SETTINGS, 0, 0, ""),
      frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\x03\x10", 5)),
      frame(NGHTTP2_DATA, 0, 101, ""),
      frame(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string("\0\0\0\x01", 4)),
  };
  for (const std::string& flood : floods) {
    CAPTURE(int(flood[3]));
    World world;
    static const std::string* current;
    current = &flood;
    world.run([](World& w, H2TestClient& client) -> Task<void> {
      co_await introduce(client);
      if ((*current)[3] != NGHTTP2_SETTINGS) {  // whose answers the client has not asked for
        if ((*current)[3] != NGHTTP2_DATA) co_await client.send_raw(repeated(*current, 500));  // are borne
        CHECK_EQ((co_await client.get("/nothing")).status, 204);
      }
      const Monotonic begin = w.loop.clock().now();
      co_await client.send_raw(
          frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 101, "\x83\x86\x44\x05/wait"));
      (void)co_await client.send_raw(repeated(*current, 3000)).result();
      co_await client.wait_until_gone();
      CHECK_LT((w.loop.clock().now() - begin).ns, seconds(10).ns);
      if ((*current)[3] != NGHTTP2_SETTINGS)
        CHECK((!client.sent_away || client.sent_away == NGHTTP2_ENHANCE_YOUR_CALM));
    });
  }
}

TEST_CASE("h2: a head in frames without end, or larger than the limit, is not kept") {
  World world;
  world.run([](World& w, H2TestClient& client) -> Task<void> {
    auto large =
        co_await client.answer(client.ask("GET", "/head", "", {{"x-large", std::string(70'000, 'l')}}));
    CHECK((large.status == 431 || large.closed));
    std::vector<Headers::Field> many(300, {"x", "y"});
    CHECK_EQ((co_await client.answer(client.ask("GET", "/head", "", many))).status, 431);
    CHECK_EQ(w.handler.most, 0);
    const std::string start = frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 101, "\x82");
    co_await client.send_raw(start + repeated(frame(NGHTTP2_CONTINUATION, 0, 101, "\x82"), 20));
    co_await client.wait_until_gone();
  });
}

TEST_CASE("h2: a head that never ends, a preface that never comes and idleness end the connection") {
  World world;
  world.run([](World& w, H2TestClient&) -> Task<void> {
    auto listener = co_await w.network.node("server").listen(io::Address::tcp("server", 444));
    auto [near, far] =
        co_await io::all(w.network.node("client").connect(listener->address()), listener->accept());
    w.serving->spawn(w.serve(std::move(far)));
    const Monotonic begin = w.loop.clock().now();
    (void)co_await io::read_to_end(*near, 1 << 20);  // and not a byte is sent
    CHECK_EQ((w.loop.clock().now() - begin).ns / 1'000'000'000, 30);
  });
  World second;
  second.run([](World& w, H2TestClient& client) -> Task<void> {
    co_await introduce(client);
    const Monotonic begin = w.loop.clock().now();
    co_await client.wait_until_gone();
    CHECK_EQ(client.sent_away.value_or(99), NGHTTP2_NO_ERROR);
    CHECK_EQ((w.loop.clock().now() - begin).ns / 1'000'000'000, 120);
  });
  World third;
  third.run([](World& w, H2TestClient& client) -> Task<void> {
    co_await introduce(client);
    const Monotonic begin = w.loop.clock().now();
    co_await client.send_raw(frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 101, "\x82"));
    co_await client.wait_until_gone();
    CHECK_EQ((w.loop.clock().now() - begin).ns / 1'000'000'000, 30);
  });
  World fourth;
  fourth.run([](World&, H2TestClient& client) -> Task<void> {
    co_await client.send_raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    co_await client.wait_until_gone();
  });
}

TEST_CASE("h2: a body of another length than was promised does not reach the handler as whole") {
  World world;
  world.run([](World&, H2TestClient& client) -> Task<void> {
    auto wrong = co_await client.answer(client.ask("POST", "/echo", "four", {{"content-length", "5"}}));
    CHECK((wrong.status != 200 && wrong.closed));
    CHECK_EQ((co_await client.get("/head")).status, 200);
  });
}

TEST_CASE("h2: a server that stops says which requests it has seen") {
  World world;
  world.run([](World& w, H2TestClient& client) -> Task<void> {
    client.ask("GET", "/wait");
    co_await client.flush();
    co_await io::sleep(seconds(1));
    w.serving->cancel();
    co_await client.wait_until_gone();
    CHECK_EQ(client.sent_away.value_or(99), NGHTTP2_NO_ERROR);
    CHECK_EQ(w.handler.running, 0);
  });
}

TEST_CASE("a server speaks HTTP/2 over TLS with whom it agreed on it, and HTTP/1.1 with others") {
  io::EpollLoop loop;
  auto scenario = [](io::EpollLoop& on) -> Task<void> {
    TestHandler handler;
    SilentLog log;
    Server server(on, handler, log, {});
    tls::TestAuthority authority;
    const tls::Context context =
        co_await tls::server_context({.identity = authority.issue("server", "DNS:server"),
                                      .client_authorities = authority.pem(),
                                      .client_certificates = tls::ClientCertificates::optional,
                                      .protocols = {"h2", "http/1.1"}});
    auto listener = co_await io::listen_socket(on, io::Address::tcp("127.0.0.1", 0));
    io::TaskGroup serving(on);
    serving.spawn(server.serve(*listener, &context));
    for (const char* protocol : {"h2", "http/1.1"}) {
      const tls::Context own = co_await tls::client_context(
          {.trust_system = false, .authorities = authority.pem(), .protocols = {protocol}});
      auto socket = co_await io::connect_socket(on, listener->address());
      auto secure = co_await tls::connect(own, std::move(socket), "server");
      CHECK_EQ(secure->protocol(), protocol);
      if (secure->protocol() == "h2") {
        H2TestClient client(on, std::move(secure));
        CHECK_EQ((co_await client.get("/head")).body, "GET  server ");
      } else {
        co_await io::write_text(*secure, "GET /head HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n");
        CHECK((co_await io::read_to_end(*secure, 1000)).ends_with("GET  server "));
      }
    }
    serving.cancel();
    co_await serving.join();
  };
  Result<void> ran = loop.run(scenario(loop));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

}  // namespace podo::http
