// Properties of Store: leases, and the keys that end with them.
#pragma once

#include "base/store/testsuite/store_world.h"

namespace podo::store {

inline std::string joined(const std::vector<std::string>& keys) {
  std::string out;
  for (const std::string& key : keys) out += (out.empty() ? "" : " ") + key;
  return out;
}

inline Task<std::string> leased_keys(StoreWorld& world, LeaseId id) {
  co_return joined((co_await world.store->lease(id)).keys);
}

inline Task<void> a_lease_tells_its_time_and_its_keys(StoreWorld& world) {
  LeaseId id = co_await world.store->grant(seconds(100));
  CHECK_NE(id, 0);
  CHECK_NE(co_await world.store->grant(seconds(100)), id);
  co_await commit(world, {put("c", "1", id), put("a", "1", id), put("b", "1")});
  co_await io::sleep(milliseconds(2));
  Lease lease = co_await world.store->lease(id);
  CHECK_EQ(lease.id, id);
  CHECK_EQ(lease.time_to_live, seconds(100));
  CHECK_LE(lease.remaining, seconds(100) - milliseconds(2));
  CHECK_GT(lease.remaining, seconds(50));
  CHECK_EQ(joined(lease.keys), "a c");
  CHECK_EQ((co_await world.store->find("a"))->lease(), id);
  CHECK_EQ((co_await world.store->find("b"))->lease(), 0);
}

inline Task<void> a_lease_id_is_taken_once(StoreWorld& world) {
  CHECK_EQ(co_await world.store->grant(seconds(100), 4711), 4711);
  CHECK_EQ(co_await verdict(world.store->grant(seconds(100), 4711)), "already exists");
  co_await world.store->revoke(4711);
  CHECK_EQ(co_await world.store->grant(seconds(100), 4711), 4711);
}

inline Task<void> an_unknown_lease_is_not_found(StoreWorld& world) {
  CHECK_EQ(co_await verdict(world.store->lease(12)), "not found");
  CHECK_EQ(co_await verdict(world.store->keep_alive(12)), "not found");
  CHECK_EQ(co_await verdict(world.store->revoke(12)), "not found");
  CHECK_EQ(co_await verdict(commit(world, {put("a", "1"), put("b", "1", 12)})), "not found");
  CHECK_EQ(co_await contents(world), "");
  CHECK_EQ(co_await newest(world), 1);
}

// The disk under a store may be slow: a lease lives longer than what is done under it takes.
inline Task<void> an_ended_lease_takes_its_keys_at_once(StoreWorld& world) {
  Clock& clock = (co_await io::this_loop()).clock();
  co_await write(*world.store, "b", "1");
  auto watch = co_await world.store->watch(Range::prefix(""));
  Monotonic granted = clock.now();
  LeaseId id = co_await world.store->grant(milliseconds(500));
  co_await commit(world, {put("a", "1", id), put("c", "1", id)});
  Revision before = (co_await commit(world, {put("d", "2", id)})).revision;
  co_await events_through(*watch, before);
  Events news = co_await watch->next();
  CHECK_GE(clock.now() - granted, milliseconds(500));  // never too early
  CHECK_EQ(told(news.events), "a gone c gone d gone");
  for (const Event& event : news.events) CHECK_EQ(event.entry.modified(), before + 1);
  CHECK_EQ(co_await contents(world), "b=1");
  CHECK_EQ(co_await verdict(world.store->lease(id)), "not found");
  CHECK_EQ(co_await verdict(world.store->keep_alive(id)), "not found");
}

inline Task<void> leases_end_in_the_order_of_their_times(StoreWorld& world) {
  auto watch = co_await world.store->watch(Range::prefix(""));
  for (int ms : {750, 250, 500})
    co_await commit(world, {put(text("{} ms", ms), "", co_await world.store->grant(milliseconds(ms)))});
  co_await events_through(*watch, co_await newest(world));
  for (const char* next : {"250 ms gone", "500 ms gone", "750 ms gone"})
    CHECK_EQ(told((co_await watch->next()).events), next);
}

inline Task<void> no_lease_ends_early(StoreWorld& world) {
  Clock& clock = (co_await io::this_loop()).clock();
  auto watch = co_await world.store->watch(Range::prefix(""));
  std::vector<Monotonic> ends;
  for (std::size_t i = 0; i < 20; ++i) {
    Duration time_to_live = milliseconds(300 + static_cast<std::int64_t>(i * 7 % 20));
    ends.push_back(clock.now() + time_to_live);
    LeaseId id = co_await world.store->grant(time_to_live);
    co_await commit(world, {put(std::string(1, static_cast<char>('a' + i)), "", id)});
  }
  for (std::size_t gone = 0; gone < ends.size();)
    for (const Event& event : (co_await watch->next()).events) {
      if (!event.entry.erased()) continue;
      CHECK_GE(clock.now(), ends[static_cast<std::size_t>(event.entry.key()[0] - 'a')]);
      ++gone;
    }
}

inline Task<void> a_lease_without_keys_ends_silently(StoreWorld& world) {
  LeaseId id = co_await world.store->grant(milliseconds(20));
  Revision before = co_await newest(world);
  while (co_await verdict(world.store->lease(id)) == "ok") co_await io::sleep(milliseconds(5));
  CHECK_EQ(co_await verdict(world.store->lease(id)), "not found");
  CHECK_EQ(co_await newest(world), before);
}

inline Task<void> a_lease_kept_alive_does_not_end(StoreWorld& world) {
  LeaseId kept = co_await world.store->grant(milliseconds(600));
  LeaseId left = co_await world.store->grant(milliseconds(600));
  co_await commit(world, {put("kept", "1", kept), put("left", "1", left)});
  for (int i = 0; i < 10; ++i) {
    co_await io::sleep(milliseconds(100));
    Lease lease = co_await world.store->keep_alive(kept);
    CHECK_EQ(lease.time_to_live, milliseconds(600));
    CHECK_GT(lease.remaining, milliseconds(300));
  }
  CHECK_EQ(co_await contents(world), "kept=1");
  while (co_await contents(world) != "") co_await io::sleep(milliseconds(20));
}

inline Task<void> a_revoked_lease_takes_its_keys_at_once(StoreWorld& world) {
  LeaseId id = co_await world.store->grant(seconds(100));
  Outcome outcome = co_await commit(world, {put("a", "1", id), put("b", "1"), put("c", "1", id)});
  auto watch = co_await world.store->watch(Range::prefix(""));
  co_await world.store->revoke(id);
  CHECK_EQ(co_await contents(world), "b=1");
  CHECK_EQ(co_await newest(world), outcome.revision + 1);
  CHECK_EQ(told((co_await watch->next()).events), "a gone c gone");
  CHECK_EQ(co_await verdict(world.store->lease(id)), "not found");
}

inline Task<void> the_last_put_says_whose_a_key_is(StoreWorld& world) {
  LeaseId one = co_await world.store->grant(seconds(100));
  LeaseId two = co_await world.store->grant(seconds(100));
  co_await commit(world, {put("a", "1", one), put("b", "1", one), put("c", "1", one), put("d", "1", one)});
  co_await commit(world, {put("a", "2", two), put("b", "2"), erase(Range::key("c"))});
  CHECK_EQ(co_await leased_keys(world, one), "d");
  CHECK_EQ(co_await leased_keys(world, two), "a");
  co_await write(*world.store, "c", "3");  // made again, and nobody's
  co_await world.store->revoke(one);
  CHECK_EQ(co_await contents(world), "a=2 b=2 c=3");
  co_await commit(world, {put("a", "4", two)});  // again the same lease
  CHECK_EQ(co_await leased_keys(world, two), "a");
  co_await world.store->revoke(two);
  CHECK_EQ(co_await contents(world), "b=2 c=3");
}

inline Task<void> a_refused_put_leaves_its_lease_alone(StoreWorld& world) {
  LeaseId id = co_await world.store->grant(seconds(100));
  co_await commit(world, {put("a", "1", id)});
  Transaction unmet{.conditions = {absent("a")}, .then = {put("a", "2"), put("b", "2", id)}};
  CHECK_FALSE((co_await world.store->commit(std::move(unmet))).met);
  CHECK_EQ(co_await verdict(commit(world, {put("a", "3"), put("a", "4")})), "invalid");
  CHECK_EQ(co_await leased_keys(world, id), "a");
}

inline Task<void> history_remembers_the_lease(StoreWorld& world) {
  LeaseId id = co_await world.store->grant(seconds(100));
  Revision at = (co_await commit(world, {put("a", "1", id)})).revision;
  co_await world.store->revoke(id);
  CHECK_EQ((co_await world.store->find("a", at))->stamp(), Stamp{at, at, 1, id});
  CHECK_FALSE((co_await world.store->find("a")).has_value());
}

inline Task<void> own_a_key(Store& store, int number) {
  LeaseId id = co_await store.grant(milliseconds(4000 + number % 20));
  co_await store.commit({.then = {put(text("{}", number), "", id)}});
  if (number % 3 == 0) co_await store.revoke(id);
}

inline Task<void> a_thousand_leases_end(StoreWorld& world) {
  io::TaskGroup owners(co_await io::this_loop());
  for (int i = 0; i < 1000; ++i) owners.spawn(own_a_key(*world.store, i));
  co_await owners.join();
  CHECK_EQ(co_await world.store->count(Range::prefix("")), 666);
  while (co_await world.store->count(Range::prefix("")) > 0) co_await io::sleep(milliseconds(20));
}

inline void verify_leases(const RunProperty& run) {
  SUBCASE("a lease tells its time and its keys") { run(a_lease_tells_its_time_and_its_keys, {}); }
  SUBCASE("a lease id is taken once") { run(a_lease_id_is_taken_once, {}); }
  SUBCASE("an unknown lease is not found") { run(an_unknown_lease_is_not_found, {}); }
  SUBCASE("an ended lease takes its keys at once") { run(an_ended_lease_takes_its_keys_at_once, {}); }
  SUBCASE("leases end in the order of their times") { run(leases_end_in_the_order_of_their_times, {}); }
  SUBCASE("no lease ends early") { run(no_lease_ends_early, {}); }
  SUBCASE("a lease without keys ends silently") { run(a_lease_without_keys_ends_silently, {}); }
  SUBCASE("a lease kept alive does not end") { run(a_lease_kept_alive_does_not_end, {}); }
  SUBCASE("a revoked lease takes its keys at once") { run(a_revoked_lease_takes_its_keys_at_once, {}); }
  SUBCASE("the last put says whose a key is") { run(the_last_put_says_whose_a_key_is, {}); }
  SUBCASE("a refused put leaves its lease alone") { run(a_refused_put_leaves_its_lease_alone, {}); }
  SUBCASE("history remembers the lease") { run(history_remembers_the_lease, {}); }
  SUBCASE("a thousand leases end") { run(a_thousand_leases_end, {}); }
}

}  // namespace podo::store
