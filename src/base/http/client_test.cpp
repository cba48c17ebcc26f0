#include "base/http/client.h"

#include <doctest/doctest.h>

#include "base/http/server.h"
#include "base/io/combine.h"
#include "base/io/simulated_network.h"

namespace podo::http {
namespace {

class SimulatedConnector final : public Connector {
 public:
  explicit SimulatedConnector(io::Network& network) : network_(network) {}
  Task<std::unique_ptr<io::Stream>> connect(const Url& url) override {
    ++connections;
    return network_.connect(io::Address::tcp(url.host, url.port));
  }
  int connections = 0;

 private:
  io::Network& network_;
};

class Pieces final : public Body {
 public:
  Pieces(std::string piece, int count) : piece_(std::move(piece)), count_(count) {}
  Task<std::size_t> read(std::span<std::byte> into) override {
    co_await io::yield();
    if (count_ == fails_at) co_return corrupt("the disk is worn out");
    if (count_ == 0) co_return 0;
    --count_;
    std::copy_n(io::bytes_of(piece_).begin(), piece_.size(), into.begin());
    co_return piece_.size();
  }
  int fails_at = -1;

 private:
  std::string piece_;
  int count_;
};

class EchoHandler final : public Handler {
 public:
  Task<void> handle(Exchange& exchange) override {
    if (exchange.path() == "/mirror") co_return co_await mirror(exchange);
    if (exchange.path() == "/refuse") co_return co_await exchange.respond(413, {}, "too much");
    if (exchange.path() == "/hijack") {
      auto stream = co_await exchange.upgrade(101, {{"Upgrade", "tcp"}});
      co_await io::write_text(*stream, "welcome");
      co_await stream->finish();
      co_return;
    }
    std::string body = co_await read_all(exchange.body(), 64 << 20);
    co_await exchange.respond(200, {{"X-Method", std::string(exchange.method())}},
                              text("{}:{}", exchange.path(), body.size()));
  }

 private:
  // Answers while the request is still being sent.
  static Task<void> mirror(Exchange& exchange) {
    co_await exchange.begin(200, {});
    std::string bytes(4096, '\0');
    while (std::size_t count = co_await exchange.body().read(io::writable_bytes_of(bytes)))
      co_await exchange.write(std::string_view(bytes).substr(0, count));
    co_await exchange.end();
  }
};

struct World {
  explicit World(ClientLimits limits = {}) : client(loop, connector, limits) {}

