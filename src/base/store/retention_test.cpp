#include "base/store/retention.h"

#include "base/io/combine.h"
#include "base/io/simulated_loop.h"
#include "base/io/timer.h"
#include "base/store/memory_store.h"

#include <doctest/doctest.h>

namespace podo::store {
namespace {

using io::Task;

Task<void> grow_old(Store& store) {
  for (int minute = 0; minute < 30; ++minute) {
    const Revision before = (co_await store.status()).revision;
    co_await write(store, "k", text("{}", minute));
    co_await io::sleep(seconds(60));
    CHECK((co_await store.find("k", before + 1))->value() == text("{}", minute));
  }
  const Revision now = (co_await store.status()).revision;
  // A change a minute: those of five minutes are there, of seven not.
  CHECK((co_await store.find("k", now - 4))->value() == "25");
  CHECK((co_await store.status()).oldest >= now - 7);
  CHECK((co_await store.status()).history_bytes > 0);
  co_await io::sleep(seconds(7 * 60));
  CHECK((co_await store.status()).history_bytes == 0);
  CHECK((co_await store.find("k"))->value() == "29");
  co_await store.compact(now);  // somebody else was quicker
  co_await write(store, "k", "on");
  co_await io::sleep(seconds(20 * 60));
  CHECK((co_await store.find("k"))->value() == "on");
}

TEST_CASE("what is older than somebody may ask for is forgotten, and nothing younger") {
  io::SimulatedLoop loop(1);
  SeededRandom random(1);
  const std::unique_ptr<Store> store = make_memory_store(loop, random);
  CHECK(loop.run(io::first(grow_old(*store), keep_history_for(*store, seconds(300)))).has_value());
}

}  // namespace
}  // namespace podo::store
