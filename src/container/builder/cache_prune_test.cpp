#include "container/builder/cache_prune.h"

#include <doctest/doctest.h>

namespace podo::builder {
namespace {

constexpr Wall at(std::int64_t seconds) { return {seconds * 1'000'000'000}; }

// a <- b <- c, used in this order; m is a mount, s belongs to an image, u is in use.
std::vector<CacheItem> some() {
  const auto item = [](std::string id, std::string parent, std::uint64_t bytes, std::int64_t used) {
    CacheItem made;
    made.id = id;
    made.parent = parent;
    made.type = "regular";
    made.description = "RUN " + id;
    made.bytes = bytes;
    made.last_used = at(used);
    return made;
  };
  std::vector<CacheItem> items = {item("a", "", 10, 100), item("b", "a", 20, 101), item("c", "b", 30, 102),
                                  item("m", "", 5, 50),   item("s", "", 7, 10),    item("u", "", 9, 20)};
  items[3].type = "exec.cachemount";
  items[4].shared = true;
  items[5].in_use = true;
  return items;
}

std::string plan(CachePrune how, std::uint64_t free_bytes = 1000) {
  const auto gone = plan_prune(some(), how, at(200), free_bytes);
  if (!gone) return gone.error().message();
  std::string ids;
  for (const std::string& id : *gone) ids += id;
  return ids;
}

std::string filtered(std::string name, std::vector<std::string> values) {
  return plan({.filters = {{std::move(name), std::move(values)}}});
}

TEST_CASE("what is used or shared stays, and what something stands on goes after it") {
  CHECK(plan({}) == "mcba");
  CHECK(plan({.all = true}) == "smcba");
}

TEST_CASE("as much may stay as was said, the least recently used goes first") {
  CHECK(plan({.max_used_bytes = 74}) == "");  // 10 + 20 + 30 + 5 + 9
  CHECK(plan({.max_used_bytes = 70}) == "m");
  CHECK(plan({.max_used_bytes = 40}) == "mc");
  CHECK(plan({.keep_bytes = 60}) == "mc");
  CHECK(plan({.keep_bytes = 60, .max_used_bytes = 10}) == "mc");
  CHECK(plan({.min_free_bytes = 1000}) == "");
  CHECK(plan({.min_free_bytes = 1001}) == "m");
  CHECK(plan({.max_used_bytes = 74, .min_free_bytes = 1030}) == "mc");
  CHECK(plan({.keep_bytes = 74, .min_free_bytes = 5000}) == "");
}

TEST_CASE("filters choose, a parent with a child that stays stays too") {
  CHECK(filtered("id", {"c"}) == "c");
  CHECK(filtered("id", {"a"}) == "");
  CHECK(filtered("parent", {"b"}) == "c");
  CHECK(filtered("type", {"exec.cachemount"}) == "m");
  CHECK(filtered("description", {"RUN c"}) == "c");
  CHECK(filtered("description~", {"RUN"}) == "mcba");
  CHECK(filtered("description", {"RUN"}) == "");
  CHECK(filtered("until", {"99s"}) == "m");  // c was used later, and the others are below it
  CHECK(filtered("until", {"98s"}) == "mcba");
}

TEST_CASE("filters that say a truth, and those that say nothing") {
  CHECK(plan({.all = true, .filters = {{"shared", {}}}}) == "s");
  CHECK(plan({.all = true, .filters = {{"private", {"1"}}}}) == "mcba");
  CHECK(filtered("inuse", {"true"}) == "");
  CHECK(filtered("inuse", {"false"}) == "mcba");
  CHECK(filtered("color", {"red"}) == "invalid filter 'color'");
  CHECK(filtered("id", {"a", "b"}) == "filter `id` expects only one value");
  CHECK(filtered("until", {"soon"}) == "`until` filter expects a duration (e.g., '24h') or a timestamp");
}

}  // namespace
}  // namespace podo::builder
