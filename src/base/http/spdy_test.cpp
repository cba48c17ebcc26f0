#include "base/http/spdy.h"

#include <doctest/doctest.h>

#include "base/http/spdy_testing.h"
#include "base/io/combine.h"
#include "base/io/socket.h"

namespace podo::http {
namespace {

struct World {
  World() {
    auto pair = io::socket_pair(loop);
    REQUIRE(pair.has_value());
    connection = std::make_unique<SpdyConnection>(loop, std::move(pair->left), SpdyLimits{.streams = 4});
    client = std::make_unique<SpdyTestClient>(loop, std::move(pair->right));
  }
  template <class F>
  void run(F test) {
    const Result<void> ran = loop.run(io::deadline(test(*this), seconds(20)));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
  io::EpollLoop loop;
  std::unique_ptr<SpdyConnection> connection;
  std::unique_ptr<SpdyTestClient> client;
};

Task<std::string> read_some(SpdyStream& stream) {
  std::string bytes(1000, '\0');
  bytes.resize(co_await stream.read(io::writable_bytes_of(bytes)));
  co_return bytes;
}

}  // namespace

TEST_CASE("a stream has headers, a reply, bytes both ways and two halves") {
  World().run([](World& world) -> Task<void> {
    const std::uint32_t id = co_await world.client->open({{"streamType", "stdin"}});
    auto stream = co_await world.connection->accept();
    CHECK_EQ(stream->headers().get("streamtype"), "stdin");
    stream->reply();
    co_await world.client->until([&] { return world.client->seen[id].replied; });
    co_await world.client->send_data(id, "hello");
    CHECK_EQ(co_await read_some(*stream), "hello");
    co_await world.client->send_data(id, "bye", true);
    CHECK_EQ(co_await read_some(*stream), "bye");
    CHECK_EQ(co_await read_some(*stream), "");  // one half has ended
    co_await io::write_text(*stream, "still here");
    CHECK(stream->finish().has_value());
    co_await world.client->until_ended(id);
    CHECK_EQ(world.client->seen[id].bytes, "still here");
    stream.reset();
    co_await world.client->ping(1);
    co_await world.client->until([&] { return !world.client->pings.empty(); });
    CHECK_FALSE(world.client->seen[id].reset.has_value());  // both halves had ended
  });
}

TEST_CASE("many bytes go to a client that knows no windows") {
  World().run([](World& world) -> Task<void> {
    const std::uint32_t id = co_await world.client->open({});
    auto stream = co_await world.connection->accept();
    co_await stream->write(io::bytes_of(std::string(3 << 20, 'x')));
    (void)stream->finish();
    co_await world.client->until_ended(id);
    CHECK_EQ(world.client->seen[id].bytes.size(), 3 << 20);
  });
}

TEST_CASE("a client that speaks of windows is not sent more than it takes") {
  World().run([](World& world) -> Task<void> {
    const std::uint32_t id = co_await world.client->open({});
    co_await world.client->window_update(id, 1000);
    auto stream = co_await world.connection->accept();
    co_await world.client->ping(1);
    co_await world.client->until([&] { return !world.client->pings.empty(); });
    io::TaskGroup writing(world.loop);
    writing.spawn([](SpdyStream& to) -> Task<void> {
      co_await to.write(io::bytes_of(std::string(200'000, 'x')));
      (void)to.finish();
    }(*stream));
    co_await world.client->until([&] { return world.client->seen[id].bytes.size() >= 65'536; });
    co_await io::sleep(milliseconds(20));
    CHECK_EQ(world.client->seen[id].bytes.size(), 65'536);  // the connection's window
    co_await world.client->window_update(0, 1'000'000);
    co_await world.client->until([&] { return world.client->seen[id].bytes.size() >= 66'536; });
    co_await io::sleep(milliseconds(20));
    CHECK_EQ(world.client->seen[id].bytes.size(), 66'536);  // the stream's
    co_await world.client->window_update(id, 1'000'000);
    co_await writing.join();
    co_await world.client->until_ended(id);
    CHECK_EQ(world.client->seen[id].bytes.size(), 200'000);
  });
}

TEST_CASE("what was read is told, so that a client with windows goes on") {
  World().run([](World& world) -> Task<void> {
    const std::uint32_t id = co_await world.client->open({});
    auto stream = co_await world.connection->accept();
    co_await world.client->send_data(id, std::string(60'000, 'x'), false);
    for (std::size_t read = 0; read < 60'000;) read += (co_await read_some(*stream)).size();
    co_await world.client->until([&] { return world.client->seen[id].granted >= 32'000; });
    CHECK_GE(world.client->seen[id].granted, 32'000);
    CHECK_GE(world.client->seen[0].granted, 32'000);
  });
}

TEST_CASE("a stream that nobody reads stops the connection, not memory") {
  World().run([](World& world) -> Task<void> {
    const std::uint32_t id = co_await world.client->open({});
    auto stream = co_await world.connection->accept();
    std::size_t sent = 0;
    io::TaskGroup sending(world.loop);
    sending.spawn([](SpdyTestClient& client, std::uint32_t to, std::size_t& count) -> Task<void> {
      for (; count < 400; ++count) co_await client.send_data(to, std::string(32 << 10, 'x'));
      co_await client.send_data(to, "", true);
    }(*world.client, id, sent));
    co_await io::sleep(milliseconds(100));
    CHECK_LT(sent, 60);  // 512 KB, and what the kernel holds
    std::size_t read = 0;
    for (std::string bytes(100'000, '\0');
         const std::size_t count = co_await stream->read(io::writable_bytes_of(bytes));)
      read += count;
    CHECK_EQ(read, std::size_t{400} << 15);
    co_await sending.join();
  });
}

TEST_CASE("a client that does not read holds writers back") {
  World().run([](World& world) -> Task<void> {
    world.client->reads = false;
    const std::uint32_t id = co_await world.client->open({});
    auto stream = co_await world.connection->accept();
    std::size_t written = 0;
    io::TaskGroup writing(world.loop);
    writing.spawn([](SpdyStream& to, std::size_t& count) -> Task<void> {
      for (; count < 400; ++count) co_await io::write_text(to, std::string(32 << 10, 'x'));
    }(*stream, written));
    co_await io::sleep(milliseconds(100));
    CHECK_LT(written, 60);
    world.client->reads = true;
    world.client->changed.notify_all();
    co_await writing.join();
    co_await world.client->until(
        [&] { return world.client->seen[id].bytes.size() == std::size_t{400} << 15; });
  });
}

TEST_CASE("streams are bounded, and ids only grow") {
  World().run([](World& world) -> Task<void> {
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(co_await world.client->open({}));
    co_await world.client->until([&] { return world.client->seen[ids[4]].reset.has_value(); });
    CHECK_EQ(world.client->seen[ids[4]].reset, 3);  // refused
    co_await world.client->send(world.client->syn_stream(3, {}));
    co_await world.client->until([&] { return world.client->seen[3].reset.has_value(); });
    CHECK_EQ(world.client->seen[3].reset, 1);  // protocol error
    // One that is reset before anybody took it makes room.
    co_await world.client->rst(ids[3], 5);
    const std::uint32_t more = co_await world.client->open({{"which", "new"}});
    co_await world.client->ping(1);
    co_await world.client->until([&] { return !world.client->pings.empty(); });
    std::string order;
    for (int i = 0; i < 4; ++i)
      order += text("{};", (co_await world.connection->accept())->headers().get("which"));
    CHECK_EQ(order, ";;;new;");
    co_await world.client->until_ended(more);
    CHECK_EQ(world.client->seen[more].reset, 5);  // dropped: cancelled
  });
}

TEST_CASE("data of no stream is told, of an ended one too") {
  World().run([](World& world) -> Task<void> {
    co_await world.client->send_data(99, "x");
    co_await world.client->until_ended(99);
    CHECK_EQ(world.client->seen[99].reset, 2);
    // 99 was never opened, so the next id is still small.
    const std::uint32_t id = co_await world.client->open({}, 1);
    auto stream = co_await world.connection->accept();
    CHECK_EQ(co_await read_some(*stream), "");
    co_await world.client->send_data(id, "late");
    co_await world.client->until_ended(id);
    CHECK_EQ(world.client->seen[id].reset, 9);
    CHECK_FALSE((co_await io::write_text(*stream, "x").result()).has_value());
  });
}

TEST_CASE("who hangs up fails the streams, who resets one fails that one") {
  World().run([](World& world) -> Task<void> {
    const std::uint32_t id = co_await world.client->open({});
    co_await world.client->open({});
    auto first = co_await world.connection->accept(), second = co_await world.connection->accept();
    co_await world.client->rst(id, 5);
    const auto read = co_await read_some(*first).result();
    REQUIRE_FALSE(read.has_value());
    CHECK_EQ(read.error().message(), "the stream was reset");
    world.client->hang_up();
    CHECK_FALSE((co_await read_some(*second).result()).has_value());
    CHECK(co_await world.connection->accept() == nullptr);
    co_await world.connection->gone();
  });
}

TEST_CASE("a broken frame ends the connection with GOAWAY") {
  for (const std::string& broken :
       {std::string("\x80\x02\0\x06\0\0\0\x04\0\0\0\1", 12),            // version 2
        SpdyTestClient::control(1, 0, std::string(10, '\0') + "junk"),  // no zlib
        SpdyTestClient::control(1, 0, "short"), SpdyTestClient::control(4, 0, std::string("\0\0\0\3", 4)),
        std::string("\x80\x03\0\x01\0\xff\xff\xff", 8)}) {  // too long
    World().run([&](World& world) -> Task<void> {
      co_await world.client->send(broken);
      CHECK(co_await world.connection->accept() == nullptr);
      co_await world.client->until([&] { return world.client->goaway.has_value(); });
      CHECK_EQ(world.client->goaway, 1);
    });
  }
}

TEST_CASE("a flood of pings is answered no faster than it is listened to") {
  World().run([](World& world) -> Task<void> {
    world.client->reads = false;
    std::size_t sent = 0;
    io::TaskGroup sending(world.loop);
    sending.spawn([](SpdyTestClient& client, std::size_t& count) -> Task<void> {
      std::string many;
      for (int i = 0; i < 1000; ++i) many += SpdyTestClient::control(6, 0, SpdyTestClient::number(1));
      for (; count < 1000; ++count) co_await client.send(many);
    }(*world.client, sent));
    co_await io::sleep(milliseconds(100));
    CHECK_LT(sent, 200);  // 12 KB each
    sending.cancel();
    co_await sending.join();
  });
}

TEST_CASE("a goodbye waits for the client to close") {
  World().run([](World& world) -> Task<void> {
    co_await world.client->open({});
    auto stream = co_await world.connection->accept();
    co_await io::write_text(*stream, "result");
    io::TaskGroup leaving(world.loop);
    leaving.spawn(world.connection->goodbye());
    co_await world.client->until([&] { return world.client->goaway.has_value(); });
    CHECK_EQ(world.client->goaway, 0);
    CHECK_EQ(world.client->seen[1].bytes, "result");
    world.client->hang_up();
    co_await leaving.join();
  });
}

}  // namespace podo::http
