#include "base/store/log_store.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "base/io/epoll_loop.h"
#include "base/io/simulated_disk.h"
#include "base/io/system_disk.h"
#include "base/store/testsuite/store_suite.h"

namespace podo::store {
namespace {

Task<std::unique_ptr<Store>> open_as_store(LogStoreGround ground, std::string folder,
                                           LogStoreOptions options) {
  std::unique_ptr<Store> store = co_await open_log_store(ground, std::move(folder), options);
  co_return store;
}

// Small segments, so that the log moves on and is compacted while a property runs.
LogStoreOptions small_log(const Limits& limits) {
  return {
      .store = {.limits = limits},
      .log = {.segment_bytes = 32 << 10, .log_bytes = 64 << 10, .log_per_live = 2, .reserved_at_once = 100}};
}

Task<void> opened(io::Disk& disk, std::string folder, LogStoreOptions options, StoreProperty property) {
  SystemRandom random;
  SilentLog log;
  StoreWorld world;
  world.open = [&] { return open_as_store({.disk = disk, .random = random, .log = log}, folder, options); };
  world.store = co_await world.open();
  co_await io::deadline(property(world), seconds(120));
}

void run_simulated(const StoreProperty& property, const Limits& limits, std::uint64_t seed) {
  io::SimulatedLoop loop(seed);
  io::SimulatedDisk disk(loop);
  Result<void> ran = loop.run(opened(disk, "/store", small_log(limits), property));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

struct ScratchFolder {
  std::string path;
  ScratchFolder() {
    char name[] = "/tmp/podo-store-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~ScratchFolder() { (void)std::system(text("rm -rf {}", path).c_str()); }
};

void run_on_this_machine(const StoreProperty& property, const Limits& limits) {
  ScratchFolder folder;
  io::EpollLoop loop;
  io::BlockingPool pool(2);
  io::SystemDisk disk(pool);
  Result<void> ran = loop.run(opened(disk, folder.path + "/store", small_log(limits), property));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

ErrorKind kind_of(const Result<std::unique_ptr<Watch>>& watch) {
  return watch ? ErrorKind::internal : watch.error().kind();
}

// Written durably, then in memory only, then killed.
Task<void> watch_over_a_kill(io::Disk& disk) {
  SystemRandom random;
  SilentLog log;
  const LogStoreGround ground{.disk = disk, .random = random, .log = log};
  LogStoreOptions options;
  options.log.not_durable = {"leases/"};
  Revision durable = 0, in_memory = 0;
  {
    auto store = co_await open_log_store(ground, "/store", options);
    durable = (co_await store->commit({.then = {put("pods/a", "1")}})).revision;
    in_memory =
        (co_await store->commit({.then = {put("leases/n", "1")}, .durability = Durability::memory})).revision;
  }
  auto store = co_await open_log_store(ground, "/store", options);
  CHECK((co_await store->watch(Range::prefix("pods/"), durable + 1).result()).has_value());
  CHECK((co_await store->watch(Range::prefix("pods/"), in_memory + 1).result()).has_value());
  CHECK(kind_of(co_await store->watch(Range::prefix("leases/"), durable + 1).result()) ==
        ErrorKind::not_found);
  CHECK(kind_of(co_await store->watch(Range::prefix(""), in_memory + 1).result()) == ErrorKind::not_found);
}

}  // namespace

TEST_CASE("a watch of what is durable goes on after a kill, whatever else was lost") {
  io::SimulatedLoop loop(1);
  io::SimulatedDisk disk(loop);
  const Result<void> ran = loop.run(watch_over_a_kill(disk));
  CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
}

TEST_CASE("the log store keeps the Store contract in any order of its strands") {
  verify_store([](const StoreProperty& property, const Limits& limits) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      CAPTURE(seed);
      run_simulated(property, limits, seed);
    }
  });
}

TEST_CASE("the log store keeps what it is told over openings") {
  verify_openings([](const StoreProperty& property, const Limits& limits) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      CAPTURE(seed);
      run_simulated(property, limits, seed);
    }
  });
}

TEST_CASE("the log store keeps the Store contract on a disk of this machine") {
  verify_store(run_on_this_machine);
  verify_openings(run_on_this_machine);
}

}  // namespace podo::store
