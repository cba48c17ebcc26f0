// The contract of Network, as named properties. A maker's test runs it inside a TEST_CASE:
//
//   verify_network([](NetworkProperty property) { ...make the world...; loop.run(property(world)); });
//
// `run` is called once a property, with a world made anew. The two networks may be the same one.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "base/io/combine.h"
#include "base/io/network.h"

namespace podo::io {

struct NetworkWorld {
  Network& server;
  Network& client;
  Address address;  // free, and the server's own
};
using NetworkProperty = std::function<Task<void>(NetworkWorld&)>;

struct Connection {
  std::unique_ptr<NetworkListener> listener;
  std::unique_ptr<Stream> server, client;
};

inline Task<Connection> connect_both(NetworkWorld& world) {
  Connection out;
  out.listener = co_await world.server.listen(world.address);
  auto [accepted, connected] =
      co_await all(out.listener->accept(), world.client.connect(out.listener->address()));
  out.server = std::move(accepted);
  out.client = std::move(connected);
  co_return std::move(out);
}

inline std::string numbered_lines(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += text("line {}\n", i);
  return lines;
}

inline Task<void> send_and_finish(Stream& stream, std::string bytes) {
  co_await stream.write(bytes_of(bytes));
  co_await stream.finish();
}

inline Task<void> bytes_arrive_in_order(NetworkWorld& world) {
  Connection both = co_await connect_both(world);
  std::string sent = numbered_lines(40'000);
  auto [nothing, received] =
      co_await all(send_and_finish(*both.client, sent), read_to_end(*both.server, 1 << 20));
  CHECK(received == sent);
}

inline Task<void> half_close_leaves_the_other_direction(NetworkWorld& world) {
  Connection both = co_await connect_both(world);
  co_await send_and_finish(*both.client, "question");
  CHECK_EQ(co_await read_to_end(*both.server, 100), "question");
  co_await send_and_finish(*both.server, "answer");
  CHECK_EQ(co_await read_to_end(*both.client, 100), "answer");
}

inline Task<void> nobody_listens_is_unavailable(NetworkWorld& world) {
  auto listener = co_await world.server.listen(world.address);
  Address gone = listener->address();
  listener.reset();
  Result<std::unique_ptr<Stream>> refused = co_await world.client.connect(gone).result();
  CHECK_EQ(refused.error().kind(), ErrorKind::unavailable);
}

inline Task<void> an_address_is_listened_on_once(NetworkWorld& world) {
  auto listener = co_await world.server.listen(world.address);
  auto second = co_await world.server.listen(listener->address()).result();
  CHECK_EQ(second.error().kind(), ErrorKind::already_exists);
  Address freed = listener->address();
  listener.reset();
  CHECK((co_await world.server.listen(freed).result()).has_value());
}

inline Task<void> count_written(Stream& stream, std::size_t& written) {
  std::string chunk(64 << 10, 'x');
  for (int i = 0; i < 1024; ++i) {
    co_await stream.write(bytes_of(chunk));
    written += chunk.size();
  }
  co_await stream.finish();
}

inline Task<void> a_slow_reader_holds_the_writer_back(NetworkWorld& world) {
  Connection both = co_await connect_both(world);
  std::size_t written = 0;
  TaskGroup group(co_await this_loop());
  group.spawn(count_written(*both.client, written));
  co_await sleep(milliseconds(200));
  CHECK_LT(written, 32u << 20);
  CHECK_EQ((co_await read_to_end(*both.server, 64 << 20)).size(), 64u << 20);
  co_await group.join();
}

inline Task<void> a_dropped_stream_ends_the_peer(NetworkWorld& world) {
  Connection both = co_await connect_both(world);
  both.client.reset();
  std::byte byte;
  CHECK_EQ(co_await both.server->read({&byte, 1}), 0);
  std::size_t written = 0;
  Result<void> broken = co_await count_written(*both.server, written).result();
  CHECK_EQ(broken.error().kind(), ErrorKind::unavailable);
}

inline Task<void> a_cancelled_accept_loses_no_connection(NetworkWorld& world) {
  auto listener = co_await world.server.listen(world.address);
  auto missed = co_await deadline(listener->accept(), milliseconds(1)).result();
  CHECK_EQ(missed.error().system_errno(), ETIMEDOUT);
  auto [server, client] = co_await all(listener->accept(), world.client.connect(listener->address()));
  co_await write_text(*client, "hello");
  CHECK_EQ(co_await read_exactly(*server, 5), "hello");
}

inline Task<void> a_cancelled_read_loses_no_bytes(NetworkWorld& world) {
  Connection both = co_await connect_both(world);
  for (int i = 0; i < 20; ++i) {
    auto missed = co_await deadline(read_exactly(*both.server, 1), milliseconds(1)).result();
    CHECK_EQ(missed.error().system_errno(), ETIMEDOUT);
    co_await write_text(*both.client, text("{}", i % 10));
    CHECK_EQ(co_await read_exactly(*both.server, 1), text("{}", i % 10));
  }
}

inline Task<void> echo(std::unique_ptr<Stream> stream) {
  std::string buffer(4096, '\0');
  while (std::size_t count = co_await stream->read(writable_bytes_of(buffer)))
    co_await stream->write(bytes_of(buffer).first(count));
}

inline Task<void> echo_server(NetworkListener& listener) {
  TaskGroup connections(co_await this_loop());
  for (;;) connections.spawn(echo(co_await listener.accept()), "echo");
}

inline Task<void> ask_echo(Network& network, Address address, int id, int& answered) {
  auto stream = co_await network.connect(address);
  for (int round = 0; round < 3; ++round) {
    std::string question = text("client {} round {}", id, round);
    co_await write_text(*stream, question);
    if (co_await read_exactly(*stream, question.size()) == question) ++answered;
    co_await sleep(milliseconds(20));  // all of them are connected meanwhile
  }
}

inline Task<void> a_thousand_connections_do_not_mix(NetworkWorld& world) {
  auto listener = co_await world.server.listen(world.address);
  int answered = 0;
  TaskGroup server(co_await this_loop());
  server.spawn(echo_server(*listener), "server");
  TaskGroup clients(co_await this_loop());
  for (int id = 0; id < 1000; ++id) clients.spawn(ask_echo(world.client, listener->address(), id, answered));
  co_await clients.join();
  server.cancel();
  co_await server.join();
  CHECK_EQ(answered, 3000);
}

inline void verify_network(std::function<void(NetworkProperty)> run) {
  SUBCASE("bytes arrive in order") { run(bytes_arrive_in_order); }
  SUBCASE("half close leaves the other direction open") { run(half_close_leaves_the_other_direction); }
  SUBCASE("nobody listens: unavailable") { run(nobody_listens_is_unavailable); }
  SUBCASE("an address is listened on once") { run(an_address_is_listened_on_once); }
  SUBCASE("a slow reader holds the writer back") { run(a_slow_reader_holds_the_writer_back); }
  SUBCASE("a dropped stream ends the peer") { run(a_dropped_stream_ends_the_peer); }
  SUBCASE("a cancelled accept loses no connection") { run(a_cancelled_accept_loses_no_connection); }
  SUBCASE("a cancelled read loses no bytes") { run(a_cancelled_read_loses_no_bytes); }
  SUBCASE("a thousand connections do not mix") { run(a_thousand_connections_do_not_mix); }
}

}  // namespace podo::io
