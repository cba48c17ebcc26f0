#include "base/io/simulated_bytes.h"

#include <doctest/doctest.h>

#include <set>

namespace podo::io {
namespace {

constexpr std::size_t sector = 512;
constexpr int seeds = 1000;

std::string repeated(char letter, std::size_t sectors = 1) { return std::string(sectors * sector, letter); }
std::string all_of(const SimulatedBytes& bytes) { return bytes.read(0, bytes.size()); }

SimulatedBytes synced(const std::string& bytes) {
  SimulatedBytes made(sector);
  made.write(0, bytes);
  made.sync(made.mark());
  return made;
}

// Of many crashes of the same bytes: what was left, and how often.
std::map<std::string, int> crashes_of(const SimulatedBytes& bytes) {
  std::map<std::string, int> left;
  for (int seed = 0; seed < seeds; ++seed) {
    SimulatedBytes crashed = bytes;
    SeededRandom fates(static_cast<std::uint64_t>(seed));
    crashed.crash(fates);
    std::string first = all_of(crashed);
    ++left[first];
    crashed.crash(fates);
    CHECK((all_of(crashed) == first));  // what a crash left counts as synced
  }
  return left;
}

bool is_one_of(const std::string& bytes, std::size_t index, const std::string& letters) {
  for (char letter : letters)
    if (bytes.substr(index * sector, sector) == repeated(letter)) return true;
  return false;
}

}  // namespace

TEST_CASE("synced bytes survive every crash") {
  SimulatedBytes bytes = synced(repeated('s', 4));
  CHECK_EQ(crashes_of(bytes), std::map<std::string, int>{{repeated('s', 4), seeds}});
  bytes.write(sector, repeated('n'));
  for (const auto& [left, count] : crashes_of(bytes)) {
    CHECK_EQ(left.substr(0, sector), repeated('s'));
    CHECK_EQ(left.substr(2 * sector), repeated('s', 2));
  }
  bytes.sync(bytes.mark());
  CHECK_EQ(crashes_of(bytes).size(), 1);
}

TEST_CASE("each sector that was overwritten has its old bytes, its new ones, or garbage, in any order") {
  SimulatedBytes bytes = synced(repeated('o', 4));
  for (std::size_t i = 0; i < 4; ++i) bytes.write(i * sector, repeated('n'));
  int whole_old = 0, whole_new = 0, later_first = 0, garbage = 0;
  for (const auto& [left, count] : crashes_of(bytes)) {
    CHECK_EQ(left.size(), 4 * sector);
    if (left == repeated('o', 4)) whole_old += count;
    if (left == repeated('n', 4)) whole_new += count;
    if (is_one_of(left, 0, "o") && is_one_of(left, 3, "n")) later_first += count;
    bool clean = true;
    for (std::size_t i = 0; i < 4; ++i) clean = clean && is_one_of(left, i, "on");
    if (!clean) garbage += count;
  }
  CHECK_GT(whole_old, seeds / 20);
  CHECK_GT(whole_new, seeds / 20);
  CHECK_GT(later_first, seeds / 50);
  CHECK_GT(garbage, seeds / 50);
}

TEST_CASE("a sector may keep any of the bytes it had since the sync") {
  SimulatedBytes bytes = synced(repeated('0'));
  for (char letter : {'1', '2', '3'}) bytes.write(0, repeated(letter));
  std::map<std::string, int> left = crashes_of(bytes);
  for (char letter : {'0', '1', '2', '3'}) CHECK_GT(left[repeated(letter)], seeds / 50);
}

TEST_CASE("bytes beside a write in its sector survive, and so do those written with the same value") {
  SimulatedBytes bytes = synced(repeated('s'));
  bytes.write(100, "ssssNNNN");
  std::set<std::string> middles;
  for (const auto& [left, count] : crashes_of(bytes)) {
    CHECK_EQ(left.substr(0, 104), std::string(104, 's'));
    CHECK_EQ(left.substr(108), std::string(sector - 108, 's'));
    middles.insert(left.substr(104, 4));
  }
  CHECK((middles.contains("ssss") && middles.contains("NNNN") && middles.size() > 2));  // the rest is garbage
}

TEST_CASE("a longer file may keep its old size, or some of the new one with zeros in it") {
  SimulatedBytes bytes = synced(repeated('s'));
  bytes.write(sector, repeated('n', 3));
  int shorter = 0, torn = 0, zeros = 0, whole = 0;
  for (const auto& [left, count] : crashes_of(bytes)) {
    CHECK_EQ(left.substr(0, sector), repeated('s'));
    CHECK_EQ(left.size() % sector, 0);
    if (left.size() == sector) shorter += count;
    if (left == repeated('s') + repeated('n') || left == repeated('s') + repeated('n', 2)) torn += count;
    if (left.size() > sector && is_one_of(left, 1, std::string(1, '\0'))) zeros += count;
    if (left == repeated('s') + repeated('n', 3)) whole += count;
  }
  for (int times : {shorter, torn, zeros, whole}) CHECK_GT(times, seeds / 50);
}

TEST_CASE("an extension that is no whole number of sectors keeps one of its sizes, or a sector's border") {
  SimulatedBytes bytes = synced("0123456789");
  bytes.write(10, std::string(1000, 'n'));
  std::set<std::size_t> sizes;
  for (const auto& [left, count] : crashes_of(bytes)) {
    CHECK(left.starts_with("0123456789"));
    sizes.insert(left.size());
  }
  CHECK_EQ(sizes, std::set<std::size_t>{10, 512, 1010});
}

TEST_CASE("a truncation is lost with what came after it, or neither is") {
  SimulatedBytes bytes = synced(repeated('o', 2));
  SeededRandom fates(1);
  bytes.truncate(100, fates);
  bytes.write(100, std::string(50, 'n'));
  int lost = 0, short_and_old = 0, new_bytes = 0;
  for (const auto& [left, count] : crashes_of(bytes)) {
    CHECK_EQ(left.substr(0, 100), std::string(100, 'o'));
    if (left == repeated('o', 2)) lost += count;
    else CHECK_LE(left.size(), 150);
    if (left == std::string(100, 'o')) short_and_old += count;
    if (left == std::string(100, 'o') + std::string(50, 'n')) new_bytes += count;
  }
  for (int times : {lost, short_and_old, new_bytes}) CHECK_GT(times, seeds / 50);
  bytes.sync(bytes.mark());
  CHECK_EQ(crashes_of(bytes).size(), 1);
}

TEST_CASE("what was cut off does not come back when the file grows again") {
  SimulatedBytes bytes = synced(repeated('o'));
  SeededRandom fates(1);
  bytes.write(0, repeated('x'));
  bytes.truncate(100, fates);
  bytes.write(1023, "e");
  CHECK_EQ(bytes.read(0, 2000), std::string(100, 'x') + std::string(923, '\0') + "e");
  int grown = 0;
  for (const auto& [left, count] : crashes_of(bytes)) {
    if (left.size() != 1024) continue;
    ++grown;
    CHECK_EQ(left.substr(100, 923), std::string(923, '\0'));
  }
  CHECK_GT(grown, 5);
}

TEST_CASE("what a failed sync did not write a later sync does not save, until it is written again") {
  SimulatedBytes bytes = synced(repeated('s', 2));
  bytes.write(0, repeated('f', 2));
  bytes.fail_sync();
  CHECK_EQ(all_of(bytes), repeated('f', 2));
  bytes.sync(bytes.mark());
  std::map<std::string, int> left = crashes_of(bytes);
  CHECK_GT(left[repeated('s', 2)], seeds / 20);
  CHECK_GT(left[repeated('f', 2)], seeds / 20);
  CHECK_GT(left[repeated('s') + repeated('f')], seeds / 50);  // each sector by itself

  bytes.write(sector, repeated('f'));
  bytes.sync(bytes.mark());
  for (const auto& [again, count] : crashes_of(bytes)) CHECK_EQ(again.substr(sector), repeated('f'));
  bytes.write(10, "xyz");  // in the doubtful sector: saves itself only
  bytes.sync(bytes.mark());
  left = crashes_of(bytes);
  std::string lost = repeated('s') + repeated('f'), kept = repeated('f', 2);
  CHECK_GT(left[lost.replace(10, 3, "xyz")], seeds / 20);
  CHECK_GT(left[kept.replace(10, 3, "xyz")], seeds / 20);
}

TEST_CASE("a sync does not cover what was written after it began") {
  SimulatedBytes bytes = synced(repeated('s'));
  bytes.write(0, repeated('1'));
  SimulatedBytes::Mark mark = bytes.mark();
  bytes.write(0, repeated('2') + "more");
  bytes.sync(mark);
  std::map<std::string, int> left = crashes_of(bytes);
  CHECK_EQ(left[repeated('s')], 0);
  CHECK_GT(left[repeated('1')], seeds / 20);
  CHECK_GT(left[repeated('2') + "more"], seeds / 20);
}

TEST_CASE("a second failed sync puts in doubt what was written between the two") {
  SimulatedBytes bytes = synced(repeated('s'));
  bytes.write(0, repeated('1'));
  bytes.fail_sync();
  bytes.write(0, repeated('2'));
  bytes.fail_sync();
  bytes.sync(bytes.mark());
  CHECK_GT(crashes_of(bytes)[repeated('s')], seeds / 20);
}

}  // namespace podo::io
