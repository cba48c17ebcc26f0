#include "base/io/task.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/io/simulated_loop.h"

namespace podo::io {
namespace {

using Trail = std::vector<std::string>;

struct Guard {  // writes down when it dies
  Guard(Trail& trail, std::string name) : trail(trail), name(std::move(name)) {}
  ~Guard() { trail.push_back("~" + name); }
  Trail& trail;
  std::string name;
};

Task<int> number(int value) { co_return value; }
Task<int> sum(int a, int b) { co_return co_await number(a) + co_await number(b); }

Task<int> fails_deep(Trail& trail, int depth) {
  Guard guard(trail, text("frame {}", depth));
  if (depth == 0) co_return not_found("nothing at the bottom");
  int value = co_await fails_deep(trail, depth - 1);
  trail.push_back("never");
  co_return value;
}

Task<void> void_fails(bool fail) {
  if (fail) co_await denied("not you");
}

Result<int> half(int whole) {
  if (whole % 2 != 0) return invalid("{} is odd", whole);
  return whole / 2;
}
Task<int> quarter(int whole) {
  int once = co_await half(whole);
  co_return half(once);
}

Task<std::uint64_t> count_to(std::uint64_t end) {
  std::uint64_t counted = 0;
  while (counted < end) counted += static_cast<std::uint64_t>(co_await number(1));
  co_return counted;
}

Task<int> dive(int depth, int bottom_fails) {
  if (depth > 0) co_return 1 + co_await dive(depth - 1, bottom_fails);
  if (bottom_fails) co_return exhausted("at the bottom");
  co_return 0;
}

}  // namespace

TEST_CASE("a task yields its value through its awaiters") {
  SimulatedLoop loop(1);
  CHECK_EQ(loop.run(sum(20, 22)), 42);
}

TEST_CASE("a task that is not awaited does not run") {
  bool ran = false;
  auto run = [](bool& flag) -> Task<void> {
    flag = true;
    co_return;
  };
  { auto task = run(ran); }
  CHECK_FALSE(ran);
}

TEST_CASE("an error goes up the chain, the innermost frame dies first") {
  SimulatedLoop loop(1);
  Trail trail;
  Result<int> outcome = loop.run(fails_deep(trail, 3));
  CHECK_EQ(outcome.error().kind(), ErrorKind::not_found);
  CHECK_EQ(outcome.error().message(), "nothing at the bottom");
  CHECK_EQ(trail, Trail{"~frame 0", "~frame 1", "~frame 2", "~frame 3"});
}

TEST_CASE("failed frames are gone before the catcher resumes") {
  SimulatedLoop loop(1);
  Trail trail;
  auto catches = [](Trail& trail) -> Task<int> {
    Guard guard(trail, "catcher");
    Result<int> tried = co_await fails_deep(trail, 1).result();
    trail.push_back(tried.error().message());
    co_return 7;
  };
  CHECK_EQ(loop.run(catches(trail)), 7);
  CHECK_EQ(trail, Trail{"~frame 0", "~frame 1", "nothing at the bottom", "~catcher"});
}

TEST_CASE("the catching form yields values too, and works again after a failure") {
  SimulatedLoop loop(1);
  auto tries = []() -> Task<int> {
    int caught = 0;
    for (bool fail : {true, false, true})
      if (!co_await void_fails(fail).result()) ++caught;
    Result<int> good = co_await number(5).result();
    co_return caught * 10 + *good;
  };
  CHECK_EQ(loop.run(tries()), 25);
}

TEST_CASE("a Result is awaited like a task") {
  SimulatedLoop loop(1);
  CHECK_EQ(loop.run(quarter(12)), 3);
  CHECK_EQ(loop.run(quarter(7)).error().message(), "7 is odd");
  CHECK_EQ(loop.run(quarter(6)).error().message(), "3 is odd");
  CHECK_EQ(loop.run(void_fails(true)).error().kind(), ErrorKind::denied);
  CHECK(loop.run(void_fails(false)).has_value());
}

TEST_CASE("move-only values pass through") {
  SimulatedLoop loop(1);
  auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
  auto pass = [&]() -> Task<std::unique_ptr<int>> {
    auto value = co_await make();
    ++*value;
    co_return std::move(value);
  };
  CHECK_EQ(**loop.run(pass()), 4);
}

TEST_CASE("a million awaits do not grow the stack") {
  SimulatedLoop loop(1);
  CHECK_EQ(loop.run(count_to(1'000'000)), 1'000'000);
}

TEST_CASE("a deep chain returns, fails and is dropped without growing the stack") {
  constexpr int depth = 200'000;
  SimulatedLoop loop(1);
  CHECK_EQ(loop.run(dive(depth, false)), depth);
  CHECK_EQ(loop.run(dive(depth, true)).error().kind(), ErrorKind::exhausted);
}

}  // namespace podo::io
