// Properties of Store: what a watch tells, and from where on.
#pragma once

#include "base/store/testsuite/store_world.h"

namespace podo::store {

// What a new watch says first: its news, or why there is none.
inline Task<Events> first_news(StoreWorld& world, Range range, Revision from) {
  auto watch = co_await world.store->watch(std::move(range), from);
  co_return co_await watch->next();
}

inline Task<void> a_watch_begins_with_the_next_change(StoreWorld& world) {
  co_await write(*world.store, "a", "before");
  auto watch = co_await world.store->watch(Range::prefix(""));
  Revision at = co_await write(*world.store, "a", "after");
  Events news = co_await watch->next();
  CHECK_EQ(told(news.events), "a=after");
  CHECK_EQ(news.events[0].entry.modified(), at);
  CHECK_EQ(news.through, at);
}

inline Task<void> a_watch_begins_in_the_past(StoreWorld& world) {
  co_await write(*world.store, "a", "1");
  Revision from = co_await write(*world.store, "b", "2");
  co_await write(*world.store, "a", "3");
  co_await remove(*world.store, Range::key("b"));
  Revision last = co_await write(*world.store, "b", "4");
  auto watch = co_await world.store->watch(Range::prefix(""), from);
  std::vector<Event> events = co_await events_through(*watch, last);
  CHECK_EQ(told(events), "b=2 a=3 b gone b=4");
  for (std::size_t i = 0; i < events.size(); ++i) CHECK_EQ(events[i].entry.modified(), from + i);
}

inline Task<void> a_watch_goes_from_the_past_into_the_present(StoreWorld& world) {
  Revision from = co_await write(*world.store, "a", "0");
  auto watch = co_await world.store->watch(Range::prefix(""), from);
  std::string all = "a=0", heard;
  for (int i = 1; i < 20; ++i) {
    Revision at = co_await write(*world.store, "a", text("{}", i));
    all += text(" a={}", i);
    if (i % 3 != 0) continue;
    heard += (heard.empty() ? "" : " ") + told(co_await events_through(*watch, at));
    CHECK_EQ(heard, all);
  }
}

inline Task<void> a_watch_tells_what_was_before(StoreWorld& world) {
  auto watch = co_await world.store->watch(Range::prefix(""));
  Revision one = co_await write(*world.store, "a", "1");
  Revision two = co_await write(*world.store, "a", "2");
  co_await remove(*world.store, Range::key("a"));
  Revision last = co_await write(*world.store, "a", "3");
  std::vector<Event> events = co_await events_through(*watch, last);
  co_await must(told(events) == "a=1 a=2 a gone a=3", told(events));
  CHECK_FALSE(static_cast<bool>(events[0].previous));
  CHECK_EQ(events[1].previous.value(), "1");
  CHECK_EQ(events[1].previous.stamp(), Stamp{one, one, 1});
  CHECK_EQ(events[2].previous.value(), "2");
  CHECK_EQ(events[2].previous.stamp(), Stamp{one, two, 2});
  CHECK_FALSE(static_cast<bool>(events[3].previous));  // it was erased before
  CHECK_EQ(events[3].entry.stamp(), Stamp{last, last, 1});
}

inline Task<void> what_was_before_is_told_of_the_past_too(StoreWorld& world) {
  Revision one = co_await write(*world.store, "a", "1");
  co_await write(*world.store, "a", "2");
  co_await remove(*world.store, Range::key("a"));
  co_await world.store->compact(one);
  auto watch = co_await world.store->watch(Range::prefix(""), one + 1);
  std::vector<Event> events = co_await events_through(*watch, one + 2);
  co_await must(told(events) == "a=2 a gone", told(events));
  CHECK_EQ(events[0].previous.value(), "1");
  CHECK_EQ(events[1].previous.value(), "2");
}

inline Task<void> a_watch_tells_whole_transactions_in_their_order(StoreWorld& world) {
  co_await commit(world, {put("x1", "1"), put("x2", "1")});
  auto watch = co_await world.store->watch(Range::prefix(""));
  Outcome outcome =
      co_await commit(world, {put("c", "1"), erase(Range::prefix("x")), put("a", "1"), put("b", "1")});
  Events news = co_await watch->next();
  CHECK_EQ(told(news.events), "c=1 x1 gone x2 gone a=1 b=1");
  CHECK_EQ(news.through, outcome.revision);
  for (const Event& event : news.events) CHECK_EQ(event.entry.modified(), outcome.revision);
}

inline Task<void> a_watch_is_about_its_range(StoreWorld& world) {
  Revision start = co_await newest(world);
  auto watch = co_await world.store->watch(Range{"b", "d"});
  for (const char* key : {"a", "b", "bb", "d", "c", "e"}) co_await write(*world.store, key, "1");
  co_await commit(world, {put("a", "2"), put("c", "2"), put("z", "2")});
  co_await remove(*world.store, Range::prefix(""));
  Revision last = co_await newest(world);
  CHECK_EQ(told(co_await events_through(*watch, last)), "b=1 bb=1 c=1 c=2 b gone bb gone c gone");
  auto past = co_await world.store->watch(Range{"b", "d"}, start + 3);
  CHECK_EQ(told(co_await events_through(*past, last)), "bb=1 c=1 c=2 b gone bb gone c gone");
}

inline Task<void> what_changes_nothing_is_not_told(StoreWorld& world) {
  co_await write(*world.store, "a", "1");
  auto watch = co_await world.store->watch(Range::prefix(""));
  co_await remove(*world.store, Range::key("x"));
  co_await world.store->commit({.conditions = {absent("a")}, .then = {put("a", "2")}});
  Revision last = co_await write(*world.store, "a", "1");
  CHECK_EQ(told(co_await events_through(*watch, last)), "a=1");  // the same value is a change, and told
}

inline Task<void> a_compacted_beginning_is_not_found(StoreWorld& world) {
  Revision one = co_await write(*world.store, "a", "1");
  Revision two = co_await write(*world.store, "a", "2");
  Revision three = co_await write(*world.store, "a", "3");
  co_await world.store->compact(two);
  CHECK_EQ(co_await verdict(first_news(world, Range::prefix(""), one)), "not found");
  CHECK_EQ(co_await verdict(first_news(world, Range::prefix(""), two)), "not found");
  CHECK_EQ(told((co_await first_news(world, Range::prefix(""), three)).events), "a=3");
}

inline Task<void> the_future_is_not_watched(StoreWorld& world) {
  Revision now = co_await write(*world.store, "a", "1");
  CHECK_EQ(co_await verdict(first_news(world, Range::prefix(""), now + 2)), "invalid");
  auto watch = co_await world.store->watch(Range::prefix(""), now + 1);  // that is the next change
  Revision next = co_await write(*world.store, "a", "2");
  CHECK_EQ(told(co_await events_through(*watch, next)), "a=2");
}

// Its owner did not listen while much happened: it is told all of it, or that this is compacted.
inline Task<void> a_watch_that_falls_behind_compaction_is_told(StoreWorld& world) {
  auto behind = co_await world.store->watch(Range::prefix(""));
  auto ahead = co_await world.store->watch(Range::prefix(""));
  for (int i = 0; i < 10; ++i) co_await write(*world.store, "a", text("{}", i));
  Revision now = co_await newest(world);
  co_await events_through(*ahead, now);
  co_await world.store->compact(now);
  CHECK_EQ(co_await verdict(behind->next()), "not found");
  Revision after = co_await write(*world.store, "a", "after");
  CHECK_EQ(told(co_await events_through(*ahead, after)), "a=after");
}

// However much there is to tell, an answer ends between two transactions, and says which.
inline Task<void> much_news_is_told_in_whole_transactions(StoreWorld& world) {
  Revision first = co_await newest(world) + 1;
  for (int i = 0; i < 500; ++i) {
    Transaction seven{.durability = Durability::relaxed};
    for (int key = 0; key < 7; ++key) seven.then.push_back(put(text("{}", key), text("{}", i)));
    co_await world.store->commit(std::move(seven));
  }
  auto watch = co_await world.store->watch(Range::prefix(""), first);
  for (Revision told_now = first - 1, last = co_await newest(world); told_now < last;) {
    Events news = co_await watch->next();
    co_await must(news.through > told_now, "an answer goes on");
    CHECK_EQ(news.events.size(), (news.through - told_now) * 7);
    for (std::size_t i = 0; i < news.events.size(); ++i)
      CHECK_EQ(news.events[i].entry.modified(), told_now + 1 + i / 7);
    told_now = news.through;
  }
}

inline void verify_watches(const RunProperty& run) {
  SUBCASE("a watch begins with the next change") { run(a_watch_begins_with_the_next_change, {}); }
  SUBCASE("a watch begins in the past") { run(a_watch_begins_in_the_past, {}); }
  SUBCASE("a watch goes from the past into the present") {
    run(a_watch_goes_from_the_past_into_the_present, {});
  }
  SUBCASE("a watch tells what was before") { run(a_watch_tells_what_was_before, {}); }
  SUBCASE("what was before is told of the past, too") { run(what_was_before_is_told_of_the_past_too, {}); }
  SUBCASE("a watch tells whole transactions, in their order") {
    run(a_watch_tells_whole_transactions_in_their_order, {});
  }
  SUBCASE("a watch is about its range") { run(a_watch_is_about_its_range, {}); }
  SUBCASE("what changes nothing is not told") { run(what_changes_nothing_is_not_told, {}); }
  SUBCASE("much news is told in whole transactions") { run(much_news_is_told_in_whole_transactions, {}); }
  SUBCASE("a compacted beginning is not found") { run(a_compacted_beginning_is_not_found, {}); }
  SUBCASE("the future is not watched") { run(the_future_is_not_watched, {}); }
  SUBCASE("a watch that falls behind compaction is told") {
    run(a_watch_that_falls_behind_compaction_is_told, {});
  }
}

}  // namespace podo::store
