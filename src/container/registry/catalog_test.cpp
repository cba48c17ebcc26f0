#include "container/registry/catalog.h"

#include <doctest/doctest.h>

#include "base/io/group.h"
#include "base/io/simulated_loop.h"
#include "base/store/memory_store.h"

namespace podo::registry {
namespace {

struct World {
  io::SimulatedLoop loop{3};
  SilentLog log;
  std::unique_ptr<store::Store> store = store::make_memory_store(loop, loop.random());
  Catalog catalog{*store, loop.clock(), log};

  template <class T>
  T run(Task<T> task) {
    auto done = loop.run(std::move(task));
    REQUIRE_MESSAGE(done.has_value(), done.error().message());
    if constexpr (!std::is_void_v<T>) return *std::move(done);
  }
  // What the next life of the server would know.
  std::unique_ptr<Catalog> reopened() {
    auto again = std::make_unique<Catalog>(*store, loop.clock(), log);
    run(again->open());
    return again;
  }
};

ManifestRecord referrer() {
  return {.type = "t/m",
          .size = 7,
          .blobs = {"sha256:b"},
          .manifests = {},
          .subject = "sha256:s",
          .artifact_type = "a/t",
          .annotations = {{"k", "v \"x\""}}};
}

}  // namespace

TEST_CASE("what was put is found, and found again in the next life") {
  World world;
  world.run(world.catalog.add_blobs("a/b", {"sha256:1", "sha256:2"}));
  world.run(world.catalog.put_manifest("a/b", "sha256:m", referrer(), "v1"));
  const auto again = world.reopened();
  for (Catalog* catalog : {&world.catalog, again.get()}) {
    CHECK(catalog->has_blob("a/b", "sha256:2"));
    CHECK(catalog->has_blob("a/b", "sha256:b"));  // linked by its manifest
    CHECK_FALSE(catalog->has_blob("a", "sha256:2"));
    CHECK_EQ(catalog->find_tag("a/b", "v1").value_or(""), "sha256:m");
    const ManifestRecord* record = catalog->find_manifest("a/b", "sha256:m");
    REQUIRE(record != nullptr);
    CHECK_EQ(record->type, "t/m");
    CHECK_EQ(record->size, 7);
    CHECK_EQ(record->blobs, std::vector<std::string>{"sha256:b"});
    CHECK_EQ(record->artifact_type, "a/t");
    CHECK_EQ(record->annotations.at("k"), "v \"x\"");
    CHECK(catalog->find("a/b")->referrers.contains({"sha256:s", "sha256:m"}));
  }
}

TEST_CASE("a manifest goes with its tags and out of the list of referrers") {
  World world;
  world.run(world.catalog.put_manifest("r", "sha256:m", referrer(), "v1"));
  world.run(world.catalog.put_manifest("r", "sha256:m", referrer(), "v2"));
  CHECK(world.run(world.catalog.remove_manifest("r", "sha256:m")));
  CHECK_FALSE(world.run(world.catalog.remove_manifest("r", "sha256:m")));
  CHECK(world.catalog.find("r")->tags.empty());
  CHECK(world.catalog.find("r")->referrers.empty());
  const auto again = world.reopened();
  CHECK_FALSE(again->find_tag("r", "v1").has_value());
  CHECK(again->find_manifest("r", "sha256:m") == nullptr);
}

TEST_CASE("a repository with nothing in it goes on for a while") {
  World world;
  world.run(world.catalog.add_blobs("r", {"sha256:1"}));
  CHECK(world.run(world.catalog.remove_blob("r", "sha256:1")));
  world.catalog.forget_empty(seconds(60));
  CHECK(world.catalog.find("r") != nullptr);
  world.run([](World&) -> Task<void> { co_await io::sleep(seconds(61)); }(world));
  world.catalog.forget_empty(seconds(60));
  CHECK(world.catalog.find("r") == nullptr);
}

TEST_CASE("changes side by side leave memory and store the same") {
  World world;
  auto all = [](World& of) -> Task<void> {
    io::TaskGroup group(of.loop);
    auto put = [](World& in, std::string digest) -> Task<void> {
      for (int i = 0; i < 5; ++i) {
        co_await in.catalog.put_manifest("r", digest, {.type = "t"}, "latest");
        co_await in.catalog.remove_manifest("r", digest);
      }
      co_await in.catalog.put_manifest("r", digest, {.type = "t"}, "latest");
    };
    for (const char* digest : {"sha256:1", "sha256:2", "sha256:3"}) group.spawn(put(of, digest));
    co_await group.join();
  };
  world.run(all(world));
  const auto again = world.reopened();
  CHECK_EQ(again->find("r")->manifests.size(), 3);
  CHECK_EQ(again->find("r")->tags, world.catalog.find("r")->tags);
}

TEST_CASE("a blob is found with those who have it and whom the asker may read") {
  World world;
  world.run(world.catalog.add_blobs("secret", {"sha256:1"}));
  world.run(world.catalog.add_blobs("public", {"sha256:1"}));
  auto all = [](const std::string&) { return true; };
  auto some = [](const std::string& name) { return name == "secret"; };
  CHECK_EQ(world.catalog.find_owner("sha256:1", all).value_or(""), "public");
  CHECK_EQ(world.catalog.find_owner("sha256:1", some).value_or(""), "secret");
  CHECK_FALSE(world.catalog.find_owner("sha256:2", all).has_value());
}

}  // namespace podo::registry
