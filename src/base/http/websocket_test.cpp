#include "base/http/websocket.h"

#include <doctest/doctest.h>

#include "base/io/combine.h"
#include "base/io/socket.h"

namespace podo::http {
namespace {

using Kind = WebSocketEvent::Kind;

std::string told_of(std::string bytes, WebSocketRole role, std::size_t piece) {
  WebSocketParser parser(role);
  std::string told;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto fed = io::writable_bytes_of(bytes).subspan(at, std::min(piece, bytes.size() - at));
    for (;;) {
      const auto event = parser.next(fed);
      if (!event) return told + "!";
      if (!*event) break;
      const WebSocketEvent& e = **event;
      if (e.kind == Kind::piece && e.begins) told += e.text ? "text(" : "binary(";
      if (e.kind == Kind::ping) told += "ping(";
      if (e.kind == Kind::pong) told += "pong(";
      if (e.kind == Kind::close) told += text("close({} ", e.close_code);
      told += e.bytes;
      if (e.kind != Kind::piece || e.ends) told += ")";
    }
  }
  return told;
}

// A client's frames, whatever pieces they come in.
std::string told(const std::string& bytes, WebSocketRole role = WebSocketRole::server) {
  const std::string at_once = told_of(bytes, role, bytes.size());
  for (const std::size_t piece : {1, 2, 3, 7}) CHECK_EQ(told_of(bytes, role, piece), at_once);
  return at_once;
}

std::string frame(WebSocketOpcode opcode, std::string_view payload, bool fin = true) {
  std::string out;
  append_websocket_frame(out, opcode, fin, payload, 0x12345678);
  return out;
}

using enum WebSocketOpcode;

struct World {
  World() : pair(*io::socket_pair(loop)), server(loop, std::move(pair.left)) {}
  template <class F>
  void run(F test) {
    const Result<void> ran = loop.run(io::deadline(test(*this), seconds(20)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
  Task<std::string> message() {
    std::string all;
    for (;;) {
      const auto piece = co_await server.receive();
      if (!piece) co_return "closed";
      all += piece->bytes;
      if (piece->ends) co_return all;
    }
  }
  io::EpollLoop loop;
  io::SocketPair pair;
  WebSocket server;
  SeededRandom random{1};
};

}  // namespace

TEST_CASE("the examples of the specification") {
  CHECK_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // 1.3
  CHECK_EQ(told("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "text(Hello)");           // 5.7
  CHECK_EQ(told("\x81\x05Hello", WebSocketRole::client), "text(Hello)");
  CHECK_EQ(told(std::string("\x01\x03Hel\x80\x02lo", 9), WebSocketRole::client), "text(Hello)");
  CHECK_EQ(told("\x89\x05Hello", WebSocketRole::client), "ping(Hello)");
}

TEST_CASE("messages come in pieces, control frames in between") {
  CHECK_EQ(told(frame(binary, "one", false) + frame(ping, "?") + frame(continuation, " two", false) +
                frame(continuation, "") + frame(text, "") + frame(pong, "")),
           "binary(oneping(?) two)text()pong()");
  CHECK_EQ(told(frame(binary, std::string(200, 'x'))), "binary(" + std::string(200, 'x') + ")");
  CHECK_EQ(told_of(frame(binary, std::string(70'000, 'x')), WebSocketRole::server, 5000),
           "binary(" + std::string(70'000, 'x') + ")");
}

TEST_CASE("a close has a code and a reason, or neither") {
  CHECK_EQ(told(frame(close, "")), "close(1005 )");
  CHECK_EQ(told(frame(close, websocket_close_payload(1000, "done"))), "close(1000 done)");
  for (const int code : {999, 1004, 1005, 1006, 1015, 2999, 5000})
    CHECK_EQ(told(frame(close, websocket_close_payload(static_cast<std::uint16_t>(code), ""))), "!");
  CHECK_EQ(told(frame(close, "x")), "!");
}

TEST_CASE("what breaks the protocol is refused") {
  CHECK_EQ(told("\x81\x05Hello"), "!");                                   // not masked
  CHECK_EQ(told(frame(text, "x"), WebSocketRole::client), "!");           // masked
  CHECK_EQ(told("\xc1\x80zzzz"), "!");                                    // a reserved bit
  CHECK_EQ(told("\x83\x80zzzz"), "!");                                    // an opcode nobody knows
  CHECK_EQ(told(frame(continuation, "x")), "!");                          // of nothing
  CHECK_EQ(told(frame(text, "a", false) + frame(text, "b")), "text(a!");  // within another one
  CHECK_EQ(told(frame(ping, "x", false)), "!");                           // control in pieces
  CHECK_EQ(told(frame(ping, std::string(126, 'x'))), "!");                // long control
  CHECK_EQ(told(std::string("\x82\xfe\0\x05zzzzhello", 13)), "!");        // a long form of a short size
  CHECK_EQ(told(std::string("\x82\xff\0\0\0\0\0\0\xff\xffzzzz", 14)), "!");
  CHECK_EQ(told(std::string("\x82\xff\x80\0\0\0\0\0\0\0zzzz", 14)), "!");  // the top bit of a size
}

TEST_CASE("both ends talk, and part") {
  World().run([](World& world) -> Task<void> {
    WebSocket client(world.loop, std::move(world.pair.right), &world.random);
    co_await client.send(false, "hello");
    CHECK_EQ(co_await world.message(), "hello");
    co_await world.server.send(true, std::string(100'000, 'x'));
    std::size_t size = 0;
    for (bool ends = false; !ends;) {
      const auto piece = co_await client.receive();
      REQUIRE(piece.has_value());
      CHECK(piece->text);
      size += piece->bytes.size();
      ends = piece->ends;
    }
    CHECK_EQ(size, 100'000);
    io::TaskGroup leaving(world.loop);
    leaving.spawn(client.close(1000, "done"));
    CHECK_EQ(co_await world.message(), "closed");
    CHECK_FALSE((co_await world.server.send(false, "late").result()).has_value());
    co_await leaving.join();
  });
}

TEST_CASE("a ping is answered, a flood of them no faster than it is listened to") {
  World().run([](World& world) -> Task<void> {
    io::TaskGroup serving(world.loop);
    serving.spawn([](World& in) -> Task<void> { (void)co_await in.message().result(); }(world));
    co_await io::write_text(*world.pair.right, frame(ping, "?"));
    CHECK_EQ(co_await io::read_exactly(*world.pair.right, 3), "\x8a\x01?");
    std::size_t sent = 0;
    serving.spawn([](World& in, std::size_t& count) -> Task<void> {
      std::string many;
      for (int i = 0; i < 1000; ++i) many += frame(ping, "0123456789");
      for (; count < 1000; ++count) co_await io::write_text(*in.pair.right, many);
    }(world, sent));
    co_await io::sleep(milliseconds(100));
    CHECK_LT(sent, 200);
    serving.cancel();
    co_await serving.join();
  });
}

TEST_CASE("who breaks the protocol is told so, who goes without a word is gone") {
  World().run([](World& world) -> Task<void> {
    co_await io::write_text(*world.pair.right, "\x81\x05Hello");
    const auto received = co_await world.server.receive().result();
    REQUIRE_FALSE(received.has_value());
    CHECK_EQ(received.error().kind(), ErrorKind::corrupt);
    co_await world.server.flushed();
    CHECK_EQ(co_await io::read_exactly(*world.pair.right, 1), "\x88");
  });
  World().run([](World& world) -> Task<void> {
    world.pair.right.reset();
    const auto received = co_await world.server.receive().result();
    REQUIRE_FALSE(received.has_value());
    CHECK_EQ(received.error().kind(), ErrorKind::unavailable);
  });
}

TEST_CASE("messages as a stream of bytes") {
  World().run([](World& world) -> Task<void> {
    auto bytes = stream_of_messages(
        std::make_unique<WebSocket>(world.loop, std::move(world.pair.right), &world.random));
    co_await io::write_text(*bytes, "to the server");
    CHECK_EQ(co_await world.message(), "to the server");
    co_await world.server.send(false, "one ");
    co_await world.server.send(false, "");
    co_await world.server.send(false, "two");
    world.server.say_goodbye(1000);
    CHECK_EQ(co_await io::read_to_end(*bytes, 1000), "one two");
  });
}

TEST_CASE("offers and words of a handshake") {
  const Headers headers = {{"Connection", "keep-alive, upgrade"},
                           {"Upgrade", "WebSocket"},
                           {"Sec-WebSocket-Protocol", "v5.channel.k8s.io, v4.channel.k8s.io"},
                           {"sec-websocket-protocol", ",channel.k8s.io"}};
  CHECK(wants_websocket(headers));
  CHECK(offered_subprotocols(headers) ==
        std::vector<std::string_view>{"v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io"});
  CHECK_FALSE(wants_websocket({{"Upgrade", "websocket"}}));
}

}  // namespace podo::http
