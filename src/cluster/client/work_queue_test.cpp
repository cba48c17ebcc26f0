#include "cluster/client/work_queue.h"

#include <doctest/doctest.h>

#include "base/io/combine.h"
#include "base/io/simulated_loop.h"

namespace podo::client {
namespace {

using io::Task;

Task<void> keys_come_once(io::SimulatedLoop& loop) {
  WorkQueue queue(loop, "work");
  queue.add("a");
  queue.add("b");
  queue.add("a");
  CHECK(queue.size() == 2);
  CHECK(co_await queue.next() == "a");
  queue.add("a");  // while it is worked on
  CHECK(queue.size() == 1);
  CHECK(co_await queue.next() == "b");
  queue.done("b");
  queue.done("a");
  CHECK(co_await queue.next() == "a");
  queue.done("a");
  CHECK(queue.size() == 0);
}

Task<void> failures_come_later(io::SimulatedLoop& loop) {
  WorkQueue queue(loop, "work");
  queue.add("a");
  co_await queue.next();
  for (const int expected_ms : {5, 10, 20, 40}) {
    const Monotonic failed = loop.clock().now();
    queue.done("a", WorkQueue::Outcome::failed);
    queue.add_after("a", seconds(600));  // the earlier one counts
    CHECK(co_await queue.next() == "a");
    CHECK((loop.clock().now() - failed).ns / 1'000'000 == expected_ms);
  }
  queue.done("a", WorkQueue::Outcome::good);
  queue.add("a");
  co_await queue.next();
  const Monotonic failed = loop.clock().now();
  queue.done("a", WorkQueue::Outcome::failed);
  CHECK(co_await queue.next() == "a");
  CHECK((loop.clock().now() - failed).ns / 1'000'000 == 5);  // it began anew
}

Task<void> workers_wait(io::SimulatedLoop& loop) {
  WorkQueue queue(loop, "work");
  std::string done;
  const auto worker = [](WorkQueue& from, std::string& out) -> Task<void> {
    for (;;) {
      const std::string key = co_await from.next();
      co_await io::sleep(milliseconds(3));
      out += key;
      from.done(key);
    }
  };
  io::TaskGroup group(loop);
  for (int i = 0; i < 3; ++i) group.spawn(worker(queue, done));
  co_await io::sleep(milliseconds(1));
  for (const char* key : {"a", "b", "c", "d"}) queue.add(key);
  queue.add_after("e", milliseconds(50));
  co_await io::sleep(milliseconds(40));
  CHECK(done.size() == 4);
  co_await io::sleep(milliseconds(40));
  CHECK(done.ends_with("e"));
  group.cancel();
  co_await group.join();
}

void in_loops(Task<void> (*property)(io::SimulatedLoop&)) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    io::SimulatedLoop loop(seed);
    const Result<void> ran = loop.run(property(loop));
    CHECK_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message()));
  }
}

}  // namespace

TEST_CASE("a key waits once, and comes again when it was added meanwhile") { in_loops(keys_come_once); }
TEST_CASE("what failed comes later") { in_loops(failures_come_later); }
TEST_CASE("workers wait for keys") { in_loops(workers_wait); }
TEST_CASE("waits double, up to five minutes") {
  CHECK(WorkQueue::wait_after(1).ns == milliseconds(5).ns);
  CHECK(WorkQueue::wait_after(4).ns == milliseconds(40).ns);
  CHECK(WorkQueue::wait_after(1000).ns == seconds(300).ns);
}

}  // namespace podo::client
