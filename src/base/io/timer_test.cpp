#include "base/io/timer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "base/io/combine.h"
#include "base/io/epoll_loop.h"
#include "base/io/simulated_loop.h"

namespace podo::io {
namespace {

class Probe final : public Timer {
 public:
  Probe(Loop& loop, int id, std::vector<int>& fired_ids) : loop_(loop), id_(id), fired_ids_(fired_ids) {}
  void at(std::int64_t ms) { set(loop_, Monotonic{} + milliseconds(ms)); }
  using Timer::cancel;
  using Timer::pending;

 private:
  void fired() override { fired_ids_.push_back(id_); }
  Loop& loop_;
  int id_;
  std::vector<int>& fired_ids_;
};

Task<void> nap(int ms, int id, std::vector<int>& order) {
  co_await sleep(milliseconds(ms));
  order.push_back(id);
}

}  // namespace

TEST_CASE("timers fire by instant, then in the order in which they were set") {
  SimulatedLoop loop(1);
  SeededRandom random(7);
  std::vector<int> fired;
  std::vector<std::int64_t> instants(2000);
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<int> expected;
  for (int id = 0; id < 2000; ++id) {
    probes.push_back(std::make_unique<Probe>(loop, id, fired));
    instants[id] = static_cast<std::int64_t>(random.below(100));
    probes[id]->at(instants[id]);
  }
  for (int id = 0; id < 2000; id += 3) probes[id]->cancel();
  for (int id = 0; id < 2000; ++id)
    if (id % 3 != 0) expected.push_back(id);
  std::stable_sort(expected.begin(), expected.end(), [&](int a, int b) { return instants[a] < instants[b]; });

  CHECK_FALSE(probes[0]->pending());
  CHECK(probes[1]->pending());
  CHECK(loop.run([]() -> Task<void> { co_await sleep(seconds(1)); }()).has_value());
  CHECK_EQ(fired, expected);
  CHECK_EQ(loop.timers().size(), 0);
}

TEST_CASE("a timer set again forgets its earlier instant; one that dies never fires") {
  SimulatedLoop loop(1);
  std::vector<int> fired;
  Probe moved(loop, 1, fired);
  moved.at(5);
  moved.at(20);
  {
    Probe dead(loop, 2, fired);
    dead.at(6);
  }
  CHECK(loop.run([]() -> Task<void> { co_await sleep(milliseconds(10)); }()).has_value());
  CHECK(fired.empty());
  CHECK(loop.run([]() -> Task<void> { co_await sleep(milliseconds(11)); }()).has_value());
  CHECK_EQ(fired, std::vector{1});
}

TEST_CASE("sleepers wake in the order of their instants, in virtual time") {
  SimulatedLoop loop(1);
  std::vector<int> order;
  CHECK(loop.run(all(nap(86'400'000, 3, order), nap(5, 1, order), nap(70, 2, order))).has_value());
  CHECK_EQ(order, std::vector{1, 2, 3});
  CHECK_EQ(loop.clock().now(), Monotonic{} + seconds(86'400));
}

TEST_CASE("sleepers wake in the order of their instants, in real time") {
  EpollLoop loop;
  std::vector<int> order;
  Monotonic start = loop.clock().now();
  CHECK(loop.run(all(nap(9, 3, order), nap(1, 1, order), nap(5, 2, order))).has_value());
  CHECK_EQ(order, std::vector{1, 2, 3});
  CHECK_GE(loop.clock().now() - start, milliseconds(9));
}

}  // namespace podo::io
