#include "base/store/key_index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/core/random.h"
#include "base/core/text.h"

namespace podo::store {
namespace {

// A KeyIndex beside a std::map, with the same keys.
class Twins {
 public:
  ~Twins() {
    for (auto& [key, block] : map) (void)Entry::adopt(block);
  }
  void insert(const std::string& key) {
    if (map.contains(key)) return;
    Entry::Block* block = Entry(key, "", {.created = 1, .modified = 1, .version = 1}).release();
    map[key] = block;
    index.insert(block);
  }
  void erase(const std::string& key) {
    auto found = map.find(key);
    if (found == map.end()) return;
    index.erase(key);
    (void)Entry::adopt(found->second);
    map.erase(found);
  }
  // All keys from `from` on are the same.
  bool equal(std::string_view from = "") {
    auto cursor = index.lower_bound(from);
    for (auto it = map.lower_bound(from); it != map.end(); ++it, cursor.next())
      if (cursor.at_end() || cursor.block() != it->second) return false;
    return cursor.at_end() && index.size() == map.size();
  }
  bool agree_on(const std::string& key) {
    Entry::Block** place = index.find(key);
    auto found = map.find(key);
    return found == map.end() ? place == nullptr : place != nullptr && *place == found->second;
  }

  std::map<std::string, Entry::Block*, std::less<>> map;
  KeyIndex index;
};

std::string key_of(std::uint64_t number) { return text("key {:x}", number); }

}  // namespace

TEST_CASE("keys that come and go are those of a map") {
  SeededRandom random(1);
  Twins twins;
  for (int i = 0; i < 60'000; ++i) {
    // Grows to some thousand keys, then shrinks to few, and again.
    bool grows = i / 10'000 % 2 == 0;
    std::string key = key_of(random.below(8000));
    if (random.below(10) < (grows ? 8u : 2u)) twins.insert(key);
    else twins.erase(key);
    REQUIRE(twins.agree_on(key));
    if (i % 1000 == 0) REQUIRE(twins.equal());
    if (i % 100 == 0) REQUIRE(twins.equal(key_of(random.below(8000))));
  }
  CHECK(twins.equal());
}

TEST_CASE("a hundred thousand keys go in and out in any order") {
  enum class Order : std::uint8_t { ascending, descending, mixed };
  for (Order order : {Order::ascending, Order::descending, Order::mixed}) {
    CAPTURE(static_cast<int>(order));
    const std::uint64_t count = order == Order::mixed ? 100'000 : 20'000;
    SeededRandom random(2);
    std::vector<std::string> keys;
    for (std::uint64_t i = 0; i < count; ++i) keys.push_back(text("{}", 1'000'000 + i));
    if (order == Order::descending) std::reverse(keys.begin(), keys.end());
    auto shuffle = [&] {
      for (std::size_t i = keys.size(); i > 1; --i) std::swap(keys[i - 1], keys[random.below(i)]);
    };
    if (order == Order::mixed) shuffle();
    Twins twins;
    for (const std::string& key : keys) twins.insert(key);
    CHECK(twins.equal());
    shuffle();
    for (std::size_t i = 0; i < keys.size() / 2; ++i) twins.erase(keys[i]);
    CHECK(twins.equal());
    for (std::size_t i = 0; i < keys.size() / 2; ++i) twins.insert(keys[i]);
    CHECK(twins.equal());
    for (const std::string& key : keys) twins.erase(key);
    CHECK(twins.equal());
    CHECK(twins.index.size() == 0);
  }
}

TEST_CASE("keys are ordered as unsigned bytes, a prefix before what it begins") {
  Twins twins;
  for (const char* key : {"a", "\xff", "\x7f", "ab", "a\x01", "aa", "\x80", "b"}) twins.insert(key);
  twins.insert(std::string("a\0", 2));
  std::string found;
  for (auto cursor = twins.index.lower_bound(""); !cursor.at_end(); cursor.next())
    found += text("{} ", cursor.block()->key());
  CHECK(found == std::string("a a\0 a\x01 aa ab b \x7f \x80 \xff ", 22));
  CHECK(twins.equal("aa"));
  CHECK(twins.equal("\xff\xff"));
}

TEST_CASE("an index without keys has an end") {
  KeyIndex index;
  CHECK(index.lower_bound("").at_end());
  CHECK(index.find("a") == nullptr);
}

}  // namespace podo::store
