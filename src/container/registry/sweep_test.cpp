#include "container/registry/sweep.h"

#include <doctest/doctest.h>

namespace podo::registry {
namespace {

constexpr Monotonic now = {1'000'000'000'000};
constexpr Monotonic long_ago = {}, lately = {now.ns - 1'000'000'000};

struct World {
  Repository repository;
  SweepRules rules{.now = now, .held = seconds(60)};

  World& manifest(const std::string& digest, std::vector<std::string> blobs, Monotonic touched = long_ago) {
    repository.manifests[digest] = {.blobs = blobs, .touched = touched};
    for (const auto& blob : blobs) repository.blobs[blob] = long_ago;
    return *this;
  }
  Catalog::Sweep plan() const { return plan_sweep(repository, rules); }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("blobs of no manifest are garbage once nobody was told of them for a while") {
  World world;
  world.manifest("m", {"used"});
  world.repository.blobs["old"] = long_ago;
  world.repository.blobs["new"] = lately;
  CHECK_EQ(world.plan().blobs, Names{"old"});
  CHECK(world.plan().manifests.empty());
}

TEST_CASE("manifests without a tag stay, unless they are asked to go") {
  World world;
  world.manifest("tagged", {"a"}).manifest("untagged", {"b"}).manifest("fresh", {"c"}, lately);
  world.repository.tags["v1"] = "tagged";
  CHECK(world.plan().empty());
  world.rules.untagged = true;
  CHECK_EQ(world.plan().manifests, Names{"untagged"});
  CHECK_EQ(world.plan().blobs, Names{"b"});
}

TEST_CASE("a kept index keeps its entries, a kept manifest what speaks of it") {
  World world;
  world.rules.untagged = true;
  world.manifest("index", {}).manifest("entry", {"a"}).manifest("signature", {"b"}).manifest("lost", {"c"});
  world.repository.manifests["index"].manifests = {"entry"};
  world.repository.manifests["signature"].subject = "entry";
  world.repository.referrers.emplace("entry", "signature");
  world.repository.manifests["lost"].subject = "elsewhere";
  world.repository.referrers.emplace("elsewhere", "lost");
  world.repository.tags["v1"] = "index";
  CHECK_EQ(world.plan().manifests, Names{"lost"});
  CHECK_EQ(world.plan().blobs, Names{"c"});
}

TEST_CASE("manifests that refer to each other do not keep themselves") {
  World world;
  world.rules.untagged = true;
  world.manifest("a", {}).manifest("b", {});
  world.repository.manifests["a"].manifests = {"b"};
  world.repository.manifests["b"].manifests = {"a"};
  CHECK_EQ(world.plan().manifests, Names{"a", "b"});
}

TEST_CASE("of a cache goes what nobody asked for, tags and all") {
  World world;
  world.manifest("old", {"a"}).manifest("new", {"b"}, lately);
  world.repository.tags = {{"v1", "old"}, {"v2", "new"}};
  CHECK(world.plan().empty());
  world.rules.cached_for = seconds(100);
  const auto sweep = world.plan();
  CHECK_EQ(sweep.manifests, Names{"old"});
  CHECK_EQ(sweep.tags, Names{"v1"});
  CHECK_EQ(sweep.blobs, Names{"a"});
}

}  // namespace podo::registry
