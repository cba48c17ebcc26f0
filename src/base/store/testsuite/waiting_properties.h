// Properties of Store: strands that wait for the news of a watch.
#pragma once

#include <map>

#include "base/core/random.h"
#include "base/store/testsuite/store_world.h"

namespace podo::store {

inline Task<void> take_news(Watch& watch, std::string& told_now) {
  told_now = told((co_await watch.next()).events);
}

inline Task<void> a_waiting_watch_wakes(StoreWorld& world) {
  auto watch = co_await world.store->watch(Range::prefix("b"));
  std::string news = "nothing";
  io::TaskGroup strands(co_await io::this_loop());
  strands.spawn(take_news(*watch, news));
  co_await write(*world.store, "a", "1");
  co_await io::sleep(milliseconds(5));
  CHECK_EQ(news, "nothing");
  co_await write(*world.store, "b", "2");
  co_await strands.join();
  CHECK_EQ(news, "b=2");
}

inline Task<void> silence_is_reported_when_asked_for(StoreWorld& world) {
  auto watch = co_await world.store->watch(Range::prefix("b"));
  Clock& clock = (co_await io::this_loop()).clock();
  Revision beside = co_await write(*world.store, "a", "1");
  Monotonic asked = clock.now();
  Events silence = co_await watch->next(milliseconds(20));
  CHECK_GE(clock.now() - asked, milliseconds(20));
  CHECK(silence.events.empty());
  CHECK_EQ(silence.through, beside);
  Revision at = co_await write(*world.store, "b", "2");
  Events news = co_await watch->next(seconds(1000));  // does not wait when there is something to tell
  CHECK_EQ(told(news.events), "b=2");
  CHECK_EQ(news.through, at);
}

inline Task<void> a_watch_resumes_after_what_it_was_told(StoreWorld& world) {
  auto watch = co_await world.store->watch(Range::prefix("b"));
  co_await write(*world.store, "b1", "1");
  co_await write(*world.store, "a", "1");
  Events news = co_await watch->next();
  co_await write(*world.store, "b2", "2");
  Revision last = co_await write(*world.store, "b1", "3");
  auto resumed = co_await world.store->watch(Range::prefix("b"), news.through + 1);
  CHECK_EQ(told(co_await events_through(*resumed, last)), "b2=2 b1=3");
  CHECK_EQ(told(co_await events_through(*watch, last)), "b2=2 b1=3");
}

inline Task<void> a_cancelled_wait_loses_no_news(StoreWorld& world) {
  auto watch = co_await world.store->watch(Range::prefix(""));
  for (int i = 0; i < 20; ++i) {
    auto missed = co_await io::deadline(watch->next(), milliseconds(1)).result();
    co_await must(!missed, "there is no news yet");
    CHECK_EQ(missed.error().system_errno(), ETIMEDOUT);
    co_await write(*world.store, "a", text("{}", i));
    CHECK_EQ(told((co_await watch->next()).events), text("a={}", i));
  }
}

inline Task<void> wait_with_a_watch_of_its_own(Store& store) {
  auto watch = co_await store.watch(Range::prefix(""));
  for (;;) co_await watch->next();
}

inline Task<void> a_watch_may_go_while_it_waits(StoreWorld& world) {
  auto stays = co_await world.store->watch(Range::prefix(""));
  for (int i = 0; i < 3; ++i) {
    io::TaskGroup strands(co_await io::this_loop());
    for (int k = 0; k < 5; ++k) strands.spawn(wait_with_a_watch_of_its_own(*world.store));
    co_await write(*world.store, "a", "1");
    co_await io::sleep(milliseconds(1));
    if (i == 0) continue;  // destroyed where they wait
    strands.cancel();
    co_await strands.join();
  }
  Revision last = co_await write(*world.store, "a", "2");
  CHECK_EQ(told(co_await events_through(*stays, last)), "a=1 a=1 a=1 a=2");
}

inline Task<void> compaction_does_not_hurt_who_waits(StoreWorld& world) {
  auto watch = co_await world.store->watch(Range::prefix("quiet"));
  std::string news;
  io::TaskGroup strands(co_await io::this_loop());
  strands.spawn(take_news(*watch, news));
  for (int i = 0; i < 10; ++i) co_await write(*world.store, "loud", "x");
  co_await io::sleep(milliseconds(1));
  co_await world.store->compact(co_await newest(world));
  co_await io::sleep(milliseconds(1));
  co_await write(*world.store, "quiet", "1");
  co_await strands.join();
  CHECK_EQ(news, "quiet=1");
}

// A follower applies what it is told to a copy of its own.
struct Follower {
  std::map<std::string, std::string, std::less<>> copy;
  Revision through = 0;
};

inline Task<void> follow(Store& store, Range range, Revision from, Duration pause, const Revision& until,
                         Follower& out) {
  auto watch = co_await store.watch(std::move(range), from);
  while (until == 0 || out.through < until) {
    Events news = co_await watch->next(milliseconds(10));
    Revision at = out.through;
    for (const Event& event : news.events) {
      CHECK_GE(event.entry.modified(), at);           // in order
      CHECK_GT(event.entry.modified(), out.through);  // and once
      at = event.entry.modified();
      std::string key(event.entry.key());
      auto known = out.copy.find(key);
      CHECK_EQ(static_cast<bool>(event.previous), known != out.copy.end());
      if (known != out.copy.end()) CHECK_EQ(event.previous.value(), known->second);
      if (event.entry.erased()) out.copy.erase(key);
      else out.copy[key] = std::string(event.entry.value());
    }
    CHECK_GE(news.through, at);
    out.through = news.through;
    if (pause > Duration()) co_await io::sleep(pause);
  }
}

inline Task<void> change_at_random(Store& store, std::uint64_t seed, int times) {
  SeededRandom random(seed);
  for (int i = 0; i < times; ++i) {
    std::string key = text("{}", random.below(10)), other = text("{}!", key);
    std::vector<Operation> operations = {put(key, text("{} {}", seed, i))};
    if (random.below(3) == 0) operations = {erase(Range::key(key))};
    if (random.below(2) == 0) operations.push_back(put(other, text("{} {}", seed, i)));
    co_await store.commit({.then = std::move(operations)});
    if (random.below(10) == 0) co_await io::sleep(microseconds(100));
  }
}

// Fast and slow ones, of all keys and of some: each ends with exactly what a read then shows.
inline Task<void> many_followers_arrive_at_the_same_state(StoreWorld& world) {
  Follower followers[40];
  const Range ranges[] = {Range::prefix(""), Range{"3", "7"}};
  io::TaskGroup writing(co_await io::this_loop()), following(co_await io::this_loop());
  for (std::uint64_t seed = 1; seed <= 4; ++seed) writing.spawn(change_at_random(*world.store, seed, 100));
  Revision last = 0;  // not known yet
  for (std::size_t i = 0; i < 40; ++i) {
    Duration pause = i % 4 == 3 ? milliseconds(3) : microseconds(i % 3 * 50);
    following.spawn(follow(*world.store, ranges[i % 2], 2, pause, last, followers[i]));
  }
  co_await writing.join();
  last = co_await write(*world.store, "end", "");
  co_await following.join();
  for (std::size_t i = 0; i < 40; ++i) {
    Page page = co_await world.store->range(ranges[i % 2], 0, followers[i].through);
    co_await must(page.entries.size() == followers[i].copy.size(), "as many keys as in the store");
    for (const Entry& entry : page.entries)
      CHECK_EQ(entry.value(), followers[i].copy[std::string(entry.key())]);
  }
}

inline void verify_waiting(const RunProperty& run) {
  SUBCASE("a waiting watch wakes") { run(a_waiting_watch_wakes, {}); }
  SUBCASE("silence is reported when asked for") { run(silence_is_reported_when_asked_for, {}); }
  SUBCASE("a watch resumes after what it was told") { run(a_watch_resumes_after_what_it_was_told, {}); }
  SUBCASE("a cancelled wait loses no news") { run(a_cancelled_wait_loses_no_news, {}); }
  SUBCASE("a watch may go while it waits") { run(a_watch_may_go_while_it_waits, {}); }
  SUBCASE("compaction does not hurt who waits") { run(compaction_does_not_hurt_who_waits, {}); }
  SUBCASE("many followers arrive at the same state") { run(many_followers_arrive_at_the_same_state, {}); }
}

}  // namespace podo::store
