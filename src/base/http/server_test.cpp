#include "base/http/server.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io/combine.h"
#include "base/io/simulated_network.h"

namespace podo::http {
namespace {

class TestHandler final : public Handler {
 public:
  Task<void> handle(Exchange& exchange) override {
    ++requests;
    if (exchange.path() == "/echo") {
      std::string body = co_await read_all(exchange.body(), 1 << 20);
      co_await exchange.respond(200, {}, text("{} {}", exchange.method(), body));
    } else if (exchange.path() == "/stream") {
      co_await exchange.begin(200, {});
      for (int i = 0; i < 3; ++i) co_await exchange.write(text("piece {};", i));
      co_await exchange.end();
    } else if (exchange.path() == "/cut") {
      co_await exchange.begin(200, {});
      co_await exchange.write("half");
      co_await internal("out of paper");
    } else if (exchange.path() == "/file" || exchange.path() == "/short-file") {
      const bool whole = exchange.path() == "/file";
      const io::Fd file(::memfd_create("answer", MFD_CLOEXEC));
      const std::string bytes = file_bytes();
      REQUIRE_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
      co_await exchange.begin(200, {{"Content-Length", text("{}", bytes.size() - 3)}});
      co_await exchange.send_file(file.get(), whole ? 3 : 10, bytes.size() - 3);
      co_await exchange.end();
    } else if (exchange.path() == "/missing") {
      co_await not_found("No such container: {}", exchange.query().get("name"));
    } else if (exchange.path() == "/upgrade") {
      co_await speak(exchange);
    } else if (exchange.path() == "/wait") {
      co_await exchange.peer_gone();
      ++gone;
    } else if (exchange.path() == "/ignore") {
      co_await exchange.respond(202, {}, "");
    } else if (exchange.path() == "/nothing") {
      co_await exchange.respond(204, {}, "");
    }
  }
  static std::string file_bytes() {
    std::string bytes(300'000, 'x');
    for (std::size_t i = 0; i < bytes.size(); i += 7) bytes[i] = static_cast<char>('a' + i % 26);
    return bytes;
  }
  int requests = 0, gone = 0;

 private:
  // An echo until the peer's half is closed, then a farewell.
  static Task<void> speak(Exchange& exchange) {
    std::string config = co_await read_all(exchange.body(), 100);
    auto stream = co_await exchange.upgrade(101, {{"Upgrade", "tcp"}});
    co_await io::write_text(*stream, "config=" + config + ";");
    std::string all = co_await io::read_to_end(*stream, 1000);
    co_await io::write_text(*stream, all + " bye");
    co_await stream->finish();
  }
};

struct World {
  explicit World(ServerLimits limits = {}) : server(loop, handler, log, limits) {}

  // What the server answers to these bytes, until it closes.
  std::string ask(std::string bytes, bool half_close = true) {
    std::string answer;
    Result<void> ran = loop.run(ask_task(std::move(bytes), half_close, answer));
    REQUIRE_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
    return answer;
  }

  Task<void> ask_task(std::string bytes, bool half_close, std::string& answer) {
    auto listener = co_await network.node("server").listen(io::Address::tcp("server", 80));
    io::TaskGroup group(loop);
    group.spawn(server.serve(*listener), "server");
    auto client = co_await network.node("client").connect(listener->address());
    co_await io::write_text(*client, std::move(bytes));
    if (half_close) co_await client->finish();
    answer = co_await io::read_to_end(*client, 1 << 20);
    group.cancel();
    co_await group.join();
  }

