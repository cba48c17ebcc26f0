// Properties of Store: long random histories answer as the model does.
#pragma once

#include <algorithm>

#include "base/store/testsuite/model.h"
#include "base/store/testsuite/store_world.h"
#include "base/store/testsuite/workload.h"

namespace podo::store {

inline Result<void> no_difference(std::string difference) {
  if (!difference.empty()) return internal("{}", difference);
  return {};
}

inline Task<void> every_answer_is_the_model_s(StoreWorld& world) {
  Model model;
  Workload workload(4711);
  for (int i = 0; i < 2000; ++i) {
    Transaction transaction = workload.next();
    Outcome expected = model.apply(transaction, model.revision() + 1);
    Outcome outcome = co_await world.store->commit(std::move(transaction));
    co_await no_difference(difference(expected, outcome));
  }
}

// Ranges, counts and finds of `rounds` random places and revisions.
inline Task<void> compare_reads(StoreWorld& world, const Model& model, Random& random, std::uint64_t keys,
                                int rounds) {
  Status status = co_await world.store->status();
  for (int i = 0; i < rounds; ++i) {
    Revision at = status.oldest + random.below(status.revision - status.oldest + 1);
    Range range{text("{}", random.below(keys)), text("{}", random.below(keys))};
    std::size_t limit = random.below(2) * random.below(100);
    Page expected = model.range(range, limit, at), page = co_await world.store->range(range, limit, at);
    co_await no_difference(difference(expected.entries, page.entries));
    CHECK_EQ(page.more, expected.more);
    CHECK_EQ(co_await world.store->count(range, at), model.range(range, 0, at).entries.size());
    std::optional<Entry> wanted = model.find(range.from, at),
                         found = co_await world.store->find(range.from, at);
    CHECK_EQ(found.has_value(), wanted.has_value());
    if (found && wanted) CHECK(same(*found, *wanted));
  }
}

// 10,000 keys in a random order, then random changes among them; whole at the end, and at random places of
// its past.
inline Task<void> ten_thousand_keys_are_a_map(StoreWorld& world) {
  constexpr std::uint64_t keys = 10'000;
  Model model;
  SeededRandom random(42);
  Durability durability = Durability::relaxed;
  for (std::uint64_t i = 0; i < keys + 3000;) {
    Transaction transaction{.durability = durability};
    for (std::uint64_t end = std::min(i + 1 + random.below(40), keys + 3000); i < end; ++i) {
      std::uint64_t key = i < keys ? i * 7919 % keys : random.below(keys);  // 7919 is prime: each key once
      bool removes = i >= keys && random.below(3) == 0;
      Operation operation =
          removes ? erase(Range::key(text("{}", key))) : put(text("{}", key), text("value {}", i));
      transaction.then.push_back(std::move(operation));
    }
    if (!check(transaction, Limits())) continue;
    Outcome expected = model.apply(transaction, model.revision() + 1);
    co_await no_difference(difference(expected, co_await world.store->commit(std::move(transaction))));
  }
  Page all = co_await world.store->range(Range::prefix(""));
  CHECK_EQ(difference(model.range(Range::prefix("")).entries, all.entries), "");
  Status status = co_await world.store->status();
  CHECK_EQ(status.entries, all.entries.size());
  std::uint64_t bytes = 0;
  for (const Entry& entry : all.entries) bytes += entry.size();
  CHECK_EQ(status.bytes, bytes);
  co_await compare_reads(world, model, random, keys, 100);
}

inline Task<void> a_past_compacted_here_and_there_is_the_model_s(StoreWorld& world) {
  Model model;
  SeededRandom random(99);
  for (int i = 0; i < 1500; ++i) {
    std::string key = text("{}", random.below(30));
    Transaction transaction{.then = {random.below(4) == 0 ? erase(Range::key(key)) : put(key, text("{}", i))},
                            .durability = Durability::relaxed};
    Outcome expected = model.apply(transaction, model.revision() + 1);
    co_await no_difference(difference(expected, co_await world.store->commit(std::move(transaction))));
    if (random.below(100) != 0) continue;
    co_await compare_reads(world, model, random, 30, 20);
    Status status = co_await world.store->status();
    co_await world.store->compact(status.oldest + random.below(status.revision - status.oldest + 1));
    co_await compare_reads(world, model, random, 30, 20);
  }
}

inline Task<void> a_watch_tells_the_model_s_changes(StoreWorld& world) {
  Model model;
  Workload workload(7);
  for (int i = 0; i < 1000; ++i) {
    Transaction transaction = workload.next();
    model.apply(transaction, model.revision() + 1);
    co_await world.store->commit(std::move(transaction));
  }
  for (const Range& range : {Range::prefix(""), Range::prefix("memory/"), Range{"keys/2", "keys/7"}}) {
    Revision from = (co_await world.store->status()).oldest + 1;
    auto watch = co_await world.store->watch(range, from);
    std::vector<Event> expected = model.events(range, from);
    std::vector<Event> events = co_await events_through(*watch, model.revision());
    std::stable_sort(events.begin(), events.end(), [](const Event& left, const Event& right) {
      return std::pair(left.entry.modified(), left.entry.key()) <
             std::pair(right.entry.modified(), right.entry.key());
    });
    co_await must(events.size() == expected.size(), "as many events as changes");
    for (std::size_t i = 0; i < events.size(); ++i) {
      CHECK(same(events[i].entry, expected[i].entry));
      CHECK_EQ(static_cast<bool>(events[i].previous), static_cast<bool>(expected[i].previous));
      if (events[i].previous && expected[i].previous) CHECK(same(events[i].previous, expected[i].previous));
    }
  }
}

inline void verify_models(const RunProperty& run) {
  SUBCASE("every answer is the model's") { run(every_answer_is_the_model_s, {}); }
  SUBCASE("ten thousand keys are a map") { run(ten_thousand_keys_are_a_map, {}); }
  SUBCASE("a past compacted here and there is the model's") {
    run(a_past_compacted_here_and_there_is_the_model_s, {});
  }
  SUBCASE("a watch tells the model's changes") { run(a_watch_tells_the_model_s_changes, {}); }
}

}  // namespace podo::store
