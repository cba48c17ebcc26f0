#include "base/io/loop.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "base/io/combine.h"
#include "base/io/condition.h"
#include "base/io/epoll_loop.h"
#include "base/io/simulated_loop.h"

namespace podo::io {
namespace {

Task<void> step_on(int steps, int id, std::vector<int>& trail) {
  for (int i = 0; i < steps; ++i) {
    trail.push_back(id);
    co_await yield();
  }
}

Task<int> one() { co_return 1; }

Task<void> busy_until(const bool& stop) {  // never waits
  while (!stop) co_await one();
}
Task<void> stop_after(Duration duration, bool& stop) {
  co_await sleep(duration);
  stop = true;
}

struct Count final : Letter {
  Count(int& opened, Condition& changed) : opened(opened), changed(changed) {}
  void arrive() override {
    ++opened;
    changed.notify_all();
  }
  int& opened;
  Condition& changed;
};

std::uint64_t digest_of(std::uint64_t seed) {
  SimulatedLoop loop(seed);
  std::vector<int> trail;
  auto jitter = [&](int id) -> Task<void> {
    for (int i = 0; i < 20; ++i) {
      co_await sleep(microseconds(static_cast<std::int64_t>(loop.random().below(500))));
      co_await yield();
      trail.push_back(id);
    }
  };
  CHECK(loop.run(all(jitter(1), jitter(2), jitter(3))).has_value());
  return loop.trace_digest();
}

}  // namespace

TEST_CASE("ready strands take turns") {
  EpollLoop loop;
  std::vector<int> trail;
  CHECK(loop.run(all(step_on(3, 1, trail), step_on(3, 2, trail))).has_value());
  CHECK_EQ(trail, std::vector{1, 2, 1, 2, 1, 2});
}

TEST_CASE("strands that never wait hold up neither one another nor timers") {
  EpollLoop loop;
  bool stop = false;
  CHECK(loop.run(all(busy_until(stop), busy_until(stop), stop_after(milliseconds(5), stop))).has_value());
  CHECK(stop);
}

TEST_CASE("letters from other threads wake a sleeping loop, none is lost") {
  EpollLoop loop;
  int opened = 0;
  Condition changed("letters");
  std::vector<std::thread> threads;
  auto run = [&]() -> Task<void> {
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) loop.post(std::make_unique<Count>(opened, changed));
      });
    while (opened < 2000) co_await changed.wait();
  };
  CHECK(loop.run(run()).has_value());
  CHECK_EQ(opened, 2000);
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("a loop runs again, and strands of a group that lives on go on with it") {
  SimulatedLoop loop(1);
  TaskGroup group(loop);
  std::vector<int> trail;
  group.spawn([](std::vector<int>& trail) -> Task<void> {
    co_await sleep(seconds(5));
    trail.push_back(5);
  }(trail));
  auto nap = [](int s) -> Task<void> { co_await sleep(seconds(s)); };
  CHECK(loop.run(nap(2)).has_value());
  CHECK(trail.empty());
  CHECK(loop.run(nap(4)).has_value());
  CHECK_EQ(trail, std::vector{5});
}

TEST_CASE("a simulated run in which nothing can happen any more says who waits for what") {
  SimulatedLoop loop(1);
  Condition never("the end of the world");
  auto run = [&]() -> Task<void> {
    TaskGroup group(co_await this_loop());
    group.spawn([](Condition& condition) -> Task<void> { co_await condition.wait(); }(never), "prophet");
    co_await group.join();
  };
  Result<void> stuck = loop.run(run());
  CHECK_EQ(stuck.error().kind(), ErrorKind::internal);
  CHECK_NE(stuck.error().message().find("prophet (strand 2): waits for the end of the world"),
           std::string::npos);
  CHECK_NE(stuck.error().message().find("main (strand 1): waits for 1 strands"), std::string::npos);
}

TEST_CASE("the same seed gives the same run, another seed another one") {
  CHECK_EQ(digest_of(1), digest_of(1));
  CHECK_EQ(digest_of(2), digest_of(2));
  CHECK_NE(digest_of(1), digest_of(2));
}

TEST_CASE("a strand that is dropped in the middle of a deep chain does not grow the stack") {
  SimulatedLoop loop(1);
  struct Deep {
    static Task<int> dive(int depth) {
      if (depth > 0) co_return co_await dive(depth - 1);
      co_await sleep(seconds(1));
      co_return 0;
    }
    static Task<void> drop(Task<int> task) { co_await task; }
  };
  auto run = []() -> Task<void> {
    TaskGroup group(co_await this_loop());
    group.spawn(Deep::drop(Deep::dive(100'000)));
    co_await sleep(milliseconds(1));
  };
  CHECK(loop.run(run()).has_value());
}

}  // namespace podo::io