  io::SimulatedLoop loop{1};
  io::SimulatedNetwork network{loop};
  TestHandler handler;
  SilentLog log;
  Server server;
};

std::string without_dates(std::string text) {
  for (std::size_t at; (at = text.find("Date: ")) != std::string::npos;)
    text.erase(at, text.find("\r\n", at) + 2 - at);
  return text;
}

const std::string host = "Host: h\r\n";

}  // namespace

TEST_CASE("bytes of a file are an answer") {
  World world;
  const std::string answer = world.ask("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(answer.ends_with("\r\n\r\n" + TestHandler::file_bytes().substr(3)));
}

TEST_CASE(
    "a socket is given a file's bytes by the kernel, and a file that is too short cuts the answer off") {
  io::EpollLoop loop;
  TestHandler handler;
  SilentLog log;
  Server server(loop, handler, log, {});
  auto ask = [](io::EpollLoop& on, Server& at, std::string path) -> Task<std::string> {
    auto listener = co_await io::listen_socket(on, io::Address::tcp("127.0.0.1", 0));
    io::TaskGroup group(on);
    group.spawn(at.serve(*listener), "server");
    auto client = co_await io::connect_socket(on, listener->address());
    co_await io::write_text(*client, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    std::string answer = co_await io::read_to_end(*client, 1 << 20);
    group.cancel();
    co_await group.join();
    co_return answer;
  };
  const Result<std::string> whole = loop.run(ask(loop, server, "/file"));
  REQUIRE(whole.has_value());
  CHECK(whole->ends_with("\r\n\r\n" + TestHandler::file_bytes().substr(3)));
  const Result<std::string> cut = loop.run(ask(loop, server, "/short-file"));
  REQUIRE(cut.has_value());
  CHECK_EQ(cut->size(), whole->size() - 7);
}

TEST_CASE("pipelined requests are answered in their order") {
  World world;
  std::string answer = world.ask("POST /echo HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\n1" +
                                 "POST /echo HTTP/1.1\r\n" + host +
                                 "Transfer-Encoding: chunked\r\n\r\n1\r\n2\r\n0\r\n\r\n"
                                 "GET /echo HTTP/1.1\r\n" +
                                 host + "Connection: close\r\n\r\nGET /echo HTTP/1.1\r\n\r\n");
  CHECK_EQ(without_dates(answer),
           "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOST 1"
           "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOST 2"
           "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nGET ");
}

TEST_CASE("every answer has a date of this second") {
  World world;
  CHECK(world.ask("GET /echo HTTP/1.1\r\n" + host + "\r\n")
            .contains("\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"));
}

TEST_CASE("an answer of unknown length is chunked, and to an HTTP/1.0 client ends with the connection") {
  World world;
  std::string get = "GET /stream HTTP/1.";
  CHECK_EQ(without_dates(world.ask(get + "1\r\n" + host + "\r\n")),
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           "8\r\npiece 0;\r\n8\r\npiece 1;\r\n8\r\npiece 2;\r\n0\r\n\r\n");
  CHECK_EQ(without_dates(world.ask(get + "0\r\n\r\n")),
           "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npiece 0;piece 1;piece 2;");
}

TEST_CASE("an HTTP/1.0 client can keep its connection") {
  World world;
  std::string get = "GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\nGET ";
  CHECK_EQ(without_dates(world.ask(get + get)), answer + answer);
}

TEST_CASE("HEAD and 204 have no body") {
  World world;
  CHECK_EQ(without_dates(world.ask("HEAD /echo HTTP/1.1\r\n" + host + "\r\nHEAD /stream HTTP/1.1\r\n" + host +
                                   "\r\nGET /nothing HTTP/1.1\r\n" + host + "\r\n")),
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
           "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_CASE("a failed handler is answered for, as JSON with its message") {
  World world;
  std::string answer = world.ask("GET /missing?name=a%22b HTTP/1.1\r\n" + host + "\r\n");
  CHECK(answer.starts_with("HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n"));
  CHECK(answer.ends_with("\r\n\r\n{\"message\":\"No such container: a\\\"b\"}\n"));
  CHECK(world.ask("GET /unanswered HTTP/1.1\r\n" + host + "\r\n").starts_with("HTTP/1.1 500 "));
}

TEST_CASE("an answer that fails half way is cut off, so that it cannot be taken for whole") {
  World world;
  std::string answer =
      world.ask("GET /cut HTTP/1.1\r\n" + host + "\r\nGET /echo HTTP/1.1\r\n" + host + "\r\n");
  CHECK(answer.ends_with("4\r\nhalf\r\n"));
  CHECK_EQ(world.handler.requests, 1);
}

TEST_CASE("a client that expects it is told to continue, once its body is wanted") {
  World world;
  std::string post = "POST /echo HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  CHECK_EQ(without_dates(world.ask(post + "hi")),
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nPOST hi");
  post.replace(6, 4, "ignore");
  CHECK_EQ(without_dates(world.ask(post)),
           "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST_CASE("a body nobody reads does not become the next request; a large one ends the connection") {
  World world;
  auto post = [](std::size_t size) {
    return text("POST /ignore HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n", host, size) +
           std::string(size, 'x') + "GET /echo HTTP/1.1\r\n" + host + "\r\n";
  };
  CHECK(world.ask(post(100'000)).ends_with("GET "));
  int before = world.handler.requests;
  CHECK(world.ask(post(600'000)).starts_with("HTTP/1.1 202 Accepted\r\n"));
  CHECK_EQ(world.handler.requests, before + 1);
}

TEST_CASE("an upgraded connection is the handler's, with what came too early, and closes by halves") {
  World world;
  std::string answer =
      world.ask("POST /upgrade HTTP/1.1\r\n" + host +
                "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}typed ahead");
  CHECK_EQ(without_dates(answer),
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n"
           "config={};typed ahead bye");
}

TEST_CASE("what breaks the grammar is refused with the reason, and the connection closed") {
  World world;
  std::string smuggled =
      "POST /echo HTTP/1.1\r\n" + host +
      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n";
  std::string answer = world.ask(smuggled, false);
  CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(answer.contains("Connection: close\r\n\r\n{\"message\":\"malformed HTTP: "));
  CHECK_EQ(world.handler.requests, 0);
  std::string large = "GET / HTTP/1.1\r\n" + host + "X: " + std::string(70'000, 'x') + "\r\n\r\n";
  CHECK(world.ask(large, false).starts_with("HTTP/1.1 431 "));
  CHECK(world.ask("POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n")
            .starts_with("HTTP/1.1 501 "));
}

TEST_CASE("a handler that waits learns that its peer has gone") {
  World world;
  world.ask("GET /wait HTTP/1.1\r\n" + host + "\r\n");
  CHECK_EQ(world.handler.gone, 1);
}

TEST_CASE("a head that does not come to its end, and a connection without requests, are closed in time") {
  World world({.head_within = seconds(3), .idle_after = seconds(50)});
  auto elapsed = [&](std::string bytes) {
    Monotonic before = world.loop.clock().now();
    world.ask(std::move(bytes), false);
    return (world.loop.clock().now() - before).ns / 1'000'000'000;
  };
  CHECK_EQ(elapsed("GET / HTT"), 3);
  CHECK_EQ(elapsed("GET /echo HTTP/1.1\r\n" + host + "\r\n"), 50);
}

TEST_CASE("a peer that takes no bytes is given up") {
  World world({.write_within = seconds(7)});
  auto stall = [&]() -> Task<void> {
    auto listener = co_await world.network.node("server").listen(io::Address::tcp("server", 80));
    auto serve = [](World& w, io::Listener& l) -> Task<void> {
      auto stream = co_await l.accept();
      co_await w.server.serve_connection(std::move(stream), {});
    };
    io::TaskGroup group(world.loop);
    group.spawn(serve(world, *listener));
    auto client = co_await world.network.node("client").connect(listener->address());
    std::string requests;
    for (int i = 0; i < 10'000; ++i) requests += "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n";
    io::TaskGroup writing(world.loop);
    auto write = [](io::Stream& to, std::string bytes) -> Task<void> {
      (void)co_await io::write_text(to, std::move(bytes)).result();
    };
    writing.spawn(write(*client, requests));
    co_await group.join();  // the server's side ends although nobody read an answer
    writing.cancel();
    co_await writing.join();
  };
  Result<void> ran = world.loop.run(stall());
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  CHECK_GE(world.loop.clock().now().ns, seconds(7).ns);
}

TEST_CASE("more connections than the limit wait for their turn") {
  World world({.connections = 1, .idle_after = seconds(20)});
  auto run = [&]() -> Task<void> {
    auto listener = co_await world.network.node("server").listen(io::Address::tcp("server", 80));
    io::TaskGroup group(world.loop);
    group.spawn(world.server.serve(*listener));
    auto first = co_await world.network.node("client").connect(listener->address());
    auto second = co_await world.network.node("client").connect(listener->address());
    co_await io::write_text(*first, "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)co_await io::read_exactly(*first, 20);
    co_await io::write_text(*second, "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)co_await io::read_exactly(*second, 20);
    group.cancel();
    co_await group.join();
  };
  CHECK(world.loop.run(run()).has_value());
  CHECK_GE(world.loop.clock().now().ns, seconds(20).ns);
}

}  // namespace podo::http
