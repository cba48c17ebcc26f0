#include "base/store/entry_memory.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "base/core/text.h"

namespace podo::store {
namespace {

Entry version(std::string_view key, std::string_view value, Revision modified) {
  return Entry(key, value, {.created = 1, .modified = modified, .version = modified, .lease = 7});
}

TEST_CASE("an entry that is taken is the same version in a chunk, and is not taken twice") {
  EntryMemory memory(4 << 10);
  Entry alone = version("a/key", "its value", 3);
  alone.block()->in_memory_only = true;
  alone.block()->sealed = true;
  alone.block()->event = 9;
  Entry taken = memory.take(alone);
  CHECK(taken.block() != alone.block());
  CHECK(taken.block()->place != 0);
  CHECK_EQ(taken.key(), "a/key");
  CHECK_EQ(taken.value(), "its value");
  CHECK(taken.stamp() == alone.stamp());
  CHECK(taken.block()->in_memory_only);
  CHECK(taken.block()->sealed);
  CHECK_EQ(taken.block()->event, 9);
  CHECK_EQ(memory.take(taken).block(), taken.block());
}

TEST_CASE("an entry that is an eighth of a chunk stays where it is") {
  EntryMemory memory(4 << 10);
  Entry large = version("k", std::string(600, 'x'), 1);
  CHECK_EQ(memory.take(large).block(), large.block());
}

TEST_CASE("neighbours in a chunk do not touch each other") {
  EntryMemory memory(4 << 10);
  std::vector<Entry> kept;
  for (Revision i = 1; i <= 500; ++i)
    kept.push_back(memory.take(version(text("k{}", i), text("{}", i * i), i)));
  for (Revision i = 1; i <= 500; ++i) {
    CHECK_EQ(kept[i - 1].key(), text("k{}", i));
    CHECK_EQ(kept[i - 1].value(), text("{}", i * i));
    CHECK_EQ(kept[i - 1].modified(), i);
  }
}

TEST_CASE("entries outlive the memory, and may be let go on any thread") {
  std::vector<Entry> here, there;
  {
    EntryMemory memory(4 << 10);
    for (Revision i = 1; i <= 200; ++i) {
      here.push_back(memory.take(Entry::erased_at(text("k{}", i), i)));
      there.push_back(memory.take(version(text("k{}", i), std::string(i, 'v'), i)));
    }
  }
  std::thread other([gone = std::move(there)]() mutable { gone.clear(); });
  for (Revision i = 1; i <= 200; ++i) CHECK_EQ(here[i - 1].key(), text("k{}", i));
  here.clear();
  other.join();
}

}  // namespace
}  // namespace podo::store
