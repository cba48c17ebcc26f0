// Properties of Store: reads at older revisions, and what compact() leaves of them.
#pragma once

#include "base/store/testsuite/store_world.h"

namespace podo::store {

inline Task<void> older_revisions_read_as_they_were(StoreWorld& world) {
  Revision one = co_await write(*world.store, "a", "1");
  Revision two = co_await write(*world.store, "b", "2");
  Revision three = (co_await commit(world, {put("a", "3"), erase(Range::key("b")), put("c", "3")})).revision;
  co_await remove(*world.store, Range::prefix(""));
  CHECK_EQ(co_await contents(world, one), "a=1");
  CHECK_EQ(co_await contents(world, two), "a=1 b=2");
  CHECK_EQ(co_await contents(world, three), "a=3 c=3");
  CHECK_EQ(co_await contents(world), "");
  CHECK_EQ(co_await value_of(world, "b", two), "2");
  CHECK_EQ(co_await value_of(world, "b", three), "none");
  CHECK_EQ(co_await world.store->count(Range::prefix(""), three), 2);
}

inline Task<void> an_older_page_is_cut_by_what_was_there(StoreWorld& world) {
  Revision then = (co_await commit(world, {put("b", "1"), put("d", "1")})).revision;
  co_await commit(world, {put("a", "2"), put("c", "2"), erase(Range::key("d"))});
  Page one = co_await world.store->range(Range::prefix(""), 1, then);
  CHECK_EQ(keys_of(one), "b");
  CHECK(one.more);
  Page two = co_await world.store->range(Range::prefix(""), 2, then);
  CHECK_EQ(keys_of(two), "b d");
  CHECK_FALSE(two.more);
}

inline Task<void> a_key_made_again_begins_anew(StoreWorld& world) {
  Revision first = co_await write(*world.store, "a", "1");
  Revision second = co_await write(*world.store, "a", "2");
  co_await remove(*world.store, Range::key("a"));
  Revision again = co_await write(*world.store, "a", "3");
  CHECK_EQ((co_await world.store->find("a"))->stamp(), Stamp{again, again, 1});
  CHECK_EQ((co_await world.store->find("a", second))->stamp(), Stamp{first, second, 2});
  CHECK_FALSE((co_await world.store->find("a", again - 1)).has_value());
}

inline Task<void> revisions_between_belong_to_the_one_below(StoreWorld& world) {
  Revision one = co_await write(*world.store, "a", "1");
  for (int i = 0; i < 10; ++i) co_await write(*world.store, "other", "x");
  Revision two = co_await write(*world.store, "a", "2");
  for (Revision at = one; at < two; ++at) CHECK_EQ(co_await value_of(world, "a", at), "1");
  CHECK_EQ(co_await value_of(world, "a", one - 1), "none");
}

inline Task<void> the_future_is_invalid(StoreWorld& world) {
  Revision future = co_await write(*world.store, "a", "1") + 1;
  CHECK_EQ(co_await verdict(world.store->find("a", future)), "invalid");
  CHECK_EQ(co_await verdict(world.store->range(Range::prefix(""), 0, future)), "invalid");
  CHECK_EQ(co_await verdict(world.store->count(Range::prefix(""), future)), "invalid");
  CHECK_EQ(co_await verdict(world.store->compact(future)), "invalid");
  CHECK_EQ(co_await verdict(world.store->find("a", UINT64_MAX)), "invalid");
}

inline Task<void> compaction_drops_what_is_older(StoreWorld& world) {
  Revision one = co_await write(*world.store, "a", "1");
  Revision two = co_await write(*world.store, "a", "2");
  Revision three = co_await write(*world.store, "a", "3");
  co_await world.store->compact(two);
  CHECK_EQ((co_await world.store->status()).oldest, two);
  CHECK_EQ(co_await value_of(world, "a", two), "2");
  CHECK_EQ(co_await value_of(world, "a", three), "3");
  Result<std::optional<Entry>> gone = co_await world.store->find("a", one).result();
  co_await must(!gone, "what is compacted is not answered");
  CHECK_EQ(gone.error().kind(), ErrorKind::not_found);
  CHECK_NE(gone.error().message().find(text("{}", two)), std::string::npos);  // names the oldest there is
  CHECK_EQ(co_await verdict(world.store->range(Range::prefix(""), 0, one)), "not found");
  CHECK_EQ(co_await verdict(world.store->count(Range::prefix(""), one)), "not found");
}

inline Task<void> compaction_keeps_the_present(StoreWorld& world) {
  co_await commit(world, {put("old", "1"), put("new", "1"), put("gone", "1")});
  co_await commit(world, {put("new", "2"), erase(Range::key("gone"))});
  Revision now = co_await newest(world);
  co_await world.store->compact(now);
  CHECK_EQ(co_await contents(world), "new=2 old=1");
  CHECK_EQ(co_await contents(world, now), "new=2 old=1");
  CHECK_EQ((co_await world.store->find("new"))->version(), 2);
  co_await write(*world.store, "gone", "3");
  CHECK_EQ((co_await world.store->find("gone"))->version(), 1);
  CHECK_EQ(co_await newest(world), now + 1);  // compaction is no change
}

inline Task<void> compaction_gives_the_past_back(StoreWorld& world) {
  for (int i = 0; i < 100; ++i) co_await write(*world.store, "a", std::string(1000, 'v'));
  std::uint64_t before = (co_await world.store->status()).history_bytes;
  CHECK_GE(before, 99'000);
  co_await world.store->compact(co_await newest(world));
  CHECK_EQ((co_await world.store->status()).history_bytes, 0);
}

inline void verify_history(const RunProperty& run) {
  SUBCASE("older revisions read as they were") { run(older_revisions_read_as_they_were, {}); }
  SUBCASE("an older page is cut by what was there") { run(an_older_page_is_cut_by_what_was_there, {}); }
  SUBCASE("a key made again begins anew") { run(a_key_made_again_begins_anew, {}); }
  SUBCASE("revisions between two belong to the one below") {
    run(revisions_between_belong_to_the_one_below, {});
  }
  SUBCASE("the future is invalid") { run(the_future_is_invalid, {}); }
  SUBCASE("compaction drops what is older") { run(compaction_drops_what_is_older, {}); }
  SUBCASE("compaction keeps the present") { run(compaction_keeps_the_present, {}); }
  SUBCASE("compaction gives the past back") { run(compaction_gives_the_past_back, {}); }
}

}  // namespace podo::store
