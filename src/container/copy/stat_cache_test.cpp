#include "container/copy/stat_cache.h"

#include "container/copy/files_testing.h"

namespace podo::builder {
namespace {

struct stat status_of(std::uint64_t inode, std::int64_t ctime_s = 100) {
  struct stat status{};
  status.st_dev = 1;
  status.st_ino = inode;
  status.st_size = 5;
  status.st_mtim.tv_sec = 50;
  status.st_ctim.tv_sec = ctime_s;
  return status;
}

StatCache::FileDigest digest_of(char letter) {
  StatCache::FileDigest digest;
  digest.fill(letter);
  return digest;
}

constexpr Wall later{1'000'000'000'000};

}  // namespace

TEST_CASE("a digest is found as long as nothing that stat tells has changed") {
  StatCache cache;
  cache.keep(status_of(1), later, digest_of('a'));
  CHECK(cache.find(status_of(1)) == digest_of('a'));
  struct stat other = status_of(1);
  SUBCASE("device") { other.st_dev = 2; }
  SUBCASE("inode") { other.st_ino = 2; }
  SUBCASE("size") { other.st_size = 6; }
  SUBCASE("mtime") { other.st_mtim.tv_nsec = 1; }
  SUBCASE("ctime") { other.st_ctim.tv_nsec = 1; }
  CHECK(!cache.find(other));
}

TEST_CASE("a file that changed just before it was read is not kept") {
  StatCache cache;
  cache.keep(status_of(1, 100), Wall{101'000'000'000}, digest_of('a'));
  CHECK(!cache.find(status_of(1, 100)));
  cache.keep(status_of(1, 100), Wall{90'000'000'000}, digest_of('a'));  // a clock that went back
  CHECK(!cache.find(status_of(1, 100)));
  cache.keep(status_of(1, 100), Wall{102'000'000'001}, digest_of('a'));
  CHECK(cache.find(status_of(1, 100)));
  cache.keep_own(status_of(2, 100), digest_of('b'));
  CHECK(cache.find(status_of(2, 100)) == digest_of('b'));
}

TEST_CASE("what is used stays, the rest goes when the bound is reached") {
  StatCache cache(100);
  cache.keep(status_of(1), later, digest_of('a'));
  for (std::uint64_t i = 2; i < 1000; ++i) {
    cache.keep(status_of(i), later, digest_of('b'));
    REQUIRE(cache.find(status_of(1)));
    REQUIRE(cache.size() <= 103);
  }
  CHECK(!cache.find(status_of(2)));
}

TEST_CASE("a saved cache is loaded, a damaged one is empty") {
  const Workbench w;
  const std::string path = w.scratch.path("digests");
  StatCache cache;
  for (std::uint64_t i = 1; i <= 20; ++i) cache.keep(status_of(i), later, digest_of('a'));
  REQUIRE(cache.save(path));
  StatCache again;
  again.load(path);
  CHECK(again.size() == 20);
  CHECK(again.find(status_of(7)) == digest_of('a'));
  const std::string bytes = w.scratch.read("digests");
  for (std::size_t cut : {std::size_t{0}, std::size_t{10}, bytes.size() / 2, bytes.size() - 1}) {
    w.scratch.file("digests", bytes.substr(0, cut));
    StatCache empty;
    empty.load(path);
    CHECK(empty.size() == 0);
  }
  std::string flipped = bytes;
  flipped[bytes.size() / 2] ^= 1;
  w.scratch.file("digests", flipped);
  StatCache empty;
  empty.load(path);
  empty.load(w.scratch.path("nothing"));
  CHECK(empty.size() == 0);
}

TEST_CASE("an edit is seen although size and mtime are as before") {
  const Workbench w;
  w.scratch.file("in/x", "old");
  w.set_time("in/x", 1000);
  StatCache cache;
  Tree tree = w.tree();
  tree.digests = &cache;
  const std::string before = select(tree, {"x"}, {})->digest;
  w.scratch.file("in/x", "new");
  w.set_time("in/x", 1000);
  CHECK(select(tree, {"x"}, {})->digest != before);
}

TEST_CASE("a digest that is known is not computed again") {
  const Workbench w;
  w.scratch.file("in/x", "old");
  StatCache cache;
  Tree tree = w.tree();
  tree.digests = &cache;
  const std::string truth = select(tree, {"x"}, {})->digest;
  CHECK(cache.size() == 0);  // it is too young
  cache.keep_own(w.status("in/x"), digest_of('z'));
  CHECK(select(tree, {"x"}, {})->digest != truth);
}

}  // namespace podo::builder
