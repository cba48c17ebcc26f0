#include "container/builder/cache.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/http/client.h"
#include "base/io/combine.h"
#include "base/io/system_disk.h"
#include "base/io/timer.h"
#include "base/store/log_store.h"
#include "container/builder/cache_remote.h"
#include "container/image/images_testing.h"

namespace podo::builder {
namespace {

using image::content_of;
using image::exists;
using image::is_root;
using image::write_to;

class NoConnector final : public http::Connector {
 public:
  Task<std::unique_ptr<io::Stream>> connect(const http::Url& url) override {
    co_return unavailable("no network here: {}", url.host);
  }
};

class CacheWorld : public image::Ground {
 public:
  explicit CacheWorld(std::uint64_t bytes_max = 1 << 30) : bytes_max_(bytes_max) { open_cache(); }
  ~CacheWorld() { cache.reset(); }
  void reopen() {
    cache.reset();
    open();
    open_cache();
  }
  // A layer of one file over `parent`, as a step would make it.
  CachedStep step(const std::string& name, const std::string& content, const CachedStep* parent = nullptr) {
    std::vector<std::string> chain;
    if (parent != nullptr) chain.push_back(parent->chain_id);
    auto made = run(images->make_build_snapshot("b", chain, {}));
    REQUIRE_MESSAGE(made.has_value(), made.error().message());
    write_to(made->upper + "/" + name, content);
    auto kept = run(images->keep_changes("b", {}));
    REQUIRE_MESSAGE(kept.has_value(), kept.error().message());
    return {.parent_chain_id = chain.empty() ? "" : chain.back(),
            .chain_id = kept->chain_id,
            .diff_id = kept->diff_id,
            .bytes = kept->bytes,
            .what = "RUN make " + name};
  }
  void keep(const std::string& key, const CachedStep& step) {
    auto lease = cache->lease();
    auto kept = run(lease->keep(key, step));
    REQUIRE_MESSAGE(kept.has_value(), kept.error().message());
  }
  bool has(const std::string& key) { return cache->lease()->find(key).has_value(); }
  void settle(Duration time = milliseconds(60)) { REQUIRE(run(pause(time)).has_value()); }
  std::unique_ptr<Cache::Mount> mount(std::string id, Cache::Sharing sharing = Cache::Sharing::shared) {
    auto mounted = run(cache->mount(std::move(id), sharing));
    REQUIRE_MESSAGE(mounted.has_value(), mounted.error().message());
    return *std::move(mounted);
  }
  std::size_t count(const std::string& folder) {
    auto opened = image::open_folder(AT_FDCWD, (scratch.path + folder).c_str());
    REQUIRE(opened.has_value());
    return image::list_folder(opened->get())->size();
  }

  std::unique_ptr<Cache> cache;
  NoConnector connector;
  http::Client client{loop, connector, {}};
  image::Registry registry{{loop, client, client, *images, random, clock, log}, {}};

