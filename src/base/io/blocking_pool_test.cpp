#include "base/io/blocking_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <latch>

#include "base/io/combine.h"
#include "base/io/epoll_loop.h"

namespace podo::io {

TEST_CASE("work of the pool runs on other threads and answers on the loop") {
  EpollLoop loop;
  BlockingPool pool(3);
  auto here = std::this_thread::get_id();
  auto run = [&]() -> Task<void> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 200; ++i)
      tasks.push_back(pool.run([i, here]() -> Result<int> {
        if (std::this_thread::get_id() == here) return internal("on the loop's thread");
        return i * i;
      }));
    std::vector<int> squares = co_await all(std::move(tasks));
    for (int i = 0; i < 200; ++i) CHECK_EQ(squares[i], i * i);
    CHECK_EQ(std::this_thread::get_id(), here);
  };
  CHECK(loop.run(run()).has_value());
}

TEST_CASE("work takes move-only things along, and its failure is the task's") {
  EpollLoop loop;
  BlockingPool pool(1);
  auto number = std::make_unique<int>(4);
  CHECK_EQ(loop.run(pool.run([n = std::move(number)]() -> Result<int> { return *n + 1; })), 5);
  CHECK_EQ(loop.run(pool.run([]() -> Result<void> { return denied("no"); })).error().kind(),
           ErrorKind::denied);
}

TEST_CASE("the loop goes on while the pool blocks, and as many as allowed run at once") {
  EpollLoop loop;
  BlockingPool pool(2);
  std::latch both(2);
  auto meet = [&both]() -> Result<void> {
    both.arrive_and_wait();  // returns only if two run at once
    return {};
  };
  CHECK(loop.run(all(pool.run(meet), pool.run(meet))).has_value());
}

TEST_CASE("cancelling takes queued work away, and drops the result of running work") {
  EpollLoop loop;
  std::atomic<int> performed = 0;
  std::atomic<bool> started = false;
  std::latch release(1);
  BlockingPool pool(1);
  auto run = [&]() -> Task<void> {
    TaskGroup group(co_await this_loop());
    group.spawn(pool.run([&]() -> Result<void> {
      started = true;
      release.wait();
      ++performed;
      return {};
    }));
    for (int i = 0; i < 10; ++i)
      group.spawn(pool.run([&]() -> Result<void> {
        ++performed;
        return {};
      }));
    while (!started) co_await sleep(milliseconds(1));
    group.cancel();
    co_await group.join();  // does not wait for the running one
    release.count_down();
    co_await pool.run([]() -> Result<void> { return {}; });  // behind whatever is left
  };
  CHECK(loop.run(run()).has_value());
  CHECK_EQ(performed.load(), 1);
}

TEST_CASE("a pool that dies drops its queue and waits for what runs") {
  EpollLoop loop;
  std::atomic<int> performed = 0;
  std::atomic<bool> started = false;
  TaskGroup group(loop);
  {
    BlockingPool pool(1);
    auto slow = [&]() -> Result<void> {
      started = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ++performed;
      return {};
    };
    for (int i = 0; i < 3; ++i) group.spawn(pool.run(slow));
    auto until_started = [&]() -> Task<void> {
      while (!started) co_await sleep(milliseconds(1));
    };
    CHECK(loop.run(until_started()).has_value());
    group.cancel();
  }
  CHECK_EQ(performed.load(), 1);  // 20 ms are enough to cancel the other two
  CHECK(loop.run([](TaskGroup& g) -> Task<void> { co_await g.join(); }(group)).has_value());
}

TEST_CASE("strands of several loops, each on its thread, share a pool") {
  EpollLoop loops[3];
  BlockingPool pool(2);
  std::atomic<int> performed = 0;
  auto work = [&]() -> Task<void> {
    auto here = std::this_thread::get_id();
    for (int i = 0; i < 100; ++i) {
      co_await pool.run([&performed]() -> Result<void> {
        ++performed;
        return {};
      });
      CHECK_EQ(std::this_thread::get_id(), here);
    }
  };
  std::vector<std::thread> threads;
  for (EpollLoop& loop : loops)
    threads.emplace_back([&] { CHECK(loop.run(all(work(), work())).has_value()); });
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(performed.load(), 600);
}

}  // namespace podo::io
