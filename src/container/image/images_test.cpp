#include "container/image/images_testing.h"

namespace podo::image {
namespace {

std::string plain_layer(std::string name, std::string content = "content") {
  return Archive().folder("etc").file("etc/" + name, content).end();
}

ImageArchive two_layers(std::vector<std::string> tags = {"web:1"}) {
  return {
      {Archive().folder("etc").file("etc/a", "1").file("etc/b", "2").folder("usr").file("usr/x", "x").end(),
       Archive()
           .folder("etc")
           .file("etc/.wh.a")
           .file("etc/c", "3")
           .folder("usr")
           .file("usr/.wh..wh..opq")
           .end()},
      std::move(tags)};
}

}  // namespace

TEST_CASE("a loaded image is found by tag, id, prefix and digest, after the daemon was started again too") {
  if (!is_root()) return;
  Ground ground;
  const ImageArchive archive = two_layers({"web:1", "example.com/web:stable"});
  CHECK((ground.load(archive) == std::vector<std::string>{"web:1", "example.com/web:stable"}));
  for (int start = 0; start < 2; ++start) {
    const ImagePtr image = ground.get("web:1");
    CHECK_EQ(image->id, archive.id());
    CHECK_EQ(image->config_text, archive.config());
    CHECK_EQ(image->chain_ids.size(), 2);
    CHECK_EQ(image->size_bytes, 4);
    CHECK((image->layer_sizes == std::vector<std::uint64_t>{3, 1}));
    CHECK((image->tags == std::vector<std::string>{"docker.io/library/web:1", "example.com/web:stable"}));
    for (const std::string& name :
         {archive.id(), archive.id().substr(7), archive.id().substr(7, 12),
          std::string("docker.io/library/web:1"), std::string("example.com/web:stable")})
      CHECK_EQ(ground.get(name)->id, archive.id());
    CHECK_EQ(ground.images->get("web").error().message(), "No such image: web:latest");
    CHECK_EQ(ground.images->get("ffffffffffff").error().kind(), ErrorKind::not_found);
    CHECK_EQ(ground.images->get("WEB::").error().kind(), ErrorKind::invalid);
    ground.open();
  }
  CHECK_EQ(ground.images->list().size(), 1);
}

TEST_CASE("an overlay of the layers shows what they say together") {
  if (!is_root()) return;
  for (auto kind : {ImagesOptions::Snapshots::overlay, ImagesOptions::Snapshots::copy}) {
    Ground ground(kind);
    ground.load(two_layers());
    const std::string at = ground.scratch.path + "/mnt";
    REQUIRE(ground.run(ground.images->make_snapshot("c1", ground.get("web:1"))).has_value());
    CHECK_EQ(ground.run(ground.images->make_snapshot("c1", ground.get("web:1"))).error().kind(),
             ErrorKind::already_exists);
    for (int again = 0; again < 2; ++again) {
      auto mounted = ground.run(ground.images->mount_snapshot("c1", at));
      REQUIRE_MESSAGE(mounted.has_value(), mounted.error().message());
    }
    CHECK_FALSE(exists(at + "/etc/a"));
    CHECK_EQ(content_of(at + "/etc/b"), "2");
    CHECK_EQ(content_of(at + "/etc/c"), "3");
    CHECK_FALSE(exists(at + "/usr/x"));
    write_to(at + "/etc/new", "mine");
    write_to(at + "/etc/b", "changed");
    REQUIRE_EQ(::unlink((at + "/etc/c").c_str()), 0);
    auto changes = ground.run(ground.images->changes("c1"));
    REQUIRE_MESSAGE(changes.has_value(), changes.error().message());
    std::string told;
    for (const Change& change : *changes)
      told += text("{}{} ", "CAD"[static_cast<int>(change.kind)], change.path);
    CHECK_EQ(told, "C/etc C/etc/b D/etc/c A/etc/new ");
    CHECK_GE(ground.run(ground.images->snapshot_bytes("c1")).value(), 11);
    REQUIRE(ground.run(ground.images->unmount(at)).has_value());
    REQUIRE(ground.run(ground.images->unmount(at)).has_value());
    CHECK_FALSE(exists(at + "/etc"));
    REQUIRE(ground.run(ground.images->mount_snapshot("c1", at)).has_value());  // as a restart does
    CHECK_EQ(content_of(at + "/etc/new"), "mine");
    REQUIRE(ground.run(ground.images->unmount(at)).has_value());
    REQUIRE(ground.run(ground.images->remove_snapshot("c1")).has_value());
    CHECK_EQ(ground.images->snapshot("c1").error().kind(), ErrorKind::not_found);
    CHECK_FALSE(exists(ground.scratch.path + "/images/snapshots/c1"));
  }
}

TEST_CASE("128 layers are mounted, below a folder of a long name too") {
  if (!is_root()) return;
  Ground ground;
  ImageArchive archive{{}, {"many"}};
  for (int i = 0; i < 128; ++i) archive.layers.push_back(Archive().file(text("f{}", i), text("{}", i)).end());
  ground.load(archive);
  const std::string at = ground.scratch.path + "/mnt";
  REQUIRE(ground.run(ground.images->make_snapshot("c", ground.get("many"))).has_value());
  REQUIRE(ground.run(ground.images->mark_scratch("c")).has_value());
  for (int again = 0; again < 2; ++again) {  // a scratch tree is mounted again as well
    auto mounted = ground.run(ground.images->mount_snapshot("c", at));
    REQUIRE_MESSAGE(mounted.has_value(), mounted.error().message());
    CHECK_EQ(content_of(at + "/f0"), "0");
    CHECK_EQ(content_of(at + "/f127"), "127");
    REQUIRE(ground.run(ground.images->unmount(at)).has_value());
  }
}

TEST_CASE("an image with a layer that lies is refused and leaves nothing") {
  if (!is_root()) return;
  Ground ground;
  ImageArchive archive = two_layers();
  std::string bytes = archive.bytes();
  bytes.replace(bytes.find("\"diff_ids\":[\"sha256:") + 20, 4, "beef");
  // The header of the config's tar member stays true: only its content changed.
  TextBody body(bytes);
  auto loaded = ground.run(ground.images->load(body, [](const Progress&) {}));
  REQUIRE_FALSE(loaded.has_value());
  CHECK_EQ(loaded.error().kind(), ErrorKind::corrupt);
  CHECK(ground.images->list().empty());
  ImageArchive hostile{{Archive().file("../../escape", "x").end()}, {"evil"}};
  TextBody evil(hostile.bytes());
  CHECK_FALSE(ground.run(ground.images->load(evil, [](const Progress&) {})).has_value());
  CHECK(ground.images->list().empty());
  for (const char* text : {"", "no archive at all, but long enough to be taken for a block of one"}) {
    TextBody nothing{text};
    CHECK_FALSE(ground.run(ground.images->load(nothing, [](const Progress&) {})).has_value());
  }
}

TEST_CASE("rmi takes names away, and the image with the last of them") {
  if (!is_root()) return;
  Ground ground;
  const ImageArchive archive = two_layers({"web:1", "web:2"});
  ground.load(archive);
  auto removed = ground.run(ground.images->remove("web:1", {}));
  REQUIRE(removed.has_value());
  CHECK((removed->untagged == std::vector<std::string>{"web:1"}));
  CHECK(removed->deleted.empty());
  Images::RemoveOptions used{.force = false, .prune_parents = true, .in_use = [](const std::string&) {
                               return std::string("container 3f2a (exited)");
                             }};
  const std::string short_name = archive.id().substr(7, 12);
  CHECK_EQ(
      ground.run(ground.images->remove("web:2", used)).error().message(),
      text("conflict: unable to remove repository reference \"web:2\" (must force) - container 3f2a is using "
           "its referenced image {}",
           short_name));
  CHECK_EQ(
      ground.run(ground.images->remove(short_name, used)).error().message(),
      text("conflict: unable to delete {} (must be forced) - image is being used by stopped container 3f2a",
           short_name));
  used.in_use = [](const std::string&) { return std::string("container 3f2a (running)"); };
  used.force = true;
  CHECK_EQ(
      ground.run(ground.images->remove(short_name, used)).error().message(),
      text("conflict: unable to delete {} (cannot be forced) - image is being used by running container 3f2a",
           short_name));
  REQUIRE(ground.run(ground.images->tag(archive.id(), "other/name:x")).has_value());
  CHECK_EQ(
      ground.run(ground.images->remove(short_name, {})).error().message(),
      text("conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
           short_name));
  REQUIRE(ground.run(ground.images->remove("other/name:x", {})).has_value());
  const auto chain_ids = ground.get("web:2")->chain_ids;
  removed = ground.run(ground.images->remove(short_name, {}));
  REQUIRE_MESSAGE(removed.has_value(), removed.error().message());
  CHECK((removed->untagged == std::vector<std::string>{"web:2"}));
  CHECK((removed->deleted == std::vector<std::string>{archive.id(), chain_ids[1], chain_ids[0]}));
  CHECK_EQ(removed->freed_bytes, 4);
  CHECK(ground.images->list().empty());
  CHECK_EQ(ground.run(ground.images->usage()).value().blob_bytes, 0);
  CHECK_EQ(ground.run(ground.images->remove("web:2", {})).error().message(), "No such image: web:2");
}

TEST_CASE("a tag moves, and layers that others share stay") {
  if (!is_root()) return;
  Ground ground;
  const std::string shared = plain_layer("base");
  const ImageArchive one{{shared, plain_layer("one")}, {"app:latest"}},
      two{{shared, plain_layer("two")}, {"app:latest"}};
  ground.load(one);
  ground.load(two);
  CHECK_EQ(ground.get("app")->id, two.id());
  CHECK(ground.get(one.id())->tags.empty());  // dangling
  auto removed = ground.run(ground.images->remove(one.id(), {}));
  REQUIRE(removed.has_value());
  CHECK_EQ(removed->deleted.size(), 2);  // the image, and the one layer of its own
  REQUIRE(ground.run(ground.images->make_snapshot("c", ground.get("app"))).has_value());
  // The image goes, the container's layers stay until it goes too.
  REQUIRE(ground.run(ground.images->remove("app", {.force = true, .prune_parents = true, .in_use = {}}))
              .has_value());
  CHECK(ground.images->has_layer(crypto::digest_of(shared)));
  REQUIRE(ground.run(ground.images->remove_snapshot("c")).has_value());
  CHECK_GT(ground.run(ground.images->collect_garbage()).value(), 0);
  CHECK_FALSE(ground.images->has_layer(crypto::digest_of(shared)));
}

TEST_CASE("pins keep content from the collection") {
  if (!is_root()) return;
  Ground ground;
  auto digest = ground.run(ground.images->add_blob("some bytes"));
  REQUIRE(digest.has_value());
  CHECK_EQ(ground.run(ground.images->collect_garbage()).value(), 0);  // new ones are pinned
  ground.open();
  CHECK(ground.images->has_blob(*digest));
  REQUIRE(ground.run(ground.images->pin(*digest, seconds(60))).has_value());
  CHECK_EQ(ground.run(ground.images->collect_garbage()).value(), 0);
  ground.open();  // pins end with the daemon
  CHECK_EQ(ground.run(ground.images->collect_garbage()).value(), 10);
  CHECK_FALSE(ground.images->has_blob(*digest));
}

TEST_CASE("blobs go on where they stopped, and only true ones are kept") {
  if (!is_root()) return;
  Ground ground;
  std::string bytes(3'000'000, 'b');
  for (std::size_t i = 0; i < bytes.size(); i += 1000) bytes[i] = static_cast<char>(i / 1000);
  const std::string digest = crypto::digest_of(bytes);
  for (std::size_t from : {std::size_t{0}, std::size_t{2'000'000}}) {
    auto writer = ground.run(ground.images->write_blob(digest, bytes.size()));
    REQUIRE(writer.has_value());
    CHECK_EQ((*writer)->offset(), from);
    CHECK_EQ(ground.run((*writer)->commit()).error().kind(), ErrorKind::corrupt);  // too short
    REQUIRE(ground.run((*writer)->write(bytes.substr(from, 2'000'000))).has_value());
    if (from == 0) continue;
    CHECK_EQ(ground.run((*writer)->write("more")).error().kind(), ErrorKind::exhausted);
    REQUIRE(ground.run((*writer)->commit()).has_value());
  }
  CHECK(ground.images->has_blob(digest));
  CHECK_EQ(ground.run(ground.images->read_blob(digest, 4 << 20)).value(), bytes);
  const std::string wrong = crypto::digest_of("other");
  auto writer = ground.run(ground.images->write_blob(wrong, 5));
  REQUIRE(ground.run((*writer)->write("bytes")).has_value());
  CHECK_EQ(ground.run((*writer)->commit()).error().kind(), ErrorKind::corrupt);
  CHECK_FALSE(ground.images->has_blob(wrong));
  write_to(ground.images->blob_path(digest), "changed on the disk");
  CHECK_EQ(ground.run(ground.images->read_blob(digest, 4 << 20)).error().kind(), ErrorKind::corrupt);
}

}  // namespace podo::image
