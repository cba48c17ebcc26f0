#include "base/io/simulated_network.h"

#include <doctest/doctest.h>

#include "base/io/testsuite/network_suite.h"

namespace podo::io {
namespace {

void run_property(NetworkProperty property, std::uint64_t seed, Address address, bool same_node) {
  SimulatedLoop loop(seed);
  SimulatedNetwork network(loop);
  NetworkWorld world{network.node("server"), network.node(same_node ? "server" : "client"),
                     std::move(address)};
  Result<void> ran = loop.run(property(world));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

struct World {
  explicit World(std::uint64_t seed) : loop(seed), network(loop) {}
  SimulatedLoop loop;
  SimulatedNetwork network;
  NetworkWorld both{network.node("b"), network.node("a"), Address::tcp("b", 80)};
};

std::uint64_t busy_world_digest(std::uint64_t seed) {
  World world(seed);
  CHECK(world.loop.run(a_thousand_connections_do_not_mix(world.both)).has_value());
  return world.loop.trace_digest();
}

}  // namespace

TEST_CASE("simulated machines keep the Network contract") {
  verify_network([](NetworkProperty property) {
    for (std::uint64_t seed : {1, 2, 3}) run_property(property, seed, Address::tcp("server", 80), false);
  });
}

TEST_CASE("simulated unix sockets keep the Network contract") {
  verify_network(
      [](NetworkProperty property) { run_property(property, 4, Address::unix_path("/run/x"), true); });
}

TEST_CASE("the same seed gives the same world, another seed another one") {
  CHECK_EQ(busy_world_digest(7), busy_world_digest(7));
  CHECK_NE(busy_world_digest(7), busy_world_digest(8));
}

TEST_CASE("across a partition bytes wait; when it heals they go on, in order") {
  World world(1);
  auto run = [&]() -> Task<void> {
    Connection both = co_await connect_both(world.both);
    co_await write_text(*both.client, "before ");
    world.network.partition("a", "b");
    co_await write_text(*both.client, "during ");
    Result<std::string> nothing = co_await deadline(read_exactly(*both.server, 1), seconds(100)).result();
    CHECK_EQ(nothing.error().system_errno(), ETIMEDOUT);
    world.network.heal("a", "b");
    co_await send_and_finish(*both.client, "after");
    CHECK_EQ(co_await read_to_end(*both.server, 100), "before during after");
  };
  CHECK(world.loop.run(run()).has_value());
}

TEST_CASE("connecting across a partition times out, or succeeds when it heals in time") {
  World world(1);
  auto heal_later = [&](int s) -> Task<void> {
    co_await sleep(seconds(s));
    world.network.heal("a", "b");
  };
  auto run = [&]() -> Task<void> {
    auto listener = co_await world.both.server.listen(world.both.address);
    world.network.partition("a", "b");
    CHECK_EQ((co_await world.both.client.connect(world.both.address).result()).error().system_errno(),
             ETIMEDOUT);
    co_await all(world.both.client.connect(world.both.address), heal_later(2));
  };
  CHECK(world.loop.run(run()).has_value());
}

TEST_CASE("a reset fails both ends, also those that wait") {
  World world(1);
  auto reset_later = [&]() -> Task<void> {
    co_await sleep(seconds(1));
    world.network.reset("a", "b");
  };
  auto run = [&]() -> Task<void> {
    Connection both = co_await connect_both(world.both);
    co_await write_text(*both.client, "lost");
    auto [read, nothing] = co_await all(
        [](Stream& s) -> Task<int> {
          (void)co_await read_exactly(s, 4);
          co_return (co_await read_exactly(s, 1).result()).error().system_errno();
        }(*both.server),
        reset_later());
    CHECK_EQ(read, ECONNRESET);
    CHECK_EQ((co_await write_text(*both.client, "x").result()).error().system_errno(), ECONNRESET);
  };
  CHECK(world.loop.run(run()).has_value());
}

TEST_CASE("a machine that crashes takes its listeners and connections along, and may listen again") {
  World world(1);
  auto run = [&]() -> Task<void> {
    Connection both = co_await connect_both(world.both);
    world.network.crash("b");
    CHECK_EQ((co_await both.listener->accept().result()).error().kind(), ErrorKind::unavailable);
    CHECK_EQ((co_await read_exactly(*both.client, 1).result()).error().system_errno(), ECONNRESET);
    CHECK_EQ((co_await world.both.client.connect(world.both.address).result()).error().system_errno(),
             ECONNREFUSED);
    Connection again = co_await connect_both(world.both);
    co_await send_and_finish(*again.server, "back");
    CHECK_EQ(co_await read_to_end(*again.client, 10), "back");
  };
  CHECK(world.loop.run(run()).has_value());
}

TEST_CASE("an address of another machine is not listened on, a machine nobody named is not reached") {
  World world(1);
  CHECK_FALSE(world.loop.run(world.both.server.listen(Address::tcp("a", 1))).has_value());
  auto nowhere = world.loop.run(world.both.client.connect(Address::tcp("nowhere", 1)));
  CHECK_EQ(nowhere.error().kind(), ErrorKind::unavailable);
}

}  // namespace podo::io
