// The daemon is killed while it loads an image, or makes one, at any moment, as often as the test has time
// for; and the machine loses its power. What the next one finds is whole.
#include <signal.h>
#include <sys/wait.h>
#include <algorithm>

#include "base/io/system_disk.h"
#include "base/store/log_store.h"
#include "container/image/images_testing.h"
#include "container/image/records.h"

namespace podo::image {
namespace {

ImageArchive large(std::vector<std::string> tags) {
  ImageArchive archive{{}, std::move(tags)};
  for (int layer = 0; layer < 3; ++layer) {
    Archive files;
    for (int i = 0; i < 150; ++i)
      files.file(text("dir{}/file{}", i % 7, i), std::string(200 + i * 37, static_cast<char>('a' + layer)));
    archive.layers.push_back(files.end());
  }
  return archive;
}

int ended(const Result<>& life) {
  if (!life) MESSAGE("the daemon ended: ", life.error().message());
  return life ? 0 : 1;
}

constexpr std::uint64_t layer_bytes = 150 * 200 + 37 * (150 * 149 / 2);

// Every file of every layer of an image that is told of has all of its bytes.
Task<void> check_image(Images& images, ImagePtr image) {
  auto left = images.snapshot("check");  // of a daemon that was killed while it checked
  if (left) co_await images.remove_snapshot("check");
  co_await images.make_snapshot("check", image);
  const Snapshot snapshot = co_await images.snapshot("check");
  // The topmost are the places to mount on; they hold no bytes.
  if (snapshot.lower.size() != image->chain_ids.size() + 1)
    co_await corrupt("{} layers", snapshot.lower.size());
  for (const std::string& lower : snapshot.lower) {
    const std::uint64_t bytes = co_await tree_bytes(lower);
    if (bytes != (&lower == &snapshot.lower.front() ? 0 : layer_bytes))
      co_await corrupt("a layer of {} bytes", bytes);
  }
  co_await images.remove_snapshot("check");
  for (const std::string& digest : image->layer_digests) co_await images.read_blob(digest, 64 << 20);
}

enum class Loads { none, once, until_killed };

// A daemon's life: opens what there is, checks it, and loads.
Task<void> live(io::EpollLoop& loop, io::BlockingPool& pool, std::string folder, std::string archive,
                Loads loads) {
  SystemClock clock;
  SystemRandom random;
  SilentLog log;
  io::SystemDisk disk(pool);
  auto store = co_await store::open_log_store({disk, random, log}, folder + "/store");
  auto images =
      co_await Images::open({loop, pool, *store, random, clock, log}, {.folder = folder + "/images"});
  for (const ImagePtr& image : images->list()) co_await check_image(*images, image);
  if (loads == Loads::once) {
    TextBody body(archive);
    co_await images->load(body, [](const Progress&) {});
  }
  while (loads == Loads::until_killed) {
    TextBody body(archive);
    co_await images->load(body, [](const Progress&) {});
    co_await images->remove("big:1", {.force = true, .prune_parents = true, .in_use = {}});
    TextBody again(archive);
    co_await images->load(again, [](const Progress&) {});
  }
  images.reset();
  co_await store->close();
}

int run_life(const std::string& folder, const std::string& archive, Loads loads) {
  io::EpollLoop loop;
  io::BlockingPool pool(3);
  return ended(loop.run(live(loop, pool, folder, archive, loads)));
}

Task<std::vector<std::string>> names_below(store::Store& store, std::string_view prefix) {
  std::vector<std::string> names;
  store::Pages pages(store, store::Range::prefix(prefix));
  while (std::optional<store::Page> page = co_await pages.next())
    for (const store::Entry& entry : page->entries) names.emplace_back(entry.key().substr(prefix.size()));
  co_return names;
}

// One step of a build after another: a tree, changed, kept, packed; and a file that becomes a blob.
Task<void> build_steps(Images& images, std::string folder) {
  std::vector<std::string> chain;
  for (int step = 0;; ++step) {
    const Snapshot snapshot = co_await images.make_build_snapshot("step", chain, {"/etc/hosts", "/proc/"});
    for (int i = 0; i < 40; ++i)
      write_to(text("{}/file{}-{}", snapshot.upper, step, i), std::string(3000 + i * 50, 'x'));
    const auto kept = co_await images.keep_changes("step", {});
    chain.push_back(kept.chain_id);
    co_await images.pack_layer(kept.chain_id);
    const std::string bytes(static_cast<std::size_t>(5000 + step), 'b'), digest = crypto::digest_of(bytes);
    write_to(folder + "/images/upload", bytes);
    co_await images.adopt_blob(folder + "/images/upload", digest, bytes.size());
    if (chain.size() == 12) chain.clear();
  }
}

// What there is, is whole: every layer packs to its diff id, every blob has its digest.
Task<void> check_steps(Images& images, store::Store& store) {
  for (const std::string& chain_id : co_await names_below(store, keys::layer)) {
    if (!images.has_layer(chain_id)) co_await corrupt("the layer {} lacks one below it", chain_id);
    co_await images.pack_layer(chain_id);
    co_await images.make_build_snapshot("check", {chain_id}, {});
    if (co_await tree_bytes((co_await images.snapshot("check")).lower.front()) !=
        40 * 3000 + 50 * (40 * 39 / 2))
      co_await corrupt("the layer {} has lost something", chain_id);
    co_await images.remove_snapshot("check");
  }
  for (const std::string& digest : co_await names_below(store, keys::blob))
    co_await images.read_blob(digest, 64 << 20);
}

Task<void> live_building(io::EpollLoop& loop, io::BlockingPool& pool, std::string folder, bool builds) {
  SystemClock clock;
  SystemRandom random;
  SilentLog log;
  io::SystemDisk disk(pool);
  auto store = co_await store::open_log_store({disk, random, log}, folder + "/store");
  auto images =
      co_await Images::open({loop, pool, *store, random, clock, log}, {.folder = folder + "/images"});
  co_await check_steps(*images, *store);
  if (builds) co_await build_steps(*images, folder);
  images.reset();
  co_await store->close();
}

int run_building_life(const std::string& folder, bool builds) {
  io::EpollLoop loop;
  io::BlockingPool pool(3);
  return ended(loop.run(live_building(loop, pool, folder, builds)));
}

}  // namespace

TEST_CASE("a daemon killed at any moment leaves no half image") {
  if (!is_root()) return;
  ScratchFolder scratch;
  const std::string archive = large({"big:1"}).bytes();
  SeededRandom random(7);
  REQUIRE_EQ(run_life(scratch.path, archive, Loads::once), 0);  // so that there is an image to check
  for (int round = 0; round < 25; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(run_life(scratch.path, archive, Loads::until_killed));
    usleep(static_cast<useconds_t>(3000 + random.below(250'000)));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    CHECK_MESSAGE(WIFSIGNALED(status), "the daemon found something broken in round ", round);
  }
  CHECK_EQ(run_life(scratch.path, archive, Loads::none), 0);
  // Nothing is left over of what was being made.
  for (const char* name : {"work", "trash"}) {
    auto folder = open_folder(AT_FDCWD, (scratch.path + "/images/" + name).c_str());
    REQUIRE(folder.has_value());
    if (std::string_view(name) == "work") CHECK(list_folder(folder->get())->empty());
  }
}

TEST_CASE("a daemon killed while it builds leaves whole layers and blobs, and nothing else") {
  if (!is_root()) return;
  ScratchFolder scratch;
  SeededRandom random(11);
  for (int round = 0; round < 20; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(run_building_life(scratch.path, true));
    usleep(static_cast<useconds_t>(10'000 + random.below(120'000)));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    CHECK_MESSAGE(WIFSIGNALED(status), "the daemon found something broken in round ", round);
  }
  CHECK_EQ(run_building_life(scratch.path, false), 0);
  for (const char* name : {"work", "snapshots"}) {
    auto folder = open_folder(AT_FDCWD, (scratch.path + "/images/" + name).c_str());
    REQUIRE(folder.has_value());
    CHECK_MESSAGE(list_folder(folder->get())->empty(), name);
  }
}

TEST_CASE("after a power cut, what had not settled is checked and made anew") {
  if (!is_root()) return;
  Ground ground;
  const ImageArchive archive = large({"big:1"});
  ground.load(archive);
  const ImagePtr image = ground.get("big:1");
  // As another boot of the machine would see it: the records are of a boot that is over.
  auto age = [&](std::string_view prefix, const std::string& name, auto record) {
    record.boot = "an earlier boot";
    REQUIRE(ground.run(store::write(ground.store(), std::string(prefix) + name, encode(record))).has_value());
  };
  for (const std::string& chain_id : image->chain_ids) {
    const std::string path = text("{}/images/layers/{}/fs/dir0", ground.scratch.path, chain_id.substr(7));
    REQUIRE(exists(path));
    REQUIRE(remove_tree(path).has_value());  // never reached the disk
    const std::size_t at = static_cast<std::size_t>(
        std::find(image->chain_ids.begin(), image->chain_ids.end(), chain_id) - image->chain_ids.begin());
    age(keys::layer, chain_id, LayerRecord{image->config.diff_ids[at], 1, ""});
  }
  auto size_of = [&](const std::string& digest) {
    struct stat status = {};
    CHECK_EQ(stat(ground.images->blob_path(digest).c_str(), &status), 0);
    return static_cast<std::uint64_t>(status.st_size);
  };
  for (const std::string& digest : image->layer_digests)
    age(keys::blob, digest, BlobRecord{size_of(digest), ""});
  ground.open();
  REQUIRE_EQ(ground.images->list().size(), 1);
  for (const std::string& chain_id : image->chain_ids)
    CHECK(exists(text("{}/images/layers/{}/fs/dir0", ground.scratch.path, chain_id.substr(7))));

  // A blob of the right size and other bytes: the image cannot be made again, and is gone.
  const std::string lost = image->layer_digests[1];
  const std::uint64_t size = size_of(lost);
  write_to(ground.images->blob_path(lost), std::string(size, '\0'));
  age(keys::blob, lost, BlobRecord{size, ""});
  age(keys::layer, image->chain_ids[1], LayerRecord{image->config.diff_ids[1], 1, ""});
  ground.open();
  CHECK(ground.images->list().empty());
  CHECK_EQ(ground.images->get("big:1").error().kind(), ErrorKind::not_found);
  ground.load(archive);
  CHECK_EQ(ground.get("big:1")->id, image->id);
}

}  // namespace podo::image
