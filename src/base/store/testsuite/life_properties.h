// Properties of Store: its end, and what is there when it is opened again. The latter are for makers that
// keep something.
#pragma once

#include <map>

#include "base/store/testsuite/store_world.h"

namespace podo::store {

inline Task<void> a_closed_store_cancels_every_call(StoreWorld& world) {
  LeaseId id = co_await world.store->grant(seconds(100));
  Store& store = *world.store;
  co_await store.close();
  CHECK_EQ(co_await verdict(store.find("a")), "cancelled");
  CHECK_EQ(co_await verdict(store.range(Range::prefix(""))), "cancelled");
  CHECK_EQ(co_await verdict(store.count(Range::prefix(""))), "cancelled");
  CHECK_EQ(co_await verdict(commit(world, {put("a", "1")})), "cancelled");
  CHECK_EQ(co_await verdict(store.commit({})), "cancelled");
  CHECK_EQ(co_await verdict(store.watch(Range::prefix(""))), "cancelled");
  CHECK_EQ(co_await verdict(store.compact(1)), "cancelled");
  CHECK_EQ(co_await verdict(store.status()), "cancelled");
  CHECK_EQ(co_await verdict(store.grant(seconds(1))), "cancelled");
  CHECK_EQ(co_await verdict(store.keep_alive(id)), "cancelled");
  CHECK_EQ(co_await verdict(store.lease(id)), "cancelled");
  CHECK_EQ(co_await verdict(store.revoke(id)), "cancelled");
  CHECK_EQ(co_await verdict(store.flush()), "cancelled");
}

inline Task<void> note_verdict(Watch& watch, std::string& answer) { answer = co_await verdict(watch.next()); }

inline Task<void> closing_cancels_who_waits(StoreWorld& world) {
  auto watch = co_await world.store->watch(Range::prefix(""));
  auto other = co_await world.store->watch(Range::prefix(""));
  std::string answer;
  io::TaskGroup strands(co_await io::this_loop());
  strands.spawn(note_verdict(*watch, answer));
  co_await io::sleep(milliseconds(1));
  co_await world.store->close();
  co_await strands.join();
  CHECK_EQ(answer, "cancelled");
  CHECK_EQ(co_await verdict(other->next()), "cancelled");
}

inline Task<void> note_write(Store& store, std::string key, int& ok, int& cancelled) {
  std::string answer = co_await verdict(write(store, std::move(key), "x"));
  if (answer == "ok") ++ok;
  else if (answer == "cancelled") ++cancelled;
}

inline Task<void> closing_answers_everyone(StoreWorld& world) {
  int ok = 0, cancelled = 0;
  io::TaskGroup strands(co_await io::this_loop());
  for (int i = 0; i < 50; ++i) strands.spawn(note_write(*world.store, text("{}", i), ok, cancelled));
  co_await io::yield();
  co_await world.store->close();
  co_await strands.join();
  CHECK_EQ(ok + cancelled, 50);
}

inline Task<void> what_is_durable_or_relaxed_is_there_again(StoreWorld& world) {
  Revision first = co_await write(*world.store, "durable", "1", Durability::durable);
  Revision second = co_await write(*world.store, "durable", "2", Durability::durable);
  Revision third = co_await write(*world.store, "relaxed", std::string(100'000, 'r'), Durability::relaxed);
  co_await write(*world.store, "erased", "3", Durability::durable);
  co_await remove(*world.store, Range::key("erased"), Durability::relaxed);
  co_await open_again(world);
  CHECK_EQ(keys_of(co_await world.store->range(Range::prefix(""))), "durable relaxed");
  CHECK_EQ((co_await world.store->find("durable"))->stamp(), Stamp{first, second, 2});
  CHECK_EQ((co_await world.store->find("relaxed"))->stamp(), Stamp{third, third, 1});
  CHECK_EQ((co_await world.store->find("relaxed"))->value(), std::string(100'000, 'r'));
  CHECK_EQ((co_await world.store->status()).entries, 2);
}

inline Task<void> what_is_in_memory_is_gone(StoreWorld& world) {
  co_await write(*world.store, "memory", "1", Durability::memory);
  LeaseId id = co_await world.store->grant(seconds(1000));
  co_await commit(world, {put("leased", "1", id), put("durable", "1")});
  co_await commit(world, {put("was durable", "1"), put("was leased", "1", id)});
  co_await write(*world.store, "was durable", "2", Durability::memory);
  co_await write(*world.store, "was leased", "2", Durability::durable);
  co_await open_again(world);
  CHECK_EQ(co_await contents(world), "durable=1 was leased=2");
  CHECK_EQ(co_await verdict(world.store->lease(id)), "not found");
  co_await write(*world.store, "memory", "2");
  CHECK_EQ((co_await world.store->find("memory"))->version(), 1);
}

inline Task<void> revisions_never_go_back(StoreWorld& world) {
  Revision shown = 1;
  for (Durability durability :
       {Durability::memory, Durability::relaxed, Durability::durable, Durability::memory}) {
    shown = co_await write(*world.store, "a", "1", durability);
    co_await open_again(world);
    CHECK_GE(co_await newest(world), shown);
    Revision next = co_await write(*world.store, "b", "1");
    CHECK_GT(next, shown);
    shown = next;
  }
}

// The store's owner is gone without a word: what was durable is there.
inline Task<void> durable_needs_no_close(StoreWorld& world) {
  Revision last = 0;
  for (int i = 0; i < 10; ++i) last = co_await write(*world.store, text("{}", i), "x");
  co_await write(*world.store, "memory", "x", Durability::memory);
  world.store.reset();
  world.store = co_await world.open();
  CHECK_EQ(co_await world.store->count(Range::prefix("")), 10);
  CHECK_GT(co_await write(*world.store, "new", "x"), last);
}

inline Task<void> many_openings_change_nothing(StoreWorld& world) {
  std::string expected;
  for (int i = 0; i < 10; ++i) {
    std::string key = text("{}", i);
    co_await write(*world.store, key, "x", i % 2 == 0 ? Durability::durable : Durability::relaxed);
    expected += text("{}{}=x", i == 0 ? "" : " ", i);
    co_await open_again(world);
    CHECK_EQ(co_await contents(world), expected);
    Revision before = co_await newest(world);
    co_await open_again(world);
    CHECK_GE(co_await newest(world), before);
  }
}

// Told what it missed exactly, or that this is compacted and it has to read again.
inline Task<void> a_watch_resumes_over_an_opening(StoreWorld& world) {
  co_await commit(world, {put("a", "1"), put("b", "1")});
  co_await write(*world.store, "m", "1", Durability::memory);
  Page page = co_await world.store->range(Range::prefix(""));
  std::map<std::string, std::string> copy;
  for (const Entry& entry : page.entries) copy[std::string(entry.key())] = entry.value();
  co_await write(*world.store, "a", "2");
  co_await remove(*world.store, Range::key("b"), Durability::relaxed);
  co_await open_again(world);
  Revision last = co_await write(*world.store, "c", "3");
  auto watch = co_await world.store->watch(Range::prefix(""), page.revision + 1).result();
  Result<std::vector<Event>> missed = not_found("compacted");
  if (watch) missed = co_await events_through(**watch, last).result();
  else CHECK_EQ(watch.error().kind(), ErrorKind::not_found);
  if (!missed) {
    CHECK_EQ(missed.error().kind(), ErrorKind::not_found);
    co_return;
  }
  for (const Event& event : *missed)
    if (event.entry.erased()) copy.erase(std::string(event.entry.key()));
    else copy[std::string(event.entry.key())] = event.entry.value();
  std::string followed;
  for (const auto& [key, value] : copy) followed += text("{}{}={}", followed.empty() ? "" : " ", key, value);
  CHECK_EQ(followed, co_await contents(world));
}

inline Task<void> older_reads_answer_the_same_or_not_at_all(StoreWorld& world) {
  std::vector<std::pair<Revision, std::string>> seen;
  for (int i = 0; i < 20; ++i) {
    Revision at = co_await write(*world.store, text("{}", i % 3), text("{}", i));
    seen.emplace_back(at, co_await contents(world));
  }
  co_await open_again(world);
  for (const auto& [at, then] : seen) {
    Result<std::string> now = co_await contents(world, at).result();
    if (now) CHECK_EQ(*now, then);
    else CHECK_EQ(now.error().kind(), ErrorKind::not_found);
  }
  CHECK_EQ(co_await contents(world), seen.back().second);
}

inline void verify_life(const RunProperty& run) {
  SUBCASE("a closed store cancels every call") { run(a_closed_store_cancels_every_call, {}); }
  SUBCASE("closing cancels who waits") { run(closing_cancels_who_waits, {}); }
  SUBCASE("closing answers everyone") { run(closing_answers_everyone, {}); }
}

inline void verify_openings(const RunProperty& run) {
  SUBCASE("what is durable or relaxed is there again") { run(what_is_durable_or_relaxed_is_there_again, {}); }
  SUBCASE("what is in memory is gone") { run(what_is_in_memory_is_gone, {}); }
  SUBCASE("revisions never go back") { run(revisions_never_go_back, {}); }
  SUBCASE("durable needs no close") { run(durable_needs_no_close, {}); }
  SUBCASE("many openings change nothing") { run(many_openings_change_nothing, {}); }
  SUBCASE("a watch resumes over an opening") { run(a_watch_resumes_over_an_opening, {}); }
  SUBCASE("older reads answer the same, or not at all") {
    run(older_reads_answer_the_same_or_not_at_all, {});
  }
}

}  // namespace podo::store
