// Properties of Store: transactions and reads of many strands at once.
#pragma once

#include <algorithm>

#include "base/store/testsuite/store_world.h"

namespace podo::store {

inline Task<void> claim(Store& store, std::string value, int& won, Revision& at) {
  Transaction transaction{.conditions = {absent("name")}, .then = {put("name", value)}};
  Outcome outcome = co_await store.commit(std::move(transaction));
  if (!outcome.met) co_return;
  ++won;
  at = outcome.revision;
}

inline Task<void> one_of_many_wins_a_name(StoreWorld& world) {
  for (int round = 0; round < 5; ++round) {
    int won = 0;
    Revision at = 0;
    io::TaskGroup strands(co_await io::this_loop());
    for (int i = 0; i < 50; ++i) strands.spawn(claim(*world.store, text("strand {}", i), won, at));
    co_await strands.join();
    CHECK_EQ(won, 1);
    std::optional<Entry> entry = co_await world.store->find("name");
    CHECK_EQ(entry->stamp(), Stamp{at, at, 1});
    co_await remove(*world.store, Range::key("name"));
  }
}

// One more, `times` times, each on what it read; tries again when somebody else was faster.
inline Task<void> count_up(Store& store, int times) {
  while (times > 0) {
    std::optional<Entry> before = co_await store.find("counter");
    Transaction next{.conditions = {unchanged_since("counter", before ? before->modified() : 0)},
                     .then = {put("counter", std::string(before ? before->value() : "") + "+")}};
    if ((co_await store.commit(std::move(next))).met) --times;
  }
}

inline Task<void> no_update_is_lost(StoreWorld& world) {
  io::TaskGroup strands(co_await io::this_loop());
  for (int i = 0; i < 8; ++i) strands.spawn(count_up(*world.store, 25));
  co_await strands.join();
  std::optional<Entry> counter = co_await world.store->find("counter");
  CHECK_EQ(counter->value().size(), 200);
  CHECK_EQ(counter->version(), 200);
}

// Moves the token between its two places until it has been `times` at either.
inline Task<void> move_token(Store& store, int times) {
  for (int i = 0; i < times; ++i) {
    const bool there = i % 2 == 0;
    std::vector<Operation> move = {erase(Range::key(there ? "here" : "there")),
                                   put(there ? "there" : "here", "token")};
    co_await store.commit({.then = std::move(move)});
    if (i % 10 == 0) co_await io::sleep(microseconds(40));
  }
}

inline Task<void> look_at_token(Store& store, const bool& done, int& looks) {
  Revision seen = 0;
  while (!done) {
    ++looks;
    Page page = co_await store.range(Range::prefix(""));
    CHECK_EQ(page.entries.size(), 1);
    CHECK_GE(page.revision, seen);
    CHECK_EQ(page.entries[0].modified(), page.revision);
    seen = page.revision;
    co_await io::sleep(microseconds(20));  // time would stand still in a simulation
  }
}

inline Task<void> nobody_sees_half_a_transaction(StoreWorld& world) {
  co_await write(*world.store, "here", "token");
  bool done = false;
  int looks = 0;
  io::TaskGroup strands(co_await io::this_loop());
  for (int i = 0; i < 4; ++i) strands.spawn(look_at_token(*world.store, done, looks));
  co_await move_token(*world.store, 100);
  done = true;
  co_await strands.join();
  CHECK_GT(looks, 4);
}

inline Task<void> write_and_read_back(Store& store, std::string key, Durability durability) {
  for (int i = 0; i < 20; ++i) {
    Revision at = co_await write(store, key, text("{}", i), durability);
    std::optional<Entry> entry = co_await store.find(key);
    CHECK_EQ(entry->value(), text("{}", i));
    CHECK_EQ(entry->modified(), at);
    CHECK_GE((co_await store.status()).revision, at);
  }
}

inline Task<void> everyone_reads_what_they_wrote(StoreWorld& world) {
  io::TaskGroup strands(co_await io::this_loop());
  for (int i = 0; i < 15; ++i)
    strands.spawn(write_and_read_back(*world.store, text("key {}", i), static_cast<Durability>(i % 3)));
  co_await strands.join();
  CHECK_EQ(co_await newest(world), 1 + 15 * 20);
}

inline Task<void> note_revision(Store& store, std::string key, std::vector<Revision>& revisions) {
  revisions.push_back(co_await write(store, std::move(key), "x"));
}

inline Task<void> no_revision_is_given_twice(StoreWorld& world) {
  std::vector<Revision> revisions;
  io::TaskGroup strands(co_await io::this_loop());
  for (int i = 0; i < 100; ++i) strands.spawn(note_revision(*world.store, text("key {}", i), revisions));
  co_await strands.join();
  std::sort(revisions.begin(), revisions.end());
  for (Revision i = 0; i < 100; ++i) CHECK_EQ(revisions[i], 2 + i);
}

inline Task<void> write_both(Store& store) {
  co_await store.commit({.then = {put("a", "1"), put("b", "1")}});
}

// A transaction whose caller is gone happens wholly or not at all, and others are not held up by it.
inline Task<void> a_caller_may_leave(StoreWorld& world) {
  for (int round = 0; round < 10; ++round) {
    {
      io::TaskGroup strands(co_await io::this_loop());
      int won = 0;
      Revision at = 0;
      for (int i = 0; i < 5; ++i) strands.spawn(claim(*world.store, "left", won, at));
      strands.spawn(write_both(*world.store));
      for (int turn = 0; turn < round % 3; ++turn) co_await io::yield();
      if (round % 2 == 0) strands.cancel();  // else: destroyed where they stand
      if (round % 2 == 0) co_await strands.join();
    }
    co_await write(*world.store, "c", "1");
    std::string now = co_await contents(world);
    bool known = false;
    for (const char* possible : {"c=1", "a=1 b=1 c=1", "c=1 name=left", "a=1 b=1 c=1 name=left"})
      known = known || now == possible;
    CHECK_MESSAGE(known, now);
    co_await remove(*world.store, Range::prefix(""));
  }
}

inline Task<void> read_then_write(Store& store, int reads, std::string key) {
  for (int i = 0; i < reads; ++i) (void)co_await store.find("a");
  co_await write(store, std::move(key), "x");
}

// A strand that reads a lot has its turn ended anywhere, in the middle of its commit too.
inline Task<void> a_turn_may_end_anywhere(StoreWorld& world) {
  for (int reads = 0; reads < 70; ++reads) {
    io::TaskGroup strands(co_await io::this_loop());
    strands.spawn(read_then_write(*world.store, reads, "a"));
    strands.spawn(read_then_write(*world.store, 0, "b"));
    co_await strands.join();
  }
  if (world.open) co_await open_again(world);
  CHECK_EQ(co_await contents(world), "a=x b=x");
  CHECK_EQ((co_await world.store->find("a"))->version(), 70);
}

inline void verify_strands(const RunProperty& run) {
  SUBCASE("one of many wins a name") { run(one_of_many_wins_a_name, {}); }
  SUBCASE("no update is lost") { run(no_update_is_lost, {}); }
  SUBCASE("nobody sees half a transaction") { run(nobody_sees_half_a_transaction, {}); }
  SUBCASE("everyone reads what they wrote") { run(everyone_reads_what_they_wrote, {}); }
  SUBCASE("no revision is given twice") { run(no_revision_is_given_twice, {}); }
  SUBCASE("a turn may end anywhere") { run(a_turn_may_end_anywhere, {}); }
  SUBCASE("a caller may leave") { run(a_caller_may_leave, {}); }
}

}  // namespace podo::store
