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

}  // namespace podo::store