  void run(Task<void> (*scenario)(World&)) {
    auto all = [](World& world, Task<void> (*what)(World&)) -> Task<void> {
      auto listener = co_await world.network.node("server").listen(io::Address::tcp("server", 80));
      io::TaskGroup group(world.loop);
      group.spawn(world.server.serve(*listener), "server");
      co_await what(world);
      group.cancel();
      co_await group.join();
    };
    Result<void> ran = loop.run(all(*this, scenario));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
  // A server that says what it is told to, once for each connection.
  void run_with_answers(std::vector<std::string> answers, Task<void> (*scenario)(World&)) {
    auto serve = [](io::NetworkListener& listener, std::vector<std::string> texts) -> Task<void> {
      for (std::string& answer : texts) {
        auto stream = co_await listener.accept();
        std::string scratch(4096, '\0');
        (void)co_await stream->read(io::writable_bytes_of(scratch));
        co_await io::write_text(*stream, std::move(answer));
        co_await io::sleep(seconds(1));
      }
      co_await io::sleep(seconds(1000));
    };
    auto all = [&](World& world, Task<void> (*what)(World&)) -> Task<void> {
      auto listener = co_await world.network.node("server").listen(io::Address::tcp("server", 80));
      io::TaskGroup group(world.loop);
      group.spawn(serve(*listener, std::move(answers)), "server");
      co_await what(world);
      group.cancel();
      co_await group.join();
    };
    Result<void> ran = loop.run(all(*this, scenario));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }

  io::SimulatedLoop loop{1};
  io::SimulatedNetwork network{loop};
  EchoHandler handler;
  SilentLog log;
  Server server{loop, handler, log, {}};
  SimulatedConnector connector{network.node("client")};
  Client client;
};

Task<std::string> get(World& world, std::string path) {
  Response response = co_await world.client.send({.url = "http://server" + path});
  co_return co_await read_all(*response.body, 1 << 20);
}

}  // namespace

TEST_CASE("requests to one origin share a connection") {
  World world;
  world.run([](World& w) -> Task<void> {
    for (int i = 0; i < 5; ++i) CHECK_EQ(co_await get(w, "/a?b"), "/a:0");
    Response head = co_await w.client.send({.method = "HEAD", .url = "http://server/"});
    CHECK_EQ(head.headers.get("Content-Length"), "3");
    CHECK_EQ(co_await read_all(*head.body, 10), "");
    CHECK_EQ(w.connector.connections, 1);
    auto both = co_await io::all(get(w, "/b"), get(w, "/c"));
    CHECK_EQ(std::get<1>(both), "/c:0");
    CHECK_EQ(w.connector.connections, 2);
  });
}

TEST_CASE("an answer that is dropped takes its connection with it") {
  World world;
  world.run([](World& w) -> Task<void> {
    (void)co_await w.client.send({.url = "http://server/a"});
    CHECK_EQ(co_await get(w, "/b"), "/b:0");
    CHECK_EQ(w.connector.connections, 2);
  });
}

TEST_CASE("bodies go out whole, streamed with their length, and in chunks") {
  World world;
  world.run([](World& w) -> Task<void> {
    Response whole = co_await w.client.send(
        {.method = "PUT", .url = "http://server/x", .body = std::string(200'000, 'x')});
    CHECK_EQ(co_await read_all(*whole.body, 100), "/x:200000");
    CHECK_EQ(whole.headers.get("x-method"), "PUT");
    Pieces sized(std::string(1000, 'y'), 300);
    Response known = co_await w.client.send(
        {.method = "PUT", .url = "http://server/y", .streamed_body = &sized, .body_size = 300'000});
    CHECK_EQ(co_await read_all(*known.body, 100), "/y:300000");
    Pieces unknown(std::string(999, 'z'), 300);
    Response chunked =
        co_await w.client.send({.method = "POST", .url = "http://server/z", .streamed_body = &unknown});
    CHECK_EQ(co_await read_all(*chunked.body, 100), "/z:299700");
    CHECK_EQ(w.connector.connections, 1);
  });
}

TEST_CASE("an answer can come while the request is sent, and neither waits for the other's end") {
  World world;
  world.run([](World& w) -> Task<void> {
    Pieces pieces(std::string(1000, 'm'), 2000);
    Response response =
        co_await w.client.send({.method = "POST", .url = "http://server/mirror", .streamed_body = &pieces});
    std::string back = co_await read_all(*response.body, 4 << 20);
    CHECK_EQ(back.size(), 2'000'000);
    Pieces refused(std::string(1000, 'm'), 2000);
    Response early =
        co_await w.client.send({.method = "POST", .url = "http://server/refuse", .streamed_body = &refused});
    CHECK_EQ(early.status, 413);
    CHECK_EQ(co_await read_all(*early.body, 100), "too much");
  });
}

TEST_CASE("a request whose own body fails, fails with that") {
  World world;
  world.run([](World& w) -> Task<void> {
    for (std::string_view path : {"/x", "/mirror"}) {
      Pieces pieces(std::string(1000, 'm'), 200);
      pieces.fails_at = 20;
      auto ask = [](World& in, Pieces& from, std::string_view to) -> Task<std::string> {
        Response response = co_await in.client.send(
            {.method = "POST", .url = text("http://server{}", to), .streamed_body = &from});
        co_return co_await read_all(*response.body, 4 << 20);
      };
      Result<std::string> failed = co_await ask(w, pieces, path).result();
      REQUIRE(!failed);
      CHECK_EQ(failed.error().message(), "the disk is worn out");
    }
  });
}

TEST_CASE("a kept connection that was closed meanwhile is replaced, without a word") {
  World world({.kept_for = seconds(500)});
  world.run([](World& w) -> Task<void> {
    CHECK_EQ(co_await get(w, "/a"), "/a:0");
    co_await io::sleep(seconds(200));  // longer than the server waits
    CHECK_EQ(co_await get(w, "/b"), "/b:0");
    CHECK_EQ(w.connector.connections, 2);
    co_await io::sleep(seconds(200));
    Pieces pieces("once", 1);
    Response response =
        co_await w.client.send({.method = "POST", .url = "http://server/c", .streamed_body = &pieces});
    CHECK_EQ(co_await read_all(*response.body, 100), "/c:4");
    CHECK_EQ(w.connector.connections, 3);
  });
}

TEST_CASE("connections are kept only so long, and only so many") {
  World world({.kept_connections = 2, .kept_for = seconds(10)});
  world.run([](World& w) -> Task<void> {
    (void)co_await io::all(get(w, "/a"), get(w, "/b"), get(w, "/c"));
    (void)co_await io::all(get(w, "/a"), get(w, "/b"), get(w, "/c"));
    CHECK_EQ(w.connector.connections, 4);
    co_await io::sleep(seconds(11));
    (void)co_await get(w, "/a");
    CHECK_EQ(w.connector.connections, 5);
  });
}

TEST_CASE("answers are understood although they are odd, and not when they are broken") {
  World world;
  world.run_with_answers({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 "
                          "200 OK\r\nContent-Length: 2\r\n\r\nok",
                          "HTTP/1.0 200 OK\r\n\r\nto the end",
                          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "SSH-2.0\r\n", ""},
                         [](World& w) -> Task<void> {
                           CHECK_EQ(co_await get(w, "/"), "ok");
                           co_await io::sleep(seconds(2));
                           CHECK_EQ(co_await get(w, "/"), "to the end");
                           Result<std::string> cut = co_await get(w, "/").result();
                           CHECK_EQ(cut.error().kind(), ErrorKind::corrupt);
                           Result<std::string> other = co_await get(w, "/").result();
                           CHECK_EQ(other.error().kind(), ErrorKind::invalid);
                           Result<std::string> nothing = co_await get(w, "/").result();
                           CHECK_EQ(nothing.error().kind(), ErrorKind::unavailable);
                         });
}

TEST_CASE("an answer that does not come, and one that stalls, are given up in time") {
  World world({.answer_within = seconds(30), .read_within = seconds(5)});
  world.run_with_answers({"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsho"}, [](World& w) -> Task<void> {
    Monotonic start = w.loop.clock().now();
    // The first connection is closed after a second; the second stalls for longer than allowed.
    CHECK_FALSE((co_await get(w, "/").result()).has_value());
    w.network.partition("client", "server");
    Result<std::string> late = co_await io::deadline(get(w, "/"), seconds(100)).result();
    CHECK_EQ(late.error().system_errno(), ETIMEDOUT);
    CHECK_LT((w.loop.clock().now() - start).ns, seconds(60).ns);
  });
}

TEST_CASE("a connection becomes the caller's when the server agrees") {
  World world;
  world.run([](World& w) -> Task<void> {
    Client::Upgraded upgraded =
        co_await w.client.upgrade({.method = "POST", .url = "http://server/hijack", .body = "{}"});
    CHECK_EQ(upgraded.response.status, 101);
    REQUIRE(upgraded.stream != nullptr);
    CHECK_EQ(co_await io::read_to_end(*upgraded.stream, 100), "welcome");
    Client::Upgraded refused = co_await w.client.upgrade({.method = "POST", .url = "http://server/refuse"});
    CHECK(refused.stream == nullptr);
    CHECK_EQ(co_await read_all(*refused.response.body, 100), "too much");
  });
}

}  // namespace podo::http
