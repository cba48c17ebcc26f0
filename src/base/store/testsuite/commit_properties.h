// Properties of Store: what one transaction does and answers.
#pragma once

#include "base/store/testsuite/store_world.h"

namespace podo::store {

inline Task<void> revisions_count_the_changes(StoreWorld& world) {
  Revision before = co_await newest(world);
  for (Revision i = 1; i <= 20; ++i) {
    CHECK_EQ(co_await write(*world.store, text("key {}", i % 3), "x"), before + i);
    CHECK_EQ(co_await newest(world), before + i);
  }
}

inline Task<void> a_transaction_has_one_revision(StoreWorld& world) {
  co_await write(*world.store, "a", "old");
  Outcome outcome = co_await commit(world, {put("b", "1"), erase(Range::key("a")), put("c", "2")});
  CHECK_EQ(outcome.revision, co_await newest(world));
  for (const Entry& entry : (co_await world.store->range(Range::prefix(""))).entries)
    CHECK_EQ(entry.modified(), outcome.revision);
  CHECK_EQ(co_await contents(world, outcome.revision - 1), "a=old");
  CHECK_EQ(co_await contents(world), "b=1 c=2");
}

inline Task<void> stamps_tell_a_key_s_life(StoreWorld& world) {
  Revision first = co_await write(*world.store, "a", "1");
  co_await write(*world.store, "b", "1");
  Revision second = co_await write(*world.store, "a", "2");
  Revision third = co_await write(*world.store, "a", "2");
  CHECK_EQ((co_await world.store->find("a", first))->stamp(), Stamp{first, first, 1});
  CHECK_EQ((co_await world.store->find("a", second))->stamp(), Stamp{first, second, 2});
  CHECK_EQ((co_await world.store->find("a"))->stamp(), Stamp{first, third, 3});
}

inline Task<void> a_put_answers_what_it_wrote(StoreWorld& world) {
  Revision first = co_await write(*world.store, "a", "1");
  Outcome outcome = co_await commit(world, {put("a", "2"), put("b", "3")});
  CHECK(outcome.met);  // there was no condition
  co_await must(outcome.replies.size() == 2, "a reply for each operation");
  CHECK_EQ(shown(outcome.replies[0]), "a=2");
  CHECK_EQ(outcome.replies[0].entries[0].stamp(), Stamp{first, outcome.revision, 2});
  CHECK_EQ(shown(outcome.replies[1]), "b=3");
  CHECK_EQ(outcome.replies[1].entries[0].stamp(), Stamp{outcome.revision, outcome.revision, 1});
}

inline Task<void> an_erase_answers_what_it_removed(StoreWorld& world) {
  co_await commit(world, {put("a", "1"), put("b", "2"), put("c", "3")});
  Outcome outcome = co_await commit(world, {erase(Range{"a", "c"}), erase(Range::key("x"))});
  co_await must(outcome.replies.size() == 2, "a reply for each operation");
  CHECK_EQ(shown(outcome.replies[0]), "a=1 b=2");
  CHECK_EQ(outcome.replies[0].entries[0].version(), 1);  // as it was
  CHECK(outcome.replies[1].entries.empty());
  CHECK_EQ(co_await contents(world), "c=3");
}

inline Task<void> a_read_sees_the_operations_before_it(StoreWorld& world) {
  co_await commit(world, {put("a", "1"), put("b", "2")});
  const Range all = Range::prefix("");
  Outcome outcome = co_await commit(world, {read(all), put("a", "new"), read(all), erase(Range::key("b")),
                                            put("c", "3"), read(all, 1), read(all)});
  co_await must(outcome.replies.size() == 7, "a reply for each operation");
  CHECK_EQ(shown(outcome.replies[0]), "a=1 b=2");
  CHECK_EQ(shown(outcome.replies[2]), "a=new b=2");
  CHECK_EQ(outcome.replies[2].entries[0].modified(), outcome.revision);
  CHECK_EQ(shown(outcome.replies[5]), "a=new");
  CHECK(outcome.replies[5].more);
  CHECK_EQ(shown(outcome.replies[6]), "a=new c=3");
  CHECK_EQ(outcome.replies[6].revision, outcome.revision);
}

inline Task<void> an_erase_sees_the_operations_before_it(StoreWorld& world) {
  co_await commit(world, {put("a", "1"), put("b", "2")});
  Outcome outcome = co_await commit(world, {erase(Range::key("a")), read(Range::prefix("")), put("c", "3")});
  CHECK_EQ(shown(outcome.replies[1]), "b=2");
  CHECK_EQ(co_await contents(world), "b=2 c=3");
}

inline Task<void> what_changes_nothing_takes_no_revision(StoreWorld& world) {
  Revision before = co_await write(*world.store, "a", "1");
  const std::vector<Transaction> idle = {
      {},
      {.then = {read(Range::prefix(""))}},
      {.then = {erase(Range::key("x"))}},
      {.then = {erase(Range{"b", ""})}},
      {.conditions = {absent("a")}, .then = {put("b", "1")}},
      {.conditions = {absent("a")}, .then = {put("b", "1")}, .otherwise = {read(Range::key("a"))}}};
  for (const Transaction& transaction : idle) {
    CHECK_EQ((co_await world.store->commit(transaction)).revision, before);
    CHECK_EQ(co_await newest(world), before);
  }
  CHECK_EQ(co_await write(*world.store, "a", "1"), before + 1);  // the same value is a change
}

inline Task<void> a_key_is_written_once_in_a_transaction(StoreWorld& world) {
  Revision before = co_await write(*world.store, "a", "1");
  const std::vector<std::vector<Operation>> twice = {
      {put("b", "1"), put("a", "2"), put("a", "3")},
      {put("b", "1"), put("a", "2"), erase(Range::key("a"))},
      {put("b", "1"), erase(Range::prefix("")), put("a", "2")},
      {put("b", "1"), put("a", "1"), read(Range::key("a")), erase(Range{"", ""})}};
  for (const std::vector<Operation>& operations : twice) {
    CHECK_EQ(co_await verdict(world.store->commit({.then = operations})), "invalid");
    CHECK_EQ(co_await verdict(world.store->commit({.conditions = {absent("a")}, .otherwise = operations})),
             "invalid");
    CHECK_FALSE(check({.then = operations}, Limits()).has_value());
  }
  CHECK_EQ(co_await contents(world), "a=1");
  CHECK_EQ(co_await newest(world), before);
  const Transaction once{.then = {put("a", "2"), erase(Range{"b", ""})}, .otherwise = {put("a", "3")}};
  CHECK(check(once, Limits()).has_value());
  CHECK_EQ((co_await world.store->commit(once)).revision, before + 1);
}

inline Task<void> every_durability_is_seen_at_once(StoreWorld& world) {
  for (Durability durability : {Durability::durable, Durability::relaxed, Durability::memory}) {
    Revision at = co_await write(*world.store, "a", "new", durability);
    std::optional<Entry> entry = co_await world.store->find("a");
    CHECK_EQ(entry->modified(), at);
    CHECK_EQ(co_await newest(world), at);
    CHECK_EQ(co_await remove(*world.store, Range::key("a"), durability), 1);
    CHECK_FALSE((co_await world.store->find("a")).has_value());
  }
  co_await world.store->flush();
  CHECK_EQ(co_await contents(world), "");
}

inline Task<void> a_version_counts_over_durabilities(StoreWorld& world) {
  Revision first = co_await write(*world.store, "a", "1", Durability::durable);
  co_await write(*world.store, "a", "2", Durability::memory);
  Revision last = co_await write(*world.store, "a", "3", Durability::relaxed);
  CHECK_EQ((co_await world.store->find("a"))->stamp(), Stamp{first, last, 3});
  CHECK_EQ(last, first + 2);
}

inline void verify_commits(const RunProperty& run) {
  SUBCASE("revisions count the changes") { run(revisions_count_the_changes, {}); }
  SUBCASE("a transaction has one revision") { run(a_transaction_has_one_revision, {}); }
  SUBCASE("stamps tell a key's life") { run(stamps_tell_a_key_s_life, {}); }
  SUBCASE("a put answers what it wrote") { run(a_put_answers_what_it_wrote, {}); }
  SUBCASE("an erase answers what it removed") { run(an_erase_answers_what_it_removed, {}); }
  SUBCASE("a read sees the operations before it") { run(a_read_sees_the_operations_before_it, {}); }
  SUBCASE("an erase sees the operations before it") { run(an_erase_sees_the_operations_before_it, {}); }
  SUBCASE("what changes nothing takes no revision") { run(what_changes_nothing_takes_no_revision, {}); }
  SUBCASE("a key is written once in a transaction") { run(a_key_is_written_once_in_a_transaction, {}); }
  SUBCASE("every durability is seen at once") { run(every_durability_is_seen_at_once, {}); }
  SUBCASE("a version counts over durabilities") { run(a_version_counts_over_durabilities, {}); }
}

}  // namespace podo::store
