// Properties of Store: what find, range and count answer about now.
#pragma once

#include "base/store/testsuite/store_world.h"

namespace podo::store {

inline Task<void> a_new_store_is_empty(StoreWorld& world) {
  Status status = co_await world.store->status();
  CHECK_EQ(status.revision, 1);
  CHECK_LE(status.oldest, 1);
  CHECK_EQ(status.entries, 0);
  CHECK_EQ(status.bytes, 0);
  CHECK_EQ(status.history_bytes, 0);
  CHECK_EQ(co_await contents(world), "");
  CHECK_EQ(co_await contents(world, 1), "");
}

inline Task<void> what_was_written_is_found(StoreWorld& world) {
  co_await write(*world.store, "pods/a", "first");
  std::optional<Entry> entry = co_await world.store->find("pods/a");
  co_await must(entry.has_value(), "what was written is found");
  CHECK_EQ(entry->key(), "pods/a");
  CHECK_EQ(entry->value(), "first");
  CHECK_FALSE(entry->erased());
  for (const char* beside : {"pods/", "pods/b", "pods/a/", "pods"})
    CHECK_FALSE((co_await world.store->find(beside)).has_value());
}

inline Task<void> an_erased_key_is_absent(StoreWorld& world) {
  co_await write(*world.store, "a", "1");
  CHECK_EQ(co_await remove(*world.store, Range::key("a")), 1);
  CHECK_FALSE((co_await world.store->find("a")).has_value());
  CHECK_EQ(co_await contents(world), "");
  CHECK_EQ(co_await world.store->count(Range::prefix("")), 0);
}

inline Task<void> keys_are_ordered_as_unsigned_bytes(StoreWorld& world) {
  const std::vector<std::string> sorted = {std::string(1, '\0'),
                                           std::string(2, '\0'),
                                           "\x01",
                                           "A",
                                           std::string("A\0", 2),
                                           "AA",
                                           "a",
                                           "\x7f",
                                           "\x80",
                                           "\xc3\xa9",
                                           "\xff",
                                           std::string("\xff\0", 2),
                                           "\xff\xff"};
  for (std::size_t i = 0; i < sorted.size(); ++i)  // 5 and 13 have no common divisor: each once, mixed
    co_await write(*world.store, sorted[i * 5 % sorted.size()], "x");
  Page page = co_await world.store->range(Range::prefix(""));
  co_await must(page.entries.size() == sorted.size(), "every key is there");
  for (std::size_t i = 0; i < sorted.size(); ++i) CHECK_EQ(page.entries[i].key(), sorted[i]);
}

inline Task<void> letters(StoreWorld& world) {
  co_await commit(world, {put("a", "1"), put("b", "2"), put("ba", "3"), put("bb", "4"), put("c", "5")});
}

inline Task<void> a_range_has_its_beginning_and_not_its_end(StoreWorld& world) {
  co_await letters(world);
  CHECK_EQ(keys_of(co_await world.store->range({"b", "bb"})), "b ba");
  CHECK_EQ(keys_of(co_await world.store->range({"aa", "c"})), "b ba bb");
  CHECK_EQ(keys_of(co_await world.store->range({"", "b"})), "a");
  CHECK_EQ(keys_of(co_await world.store->range(Range::key("b"))), "b");
  CHECK_EQ(shown(co_await world.store->range({"a", "ba"})), "a=1 b=2");
}

inline Task<void> an_empty_end_is_no_end(StoreWorld& world) {
  co_await letters(world);
  co_await write(*world.store, "\xff\xff\xff", "last");
  CHECK_EQ(keys_of(co_await world.store->range({"bb", ""})), "bb c \xff\xff\xff");
  CHECK_EQ(co_await world.store->count({"", ""}), 6);
}

inline Task<void> a_range_without_keys_is_empty(StoreWorld& world) {
  co_await letters(world);
  for (const Range& range : {Range{"c", "b"}, Range{"b", "b"}, Range{"d", ""}, Range{"aa", "ab"}}) {
    Page page = co_await world.store->range(range);
    CHECK(page.entries.empty());
    CHECK_FALSE(page.more);
    CHECK_EQ(co_await world.store->count(range), 0);
  }
}

inline Task<void> prefixes_end_where_they_should(StoreWorld& world) {
  co_await letters(world);
  co_await commit(world, {put("a\xff", "1"), put("a\xff\xff", "2"), put("\xff", "3"), put("\xff\xff!", "4")});
  CHECK_EQ(keys_of(co_await world.store->range(Range::prefix("b"))), "b ba bb");
  CHECK_EQ(keys_of(co_await world.store->range(Range::prefix("a\xff"))), "a\xff a\xff\xff");
  CHECK_EQ(keys_of(co_await world.store->range(Range::prefix("a\xff\xff"))), "a\xff\xff");
  CHECK_EQ(keys_of(co_await world.store->range(Range::prefix("\xff"))), "\xff \xff\xff!");
  CHECK_EQ(keys_of(co_await world.store->range(Range::prefix("\xff\xff"))), "\xff\xff!");
  CHECK_EQ(co_await world.store->count(Range::prefix("")), 9);
}

inline Task<void> a_limit_cuts_and_says_so(StoreWorld& world) {
  co_await letters(world);
  Page two = co_await world.store->range(Range::prefix(""), 2);
  CHECK_EQ(keys_of(two), "a b");
  CHECK(two.more);
  for (std::size_t limit : {0, 5, 6}) {
    Page all = co_await world.store->range(Range::prefix(""), limit);
    CHECK_EQ(keys_of(all), "a b ba bb c");
    CHECK_FALSE(all.more);
  }
  Page inside = co_await world.store->range(Range::prefix("b"), 3);  // what follows is not of the range
  CHECK_EQ(keys_of(inside), "b ba bb");
  CHECK_FALSE(inside.more);
}

inline Task<void> pages_join_without_a_seam(StoreWorld& world) {
  co_await letters(world);
  Range rest = Range::prefix("");
  std::string joined;
  for (bool more = true; more; rest.from = Range::key(rest.from).to) {  // from behind the last one
    Page page = co_await world.store->range(rest, 2);
    more = page.more;
    joined += text("[{}]", keys_of(page));
    rest.from = std::string(page.entries.back().key());
  }
  CHECK_EQ(joined, "[a b][ba bb][c]");
}

inline Task<void> a_count_is_of_the_range(StoreWorld& world) {
  co_await letters(world);
  CHECK_EQ(co_await world.store->count(Range::prefix("b")), 3);
  CHECK_EQ(co_await world.store->count({"ba", ""}), 3);
  CHECK_EQ(co_await world.store->count(Range::key("x")), 0);
}

inline Task<void> a_page_names_the_revision_it_was_read_at(StoreWorld& world) {
  co_await letters(world);
  Revision before = co_await newest(world);
  Revision after = co_await write(*world.store, "d", "6");
  CHECK_EQ((co_await world.store->range(Range::key("a"))).revision, after);
  CHECK_EQ((co_await world.store->range(Range::key("a"), 0, before)).revision, after);
}

inline Task<void> values_are_any_bytes(StoreWorld& world) {
  std::string all_bytes, large(3 << 20, 'v');
  for (int byte = 0; byte < 256; ++byte) all_bytes += static_cast<char>(byte);
  for (std::size_t i = 0; i < large.size(); i += 4093) large[i] = static_cast<char>(i);
  for (const std::string& value : {std::string(), all_bytes, large}) {
    co_await write(*world.store, "key", value);
    CHECK((co_await value_of(world, "key")) == value);
  }
  co_await write(*world.store, all_bytes, "a key is bytes, too");
  CHECK_EQ(co_await value_of(world, all_bytes), "a key is bytes, too");
}

inline Task<void> an_entry_stays_as_it_was_read(StoreWorld& world) {
  Revision first = co_await write(*world.store, "a", "first");
  std::optional<Entry> held = co_await world.store->find("a");
  Page page = co_await world.store->range(Range::prefix(""));
  co_await write(*world.store, "a", "second");
  co_await remove(*world.store, Range::key("a"));
  co_await world.store->compact(co_await newest(world));
  CHECK_EQ(held->value(), "first");
  CHECK_EQ(held->stamp(), Stamp{.created = first, .modified = first, .version = 1});
  CHECK_EQ(shown(page), "a=first");
}

inline Task<void> status_counts_keys_and_bytes(StoreWorld& world) {
  co_await write(*world.store, "abc", "12345");
  co_await write(*world.store, "abd", "1");
  Status status = co_await world.store->status();
  CHECK_EQ(status.entries, 2);
  CHECK_EQ(status.bytes, 12);
  co_await write(*world.store, "abc", "");
  CHECK_EQ((co_await world.store->status()).bytes, 7);
  co_await remove(*world.store, Range::key("abd"));
  status = co_await world.store->status();
  CHECK_EQ(status.entries, 1);
  CHECK_EQ(status.bytes, 3);
}

inline void verify_reads(const RunProperty& run) {
  SUBCASE("a new store is empty, at revision 1") { run(a_new_store_is_empty, {}); }
  SUBCASE("what was written is found") { run(what_was_written_is_found, {}); }
  SUBCASE("an erased key is absent") { run(an_erased_key_is_absent, {}); }
  SUBCASE("keys are ordered as unsigned bytes") { run(keys_are_ordered_as_unsigned_bytes, {}); }
  SUBCASE("a range has its beginning and not its end") { run(a_range_has_its_beginning_and_not_its_end, {}); }
  SUBCASE("an empty end is no end") { run(an_empty_end_is_no_end, {}); }
  SUBCASE("a range without keys is empty") { run(a_range_without_keys_is_empty, {}); }
  SUBCASE("prefixes end where they should") { run(prefixes_end_where_they_should, {}); }
  SUBCASE("a limit cuts, and says so") { run(a_limit_cuts_and_says_so, {}); }
  SUBCASE("pages join without a seam") { run(pages_join_without_a_seam, {}); }
  SUBCASE("a count is of the range") { run(a_count_is_of_the_range, {}); }
  SUBCASE("a page names the revision it was read at") { run(a_page_names_the_revision_it_was_read_at, {}); }
  SUBCASE("values are any bytes") { run(values_are_any_bytes, {}); }
  SUBCASE("an entry stays as it was read") { run(an_entry_stays_as_it_was_read, {}); }
  SUBCASE("status counts keys and bytes") { run(status_counts_keys_and_bytes, {}); }
}

}  // namespace podo::store
