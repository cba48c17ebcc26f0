#include "base/io/group.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/io/combine.h"
#include "base/io/condition.h"
#include "base/io/simulated_loop.h"

namespace podo::io {
namespace {

using Trail = std::vector<std::string>;

struct Guard {
  Guard(Trail& trail, std::string name) : trail(trail), name(std::move(name)) {}
  ~Guard() { trail.push_back("~" + name); }
  Trail& trail;
  std::string name;
};

Task<void> hold(Trail& trail, std::string name, Duration duration) {
  Guard guard(trail, name);
  co_await sleep(duration);
  trail.push_back(name + " done");
}
Task<void> fail_after(Duration duration) {
  co_await sleep(duration);
  co_await corrupt("broken");
}

Task<void> nothing_at_all() { co_return; }

// Guards on one strand die in the reverse order of their birth.
struct Ordered {
  explicit Ordered(std::vector<int>& stack) : stack(stack), id(static_cast<int>(stack.size())) {
    stack.push_back(id);
  }
  ~Ordered() {
    CHECK_EQ(stack.back(), id);
    stack.pop_back();
  }
  std::vector<int>& stack;
  int id;
};

struct Stacks {
  std::vector<int> trunk, left, right;
  bool finished = false;
};

Task<int> leaf(std::vector<int>& stack, int value) {
  Ordered guard(stack);
  co_await sleep(milliseconds(1));
  Ordered second(stack);
  co_await yield();
  co_return value;
}

Task<int> branch(std::vector<int>& stack, int leaves) {
  Ordered guard(stack);
  int total = 0;
  for (int i = 0; i < leaves; ++i) total += co_await leaf(stack, i);
  co_return total;
}

Task<void> small_program(Stacks& stacks) {
  Ordered guard(stacks.trunk);
  int first_leaf = co_await leaf(stacks.trunk, 4);
  Ordered second(stacks.trunk);
  auto [left, right] = co_await all(branch(stacks.left, 2), branch(stacks.right, 3));
  Result<int> in_time = co_await deadline(leaf(stacks.trunk, 5), seconds(1)).result();
  co_await checkpoint();  // a cancellation caught above shows here again
  stacks.finished = first_leaf + left + right + in_time.value_or(0) == 13;
}

}  // namespace

TEST_CASE("a group joins all its children") {
  SimulatedLoop loop(3);
  Trail trail;
  auto run = [&]() -> Task<void> {
    TaskGroup group(co_await this_loop());
    group.spawn(hold(trail, "slow", milliseconds(20)));
    group.spawn(hold(trail, "quick", milliseconds(10)));
    co_await group.join();
    CHECK_EQ(group.size(), 0);
    co_await group.join();  // of nothing: at once
  };
  CHECK(loop.run(run()).has_value());
  CHECK_EQ(trail, Trail{"quick done", "~quick", "slow done", "~slow"});
}

TEST_CASE("the first failure cancels the siblings and fails the join once they have unwound") {
  SimulatedLoop loop(3);
  Trail trail;
  auto run = [&]() -> Task<void> {
    TaskGroup group(co_await this_loop());
    group.spawn(hold(trail, "sibling", seconds(100)));
    group.spawn(fail_after(milliseconds(3)));
    co_await group.join();
  };
  CHECK_EQ(loop.run(run()).error().kind(), ErrorKind::corrupt);
  CHECK_EQ(trail, Trail{"~sibling"});
  CHECK_EQ(loop.clock().now(), Monotonic{} + milliseconds(3));
}

TEST_CASE("a cancelled group joins without failure, and what is spawned into it does not wait") {
  SimulatedLoop loop(3);
  Trail trail;
  auto run = [&]() -> Task<void> {
    TaskGroup group(co_await this_loop());
    group.spawn(hold(trail, "early", seconds(9)));
    co_await sleep(milliseconds(1));
    group.cancel();
    group.spawn(hold(trail, "late", seconds(9)));
    co_await group.join();
  };
  CHECK(loop.run(run()).has_value());
  CHECK_EQ(loop.clock().now(), Monotonic{} + milliseconds(1));
  CHECK_EQ(trail.size(), 2);
}

TEST_CASE("a group that dies early destroys its children where they stand, the newest first") {
  SimulatedLoop loop(3);
  Trail trail;
  auto run = [&]() -> Task<void> {
    TaskGroup group(co_await this_loop());
    for (const char* name : {"a", "b", "c"}) group.spawn(hold(trail, name, seconds(9)));
    co_await sleep(milliseconds(1));
  };
  CHECK(loop.run(run()).has_value());
  CHECK_EQ(trail, Trail{"~c", "~b", "~a"});
  CHECK_EQ(loop.timers().size(), 0);
}

TEST_CASE("first takes the outcome of whoever ends first, good or bad") {
  SimulatedLoop loop(3);
  auto after = [](int ms, int value) -> Task<int> {
    co_await sleep(milliseconds(ms));
    co_return value;
  };
  auto fails = [](int ms) -> Task<int> {
    co_await sleep(milliseconds(ms));
    co_return denied("no");
  };
  CHECK_EQ(loop.run(first(after(30, 1), after(10, 2), after(20, 3))), 2);
  CHECK_EQ(loop.run(first(after(30, 1), fails(10))).error().kind(), ErrorKind::denied);
  CHECK_EQ(loop.clock().now(), Monotonic{} + milliseconds(20));
}

TEST_CASE("all keeps the order of its tasks, and void becomes Nothing") {
  SimulatedLoop loop(3);
  auto after = [](int ms) -> Task<int> {
    co_await sleep(milliseconds(ms));
    co_return ms;
  };
  auto run = [&]() -> Task<void> {
    auto [a, nothing, b] = co_await all(after(7), nothing_at_all(), after(2));
    CHECK_EQ(a, 7);
    CHECK_EQ(nothing, Nothing{});
    CHECK_EQ(b, 2);
    std::vector<Task<int>> many;
    for (int ms : {3, 1, 2}) many.push_back(after(ms));
    CHECK_EQ(co_await all(std::move(many)), std::vector{3, 1, 2});
  };
  CHECK(loop.run(run()).has_value());
}

TEST_CASE("a deadline fails the task that misses it, and only that") {
  SimulatedLoop loop(3);
  Trail trail;
  Result<void> late = loop.run(deadline(hold(trail, "late", seconds(9)), seconds(2)));
  CHECK_EQ(late.error().kind(), ErrorKind::unavailable);
  CHECK_EQ(late.error().system_errno(), ETIMEDOUT);
  CHECK_EQ(trail, Trail{"~late"});
  CHECK(loop.run(deadline(hold(trail, "punctual", seconds(1)), seconds(2))).has_value());
  CHECK_EQ(loop.run(deadline(fail_after(seconds(1)), seconds(2))).error().kind(), ErrorKind::corrupt);
  CHECK_EQ(loop.clock().now(), Monotonic{} + seconds(4));
}

TEST_CASE("a shielded task ends although it is cancelled; the next wait fails") {
  SimulatedLoop loop(3);
  Trail trail;
  auto worker = [&]() -> Task<void> {
    co_await shielded(hold(trail, "shielded", seconds(5)));
    trail.push_back("after");
    co_await sleep(seconds(5));
    trail.push_back("never");
  };
  auto run = [&]() -> Task<void> {
    TaskGroup group(co_await this_loop());
    group.spawn(worker());
    co_await sleep(seconds(1));
    group.cancel();
    co_await group.join();
  };
  CHECK(loop.run(run()).has_value());
  CHECK_EQ(trail, Trail{"shielded done", "~shielded", "after"});
  CHECK_EQ(loop.clock().now(), Monotonic{} + seconds(5));
}

TEST_CASE("a cancellation that is caught shows again at the next wait") {
  SimulatedLoop loop(3);
  int caught = 0;
  auto stubborn = [&]() -> Task<void> {
    for (int i = 0; i < 3; ++i)
      if (!co_await leaf(*std::make_unique<std::vector<int>>(), i).result()) ++caught;
  };
  auto run = [&]() -> Task<void> {
    TaskGroup group(co_await this_loop());
    group.spawn(stubborn());
    group.cancel();
    co_await group.join();
  };
  CHECK(loop.run(run()).has_value());
  CHECK_EQ(caught, 3);
}

// Every 50 us of the program's few milliseconds, and a few turns later: both waiting strands and strands that
// were just woken are hit.
TEST_CASE("a program may be cancelled at every await") {
  int finished = 0, cancelled = 0;
  for (int point = 0; point < 200; ++point) {
    for (int turns = 0; turns < 6; ++turns) {
      SimulatedLoop loop(static_cast<std::uint64_t>(point));
      Stacks stacks;
      auto run = [&]() -> Task<void> {
        TaskGroup group(co_await this_loop());
        group.spawn(small_program(stacks));
        co_await sleep(microseconds(50 * point));
        for (int i = 0; i < turns; ++i) co_await yield();
        group.cancel();
        co_await group.join();
      };
      CHECK(loop.run(run()).has_value());
      CHECK((stacks.trunk.empty() && stacks.left.empty() && stacks.right.empty()));
      CHECK_EQ(loop.timers().size(), 0);
      stacks.finished ? ++finished : ++cancelled;
    }
  }
  CHECK_GT(finished, 100);
  CHECK_GT(cancelled, 500);
}

// The same, but the group is destroyed instead of cancelled.
TEST_CASE("a program may be destroyed at every await") {
  for (int point = 0; point < 200; ++point) {
    SimulatedLoop loop(static_cast<std::uint64_t>(point));
    Stacks stacks;
    auto run = [&]() -> Task<void> {
      TaskGroup group(co_await this_loop());
      group.spawn(small_program(stacks));
      co_await sleep(microseconds(50 * point));
      for (int i = 0; i < point % 5; ++i) co_await yield();
    };
    CHECK(loop.run(run()).has_value());
    CHECK((stacks.trunk.empty() && stacks.left.empty() && stacks.right.empty()));
    CHECK_EQ(loop.timers().size(), 0);
  }
}

TEST_CASE("a notice wakes the one that waited longest, or all") {
  SimulatedLoop loop(3);
  Trail trail;
  Condition changed("a change");
  auto waits = [&](std::string name) -> Task<void> {
    co_await changed.wait();
    trail.push_back(name);
  };
  auto run = [&]() -> Task<void> {
    TaskGroup group(co_await this_loop());
    for (const char* name : {"a", "b", "c"}) {
      group.spawn(waits(name));
      co_await sleep(milliseconds(1));
    }
    changed.notify_one();
    co_await sleep(milliseconds(1));
    CHECK_EQ(trail, Trail{"a"});
    changed.notify_all();
    co_await group.join();
  };
  CHECK(loop.run(run()).has_value());
  CHECK_EQ(trail.size(), 3);
}

}  // namespace podo::io
