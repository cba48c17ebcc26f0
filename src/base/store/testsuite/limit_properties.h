// Properties of Store: what is too large, and a store that is full.
#pragma once

#include "base/store/testsuite/store_world.h"

namespace podo::store {

inline constexpr Limits small_limits = {.key_bytes = 64,
                                        .value_bytes = 1024,
                                        .transaction_bytes = 4096,
                                        .operations = 16,
                                        .store_bytes = 64 << 10};

// commit() and check() agree.
inline Task<std::string> judged(StoreWorld& world, Transaction transaction) {
  Result<void> checked = check(transaction, small_limits);
  std::string alone(checked ? "ok" : name_of(checked.error().kind()));
  std::string committed = co_await verdict(world.store->commit(std::move(transaction)));
  co_return alone == committed ? committed : text("{} by check(), {} by commit()", alone, committed);
}

inline Task<void> keys_have_a_size(StoreWorld& world) {
  const std::string longest(64, 'k'), longer(65, 'k');
  CHECK_EQ(co_await judged(world, {.then = {put(longest, "1")}}), "ok");
  CHECK_EQ(co_await judged(world, {.then = {put("a", "1"), put(longer, "1")}}), "invalid");
  CHECK_EQ(co_await judged(world, {.then = {put("a", "1"), put("", "1")}}), "invalid");
  CHECK_EQ(co_await judged(world, {.then = {put("a", "1")}, .otherwise = {put("", "1")}}), "invalid");
  CHECK_EQ(co_await judged(world, {.conditions = {absent("")}, .then = {put("a", "1")}}), "invalid");
  CHECK_EQ(co_await judged(world, {.conditions = {absent(longer)}, .then = {put("a", "1")}}), "invalid");
  CHECK_EQ(keys_of(co_await world.store->range(Range::prefix(""))), longest);
}

inline Task<void> an_empty_name_is_no_key(StoreWorld& world) {
  CHECK_EQ(co_await verdict(world.store->range(Range::prefix(""))), "ok");
  CHECK_EQ(co_await judged(world, {.then = {read(Range::prefix("")), erase(Range::prefix(""))}}), "ok");
}

inline Task<void> values_have_a_size(StoreWorld& world) {
  CHECK_EQ(co_await judged(world, {.then = {put("a", std::string(1024, 'v'))}}), "ok");
  CHECK_EQ(co_await judged(world, {.then = {put("b", "1"), put("a", std::string(1025, 'v'))}}), "invalid");
  CHECK_EQ((co_await value_of(world, "a")).size(), 1024);
  CHECK_EQ(co_await value_of(world, "b"), "none");
}

inline std::vector<Operation> puts(std::size_t count, std::size_t value_bytes) {
  std::vector<Operation> operations;
  for (std::size_t i = 0; i < count; ++i)
    operations.push_back(put(text("{}", i + 10), std::string(value_bytes, 'v')));
  return operations;
}

inline Task<void> transactions_have_a_size(StoreWorld& world) {
  CHECK_EQ(co_await judged(world, {.then = puts(4, 1022)}), "ok");  // 4 x (2 + 1022) bytes
  CHECK_EQ(co_await judged(world, {.conditions = {absent("x")}, .then = puts(4, 1022)}), "invalid");
  std::vector<Operation> one_more = puts(4, 1022);
  one_more[0].value += "v";
  CHECK_EQ(co_await judged(world, {.then = one_more}), "invalid");
  CHECK_EQ(co_await judged(world, {.conditions = {absent("x")}, .otherwise = one_more}), "invalid");
  CHECK_EQ(co_await world.store->count(Range::prefix("")), 4);
}

inline Task<void> transactions_have_so_many_operations(StoreWorld& world) {
  CHECK_EQ(co_await judged(world, {.then = puts(16, 1), .otherwise = puts(16, 1)}), "ok");
  CHECK_EQ(co_await judged(world, {.then = puts(17, 1)}), "invalid");
  CHECK_EQ(co_await judged(world, {.otherwise = puts(17, 1)}), "invalid");
  std::vector<Condition> conditions(16, present("10"));
  CHECK_EQ(co_await judged(world, {.conditions = conditions}), "ok");
  conditions.push_back(present("10"));
  CHECK_EQ(co_await judged(world, {.conditions = conditions}), "invalid");
}

// The keys it names count, however short the range is to write.
inline Task<void> an_erasure_has_a_size(StoreWorld& world) {
  const std::string long_name(50, 'k');
  for (int i = 0; i < 100; ++i) co_await write(*world.store, text("{}{}", long_name, 100 + i), "");
  CHECK_EQ(co_await verdict(remove(*world.store, Range::prefix("k"))), "invalid");
  CHECK_EQ(co_await world.store->count(Range::prefix("")), 100);
  for (int tens = 10; tens < 20; ++tens)
    CHECK_EQ(co_await remove(*world.store, Range::prefix(text("{}{}", long_name, tens))), 10);
}

// Fills the store with keys named `prefix`NUMBER, until it is full.
inline Task<std::string> fill(StoreWorld& world, std::string prefix) {
  for (int i = 0;; ++i) {
    std::string answer =
        co_await verdict(write(*world.store, text("{}{}", prefix, i + 1000), std::string(1000, 'v')));
    if (answer != "ok") co_return answer;
    co_await must(i < 100, "64 KiB are full some time");
  }
}

inline Task<void> a_full_store_refuses_and_stays_whole(StoreWorld& world) {
  CHECK_EQ(co_await fill(world, "key"), "exhausted");
  Status full = co_await world.store->status();
  CHECK_LE(full.bytes, 64 << 10);
  CHECK_GT(full.bytes, 62 << 10);
  std::string before = co_await contents(world);
  std::vector<Operation> both = {put("key1000", "small"), put("more", std::string(1024, 'v')),
                                 put("more still", std::string(1024, 'v'))};
  CHECK_EQ(co_await verdict(commit(world, both)), "exhausted");
  Status after = co_await world.store->status();
  CHECK((co_await contents(world)) == before);
  CHECK_EQ(after.revision, full.revision);
  CHECK_EQ(after.bytes, full.bytes);
  CHECK_EQ((co_await world.store->find("key1001"))->value().size(), 1000);
}

inline Task<void> erasing_makes_room(StoreWorld& world) {
  for (int round = 0; round < 5; ++round) {
    CHECK_EQ(co_await fill(world, text("round {} ", round)), "exhausted");
    CHECK_GE(co_await remove(*world.store, Range::prefix("")), 60);
    CHECK_EQ((co_await world.store->status()).bytes, 0);
  }
}

inline Task<void> a_full_store_takes_replacements(StoreWorld& world) {
  CHECK_EQ(co_await fill(world, "key"), "exhausted");
  for (int i = 0; i < 200; ++i)  // no more bytes than before, although the history grows
    CHECK_EQ(co_await verdict(write(*world.store, "key1000", std::string(1000, 'w'))), "ok");
  CHECK_EQ(co_await value_of(world, "key1000"), std::string(1000, 'w'));
}

inline Task<void> a_full_store_ends_its_leases(StoreWorld& world) {
  LeaseId id = co_await world.store->grant(milliseconds(300));
  co_await commit(world, {put("leased", std::string(1000, 'v'), id)});
  CHECK_EQ(co_await fill(world, "key"), "exhausted");
  while (co_await value_of(world, "leased") != "none") co_await io::sleep(milliseconds(20));
}

inline void verify_limits(const RunProperty& run) {
  SUBCASE("keys have a size") { run(keys_have_a_size, small_limits); }
  SUBCASE("an empty name is no key") { run(an_empty_name_is_no_key, small_limits); }
  SUBCASE("values have a size") { run(values_have_a_size, small_limits); }
  SUBCASE("transactions have a size") { run(transactions_have_a_size, small_limits); }
  SUBCASE("transactions have so many operations") { run(transactions_have_so_many_operations, small_limits); }
  SUBCASE("an erasure has a size") { run(an_erasure_has_a_size, small_limits); }
  SUBCASE("a full store refuses, and stays whole") {
    run(a_full_store_refuses_and_stays_whole, small_limits);
  }
  SUBCASE("erasing makes room") { run(erasing_makes_room, small_limits); }
  SUBCASE("a full store takes replacements") { run(a_full_store_takes_replacements, small_limits); }
  SUBCASE("a full store ends its leases") { run(a_full_store_ends_its_leases, small_limits); }
}

}  // namespace podo::store