 private:
  static Task<void> pause(Duration time) { co_await io::sleep(time); }
  void open_cache() {
    auto opened =
        run(Cache::open({loop, pool, store(), *images, clock, log}, scratch.path + "/build", bytes_max_));
    REQUIRE_MESSAGE(opened.has_value(), opened.error().message());
    cache = *std::move(opened);
  }
  std::uint64_t bytes_max_;
};

Task<void> take_and_note(Cache& cache, std::string key, std::vector<std::string>& order) {
  const auto claim = co_await cache.claim(key);
  order.push_back("second");
}

Task<void> claim_in_turn(Cache& cache, std::vector<std::string>& order) {
  auto claim = co_await cache.claim("k");
  auto other = co_await cache.claim("other");  // nobody else wants it
  io::TaskGroup group(co_await io::this_loop());
  group.spawn(take_and_note(cache, "k", order));
  co_await io::sleep(milliseconds(20));
  order.push_back("first");
  claim.reset();
  co_await group.join();
}

Task<void> mount_in_turn(Cache& cache, std::vector<std::string>& order) {
  auto held = co_await cache.mount("id", Cache::Sharing::locked);
  io::TaskGroup group(co_await io::this_loop());
  const auto second = [](Cache& from, std::vector<std::string>& notes) -> Task<void> {
    const auto mount = co_await from.mount("id", Cache::Sharing::shared);
    notes.push_back("second");
  };
  group.spawn(second(cache, order));
  co_await io::sleep(milliseconds(20));
  order.push_back("first");
  held.reset();
  co_await group.join();
}

std::string key_of(int number) { return crypto::digest_of(text("step {}", number)).substr(7); }

}  // namespace

TEST_CASE("what a step gave is found again, by the next daemon too") {
  if (!is_root()) return;
  CacheWorld world;
  const CachedStep first = world.step("a", "12345");
  const CachedStep second = world.step("b", "1", &first);
  world.keep(key_of(1), first);
  world.keep(key_of(2), second);
  CachedStep nothing = second;
  nothing.parent_chain_id = second.chain_id;
  nothing.diff_id = "";
  nothing.what = "RUN true";
  nothing.bytes = 0;
  world.keep(key_of(3), nothing);
  for (int life = 0; life < 2; ++life) {
    auto lease = world.cache->lease();
    CHECK_FALSE(lease->find(key_of(9)));
    const auto found = lease->find(key_of(1));
    REQUIRE(found);
    CHECK(found->chain_id == first.chain_id);
    CHECK(found->diff_id == first.diff_id);
    CHECK(found->bytes == 5);
    CHECK(found->what == "RUN make a");
    CHECK(found->created.ns > 0);
    CHECK(lease->find(key_of(3))->diff_id.empty());
    // Nobody else needs the layers: the cache does.
    REQUIRE(world.run(world.images->collect_garbage()).has_value());
    REQUIRE(world.run(world.images->drop_layers({second.chain_id})).has_value());
    CHECK(world.images->has_layer(second.chain_id));
    lease.reset();  // a lease does not outlive its cache
    world.reopen();
  }
  const auto items = world.cache->items();
  REQUIRE(items.size() == 3);
  for (const CacheItem& item : items) {
    CHECK(item.type == "regular");
    CHECK_FALSE(item.in_use);
    CHECK_FALSE(item.shared);
    if (item.description == "RUN make b") CHECK(item.parent == key_of(1).substr(0, 25));
  }
}

TEST_CASE("a step whose layer is not here is not kept, and not found") {
  if (!is_root()) return;
  CacheWorld world;
  const CachedStep step = world.step("a", "1");
  CachedStep elsewhere = step;
  elsewhere.chain_id = "sha256:" + std::string(64, 'e');
  {
    const auto lease = world.cache->lease();
    CHECK(world.run(lease->keep(key_of(1), elsewhere)).error().kind() == ErrorKind::unavailable);
  }
  world.keep(key_of(1), step);
  // As after a power cut: the records of the layer are gone.
  world.cache.reset();
  REQUIRE(world.run(store::remove(world.store(), store::Range::prefix("image/layer/"))).has_value());
  world.open();
  world.reopen();
  CHECK_FALSE(world.has(key_of(1)));
  CHECK(world.cache->items().empty());
  CHECK(world.run(world.store().count(store::Range::prefix("build/step/"))).value_or(9) == 0);
}

TEST_CASE("more than the budget goes, the least recently used first, but not what a build holds") {
  if (!is_root()) return;
  CacheWorld world(2500);
  std::vector<CachedStep> steps;
  for (int i = 0; i < 4; ++i)
    steps.push_back(world.step(text("f{}", i), std::string(1000, static_cast<char>('a' + i))));
  world.keep(key_of(0), steps[0]);
  world.keep(key_of(1), steps[1]);
  const auto building = world.cache->lease();
  CHECK(building->find(key_of(1)));
  CHECK(world.has(key_of(0)));  // used later than 1
  world.keep(key_of(2), steps[2]);
  world.settle();
  CHECK_FALSE(world.has(key_of(0)));
  CHECK_FALSE(world.images->has_layer(steps[0].chain_id));
  CHECK_FALSE(exists(text("{}/images/layers/{}", world.scratch.path, steps[0].chain_id.substr(7))));
  CHECK(world.has(key_of(1)));
  CHECK(world.has(key_of(2)));

  // An image has the layer: it costs the cache nothing, and stays when everything else goes.
  oci::ImageConfig config;
  config.os = "linux";
  config.architecture = "amd64";
  config.diff_ids = {steps[2].diff_id};
  REQUIRE(world.run(world.images->add_built(config, {"docker.io/library/x:1"}, "", {})).has_value());
  world.keep(key_of(3), steps[3]);
  world.settle();
  CHECK(world.has(key_of(2)));
  CHECK(world.has(key_of(3)));
  auto pruned = world.run(world.cache->prune({}));
  REQUIRE(pruned.has_value());
  CHECK(pruned->removed == std::vector{key_of(3).substr(0, 25)});
  CHECK(pruned->bytes == 1000);
  pruned = world.run(world.cache->prune({.all = true}));
  CHECK(pruned->removed == std::vector{key_of(2).substr(0, 25)});
  CHECK(pruned->bytes == 0);  // the image keeps it
  CHECK(world.images->has_layer(steps[2].chain_id));
  CHECK(world.has(key_of(1)));  // still held
}

TEST_CASE("two builds that are about to make the same step make it one after the other") {
  if (!is_root()) return;
  CacheWorld world;
  std::vector<std::string> order;
  REQUIRE(world.run(claim_in_turn(*world.cache, order)).has_value());
  CHECK(order == std::vector<std::string>{"first", "second"});
}

TEST_CASE("facts are remembered, the oldest go when they are too many") {
  if (!is_root()) return;
  CacheWorld world;
  const auto fill = [](Cache& cache) -> Task<void> {
    for (int i = 0; i <= 20'000; ++i) {
      co_await cache.keep_fact(text("fact {}", i), text("{}", i));
      if (i == 10'000) co_await cache.keep_fact("fact 0", "new");  // is not the oldest any more
    }
  };
  REQUIRE(world.run(fill(*world.cache)).has_value());
  for (int life = 0; life < 2; ++life) {
    CHECK(world.cache->fact("fact 0") == "new");
    CHECK_FALSE(world.cache->fact("fact 1"));
    CHECK(world.cache->fact("fact 20000") == "20000");
    world.reopen();
  }
  REQUIRE(world.run(world.cache->keep_fact("one more", "1")).has_value());
  CHECK_FALSE(world.cache->fact("fact 2"));
  CHECK(world.run(world.store().count(store::Range::prefix("build/fact/"))).value_or(0) == 20'000);
}

TEST_CASE("facts go with the last step") {
  if (!is_root()) return;
  CacheWorld world;
  REQUIRE(world.run(world.cache->keep_fact("fact", "text")).has_value());
  REQUIRE(world.run(world.cache->prune({.all = true})).has_value());
  CHECK_FALSE(world.cache->fact("fact"));
  CHECK(world.run(world.store().count(store::Range::prefix("build/fact/"))).value_or(1) == 0);
}

TEST_CASE("a cache mount is there for the next build, and measured") {
  if (!is_root()) return;
  CacheWorld world;
  std::string path;
  {
    const auto mount = world.mount("/root/.cache");
    CHECK(mount->is_new());
    path = mount->path();
    write_to(path + "/x", std::string(700, 'x'));
    CHECK(world.cache->items().at(0).in_use);
    CHECK(world.run(world.cache->prune({.all = true}))->removed.empty());
  }
  world.settle(milliseconds(700));
  world.reopen();
  const CacheItem item = world.cache->items().at(0);
  CHECK(item.type == "exec.cachemount");
  CHECK(item.bytes == 700);
  CHECK(item.uses == 1);
  CHECK_FALSE(item.in_use);
  {
    const auto mount = world.mount("/root/.cache");
    CHECK_FALSE(mount->is_new());
    CHECK(mount->path() == path);
    CHECK(world.mount("/other")->path() != path);
  }
  const auto pruned = world.run(world.cache->prune({.filters = {{"type", {"exec.cachemount"}}}}));
  CHECK(pruned->removed.size() == 2);
  CHECK(pruned->bytes == 700);
  CHECK_FALSE(exists(path));
  CHECK(world.mount("/root/.cache")->is_new());
}

TEST_CASE("who shares a cache mount has the same, who wants it alone has another, who locks it waits") {
  if (!is_root()) return;
  CacheWorld world;
  using enum Cache::Sharing;
  std::string first, own;
  {
    const auto a = world.mount("id", shared), b = world.mount("id", shared);
    CHECK(a->path() == b->path());
    first = a->path();
    write_to(first + "/x", "x");
    const auto alone = world.mount("id", exclusive), alone_too = world.mount("id", exclusive);
    CHECK(alone->path() != first);
    CHECK(alone->path() != alone_too->path());
    own = alone->path();
    CHECK(world.mount("id", shared)->path() == first);
  }
  CHECK(world.mount("id", exclusive)->path() == first);  // nobody has it now
  {
    const auto alone = world.mount("id", exclusive);
    CHECK(world.mount("id", shared)->path() == own);
  }
  std::vector<std::string> order;
  REQUIRE(world.run(mount_in_turn(*world.cache, order)).has_value());
  CHECK(order == std::vector<std::string>{"first", "second"});
}

TEST_CASE("folders without a record and records without a folder go when the cache is opened") {
  if (!is_root()) return;
  CacheWorld world;
  const std::string path = world.mount("a")->path();
  world.mount("b");
  REQUIRE(image::remove_tree(path).has_value());
  REQUIRE(image::make_folders(world.scratch.path + "/build/mounts/77/deep", 0755).has_value());
  world.reopen();
  CHECK(world.cache->items().size() == 1);
  CHECK(world.count("/build/mounts") == 1);
  CHECK(world.run(world.store().count(store::Range::prefix("build/mount/"))).value_or(9) == 1);
  world.settle();
  CHECK(world.count("/build/trash") == 0);
}

TEST_CASE("a cache in a folder is known to another daemon, and fetched as far as it is asked for") {
  if (!is_root()) return;
  CacheWorld here, there;
  const CachedStep first = here.step("a", "12345");
  const CachedStep second = here.step("b", "1", &first);
  const CachedStep unrelated = here.step("c", "c");
  CachedStep same = second;  // RUN true
  same.parent_chain_id = second.chain_id, same.diff_id = "", same.bytes = 0;
  here.keep(key_of(1), first);
  here.keep(key_of(2), second);
  here.keep(key_of(3), unrelated);
  here.keep(key_of(4), same);
  const Cache::Remote folder{.folder = here.scratch.path + "/exported", .reference = {}, .credentials = {}};
  for (int again = 0; again < 2; ++again) {
    auto exported = here.run(here.cache->export_to(
        folder, {key_of(1), key_of(2), key_of(3), key_of(4), key_of(8)}, here.registry));
    REQUIRE_MESSAGE(exported.has_value(), exported.error().message());
  }
  CHECK(content_of(folder.folder + "/oci-layout") == R"({"imageLayoutVersion":"1.0.0"})");

  auto imported = there.run(there.cache->import_from(folder, there.registry));
  REQUIRE_MESSAGE(imported.has_value(), imported.error().message());
  CHECK_FALSE(there.has(key_of(4)));
  REQUIRE(there.run(there.cache->claim(key_of(4))).has_value());
  CHECK(there.cache->lease()->find(key_of(4))->chain_id == second.chain_id);
  CHECK(there.images->has_layer(second.chain_id));
  CHECK_FALSE(there.images->has_layer(unrelated.chain_id));
  REQUIRE(there.run(there.cache->claim(key_of(8))).has_value());
  CHECK_FALSE(there.has(key_of(8)));

  // What lies does not come in.
  CacheWorld third;
  REQUIRE(third.run(third.cache->import_from(folder, third.registry)).has_value());
  const std::string digest = here.run(here.images->pack_layer(unrelated.chain_id))->digest;
  write_to(folder.folder + "/blobs/sha256/" + digest.substr(7), "other bytes");
  REQUIRE(third.run(third.cache->claim(key_of(3))).has_value());
  CHECK_FALSE(third.has(key_of(3)));
  REQUIRE(third.run(third.cache->claim(key_of(1))).has_value());
  CHECK(third.has(key_of(1)));
  CHECK(third
            .run(third.cache->import_from({.folder = "/nowhere", .reference = {}, .credentials = {}},
                                          third.registry))
            .error()
            .kind() == ErrorKind::not_found);
}

TEST_CASE("a list of steps that contradicts itself is refused") {
  const std::string digest = "sha256:" + std::string(64, 'a'), other = "sha256:" + std::string(64, 'b');
  const auto listing = [&](std::string members) {
    return decode_listing(text(R"({{"version":1,"steps":[{{"key":"k","bytes":1,{}}}]}})", members), 1);
  };
  CHECK(listing(text(R"("chain":"{}","diff":"{}","layer":0)", digest, digest)).has_value());
  CHECK(listing(text(R"("chain":"{}","diff":"{}","layer":0)", digest, other)).error().kind() ==
        ErrorKind::corrupt);
  CHECK(listing(text(R"("chain":"{}","diff":"{}","layer":1)", digest, digest)).error().kind() ==
        ErrorKind::corrupt);
  CHECK(listing(text(R"("chain":"{}","diff":"{}")", digest, digest)).error().kind() == ErrorKind::corrupt);
  CHECK(listing(R"("chain":"../../etc","diff":"../../etc","layer":0)").error().kind() == ErrorKind::invalid);
  CHECK(decode_listing(R"({"version":2,"steps":[]})", 0).error().kind() == ErrorKind::unsupported);
}

}  // namespace podo::builder
