#include "base/store/memory_store.h"

#include <doctest/doctest.h>

#include "base/io/epoll_loop.h"
#include "base/io/simulated_loop.h"
#include "base/store/testsuite/store_suite.h"

namespace podo::store {
namespace {

void run_property(io::Loop& loop, const StoreProperty& property, const Limits& limits) {
  SeededRandom random(1);
  StoreWorld world{make_memory_store(loop, random, {.limits = limits})};
  Result<void> ran = loop.run(io::deadline(property(world), seconds(60)));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

}  // namespace

TEST_CASE("the memory store keeps the Store contract") {
  verify_store([](const StoreProperty& property, const Limits& limits) {
    io::EpollLoop loop;
    run_property(loop, property, limits);
  });
}

TEST_CASE("the memory store keeps the Store contract in any order of its strands") {
  verify_store([](const StoreProperty& property, const Limits& limits) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      CAPTURE(seed);
      io::SimulatedLoop loop(seed);
      run_property(loop, property, limits);
    }
  });
}

namespace {

Task<void> outrun_the_history(Store& store) {
  auto behind = co_await store.watch(Range::prefix("a"));
  auto ahead = co_await store.watch(Range::prefix("a"));
  Revision first = co_await write(store, "a", std::string(1000, 'v'));
  for (int i = 0; i < 100; ++i) {
    Revision at = co_await write(store, "a", std::string(1000, 'v'));
    CHECK_EQ((co_await events_through(*ahead, at)).size(), i == 0 ? 2 : 1);
  }
  Status status = co_await store.status();
  CHECK_LE(status.history_bytes, 21'500);  // the budget, and what the newest change left behind
  CHECK_GT(status.history_bytes, 10'000);
  CHECK_GT(status.oldest, first);
  CHECK_EQ(co_await verdict(store.find("a", first)), "not found");
  CHECK_EQ(co_await verdict(store.find("a", status.oldest)), "ok");
  CHECK_EQ(co_await verdict(behind->next()), "not found");
  CHECK_EQ(co_await verdict(store.watch(Range::prefix(""), status.oldest)), "not found");
  CHECK_EQ(co_await verdict(store.watch(Range::prefix(""), status.oldest + 1)), "ok");
}

Task<void> read_twice(Store& store) {
  co_await write(store, "a", "value");
  std::optional<Entry> one = co_await store.find("a"), two = co_await store.find("a");
  CHECK_EQ(one->value().data(), two->value().data());
  auto watch = co_await store.watch(Range::prefix(""), one->modified());
  CHECK_EQ((co_await watch->next()).events[0].entry.value().data(), one->value().data());
}

}  // namespace

TEST_CASE("history keeps to its budget, and who falls behind it is told") {
  io::SimulatedLoop loop(1);
  SeededRandom random(1);
  std::unique_ptr<Store> store = make_memory_store(loop, random, {.limits = {}, .history_bytes = 20'000});
  CHECK(loop.run(outrun_the_history(*store)).has_value());
}

TEST_CASE("a value is not copied between the store, its readers and its watchers") {
  io::SimulatedLoop loop(1);
  SeededRandom random(1);
  std::unique_ptr<Store> store = make_memory_store(loop, random);
  CHECK(loop.run(read_twice(*store)).has_value());
}

}  // namespace podo::store
