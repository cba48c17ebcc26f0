#include <algorithm>

#include "base/format/gzip.h"
#include "base/format/zstd.h"
#include "container/image/images_testing.h"

namespace podo::image {
namespace {

ImageArchive sample(std::vector<std::string> tags = {"sample:1"}) {
  return {{Archive().folder("etc").file("etc/a", "1").file("etc/b", "2").end(),
           Archive().folder("etc").file("etc/.wh.a").file("etc/c", std::string(5000, 'c')).end()},
          std::move(tags)};
}

// What a Sink was given.
struct Collected {
  std::string bytes;
  Images::Sink sink() {
    return [this](std::string_view piece) { return add(std::string(piece)); };
  }
  Task<void> add(std::string piece) {
    bytes += piece;
    co_return;
  }
};

std::string save(Ground& ground, std::vector<std::string> references) {
  Collected archive;
  auto saved = ground.run(ground.images->save(std::move(references), archive.sink()));
  REQUIRE_MESSAGE(saved.has_value(), saved.error().message());
  return archive.bytes;
}

std::map<std::string, std::string> members_of(const std::string& archive) {
  std::map<std::string, std::string> members;
  tar::Reader reader;
  reader.feed(archive);
  std::string name;
  for (;;) {
    auto event = reader.next();
    REQUIRE_MESSAGE(event.has_value(), event.error().message());
    if (*event == tar::Reader::Event::end) return members;
    REQUIRE(*event != tar::Reader::Event::want_more);
    if (*event == tar::Reader::Event::entry) members[name = reader.entry().path];
    else members[name] += reader.data();
  }
}

}  // namespace

TEST_CASE("what is saved loads again, as docker's archive and as an OCI layout") {
  if (!is_root()) return;
  Ground ground;
  ground.load(sample({"sample:1", "sample:2"}));
  const ImagePtr image = ground.get("sample:1");
  const std::string archive = save(ground, {"sample:1", "sample:2"});
  auto members = members_of(archive);
  CHECK(members.contains("oci-layout"));
  CHECK(members["manifest.json"].find(R"("RepoTags":["sample:1","sample:2"])") != std::string::npos);

  for (const char* without : {"", "manifest.json", "index.json"}) {
    Archive changed;
    for (const auto& [name, content] : members)
      if (name != without) changed.file(name, content);
    Ground other;
    auto loaded = other.load(changed.end());
    std::sort(loaded.begin(), loaded.end());
    CHECK((loaded == std::vector<std::string>{"sample:1", "sample:2"}));
    CHECK_EQ(other.get("sample:2")->id, image->id);
    CHECK_EQ(other.get("sample:2")->config_text, image->config_text);
    CHECK_EQ(other.get("sample:1")->manifest_digest, image->manifest_digest);
  }
  Ground nameless;
  CHECK((nameless.load(save(ground, {image->id})) == std::vector<std::string>{image->id}));
}

TEST_CASE("archives and layers may be compressed, and layers may be links to one another") {
  if (!is_root()) return;
  const ImageArchive plain = sample();
  const std::string bytes = plain.bytes();
  for (const std::string& packed : {gzip::Compressor(6).compress(bytes), zstd::compress(bytes, 3)}) {
    Ground ground;
    ground.load(packed);
    CHECK_EQ(ground.get("sample:1")->id, plain.id());
  }
  Archive linked;
  linked.file("blob0", gzip::Compressor(1).compress(plain.layers[0]));
  linked.file("dir/blob1", zstd::compress(plain.layers[1], 1));
  linked.symlink("l0/layer.tar", "../blob0").hard_link("l1/layer.tar", "dir/blob1").symlink("loop", "loop");
  linked.file("c.json", plain.config());
  linked.file("manifest.json",
              R"([{"Config":"c.json","RepoTags":["x:y"],"Layers":["l0/layer.tar","l1/layer.tar"]}])");
  Ground ground;
  ground.load(linked.end());
  CHECK_EQ(ground.get("x:y")->id, plain.id());
}

TEST_CASE("archives of docker before 1.10 load") {
  if (!is_root()) return;
  const ImageArchive image = sample();
  Archive old;
  old.file("bbb/json",
           R"({"id":"bbb","parent":"aaa","created":"2015-01-01T00:00:00Z","architecture":"amd64",)"
           R"("os":"linux","config":{"Cmd":["/bin/old"]}})");
  old.file("bbb/layer.tar", image.layers[1]).file("aaa/layer.tar", image.layers[0]);
  old.file("aaa/json", R"({"id":"aaa","created":"2014-01-01T00:00:00Z"})");
  old.file("repositories", R"({"old":{"v1":"bbb"}})");
  Ground ground;
  CHECK((ground.load(old.end()) == std::vector<std::string>{"old:v1"}));
  CHECK((ground.get("old:v1")->config.cmd == std::vector<std::string>{"/bin/old"}));
  CHECK_EQ(ground.get("old:v1")->chain_ids.size(), 2);
}

TEST_CASE("what a container changed becomes a layer") {
  if (!is_root()) return;
  Ground ground;
  ground.load(sample());
  const std::string at = ground.scratch.path + "/mnt";
  REQUIRE(ground.run(ground.images->make_snapshot("c", ground.get("sample:1"))).has_value());
  REQUIRE(ground.run(ground.images->mount_snapshot("c", at)).has_value());
  write_to(at + "/etc/new", "n");
  REQUIRE_EQ(::link((at + "/etc/new").c_str(), (at + "/etc/new2").c_str()), 0);
  REQUIRE_EQ(::unlink((at + "/etc/b").c_str()), 0);
  REQUIRE_EQ(setxattr((at + "/etc/new").c_str(), "user.note", "x", 1, 0), 0);
  Images::CommitOptions options{
      .container_id = "c",
      .reference = "made:1",
      .parent_image_id = ground.get("sample:1")->id,
      .config_json = R"({"architecture":"amd64","os":"linux","config":{"Cmd":["new"]}})",
      .author = "someone",
      .comment = "why",
      .created_by = "sh"};
  auto made = ground.run(ground.images->commit(options));
  REQUIRE_MESSAGE(made.has_value(), made.error().message());
  CHECK_EQ((*made)->chain_ids.size(), 3);
  CHECK_EQ((*made)->parent_id, ground.get("sample:1")->id);
  CHECK((ground.get("made:1")->config.cmd == std::vector<std::string>{"new"}));
  CHECK_EQ((*made)->config.history.back().comment, "why");
  REQUIRE(ground.run(ground.images->unmount(at)).has_value());
  CHECK_EQ(ground.run(ground.images->remove("sample:1", {.force = true, .prune_parents = true, .in_use = {}}))
               .value()
               .deleted.size(),
           0);  // its name went; the image has a child
  REQUIRE(ground.run(ground.images->make_snapshot("d", *made)).has_value());
  REQUIRE(ground.run(ground.images->mount_snapshot("d", at)).has_value());
  CHECK_EQ(content_of(at + "/etc/new2"), "n");
  CHECK_FALSE(exists(at + "/etc/b"));
  CHECK_EQ(content_of(at + "/etc/c"), std::string(5000, 'c'));
  struct stat first, second;
  CHECK_EQ(lstat((at + "/etc/new").c_str(), &first), 0);
  CHECK_EQ(lstat((at + "/etc/new2").c_str(), &second), 0);
  CHECK_EQ(first.st_ino, second.st_ino);
  CHECK_EQ(getxattr((at + "/etc/new").c_str(), "user.note", nullptr, 0), 1);
  // A container that changed nothing makes an image without another layer.
  options.container_id = "d";
  options.parent_image_id = (*made)->id;
  options.reference = "";
  REQUIRE(ground.run(ground.images->unmount(at)).has_value());
  auto same = ground.run(ground.images->commit(options));
  REQUIRE_MESSAGE(same.has_value(), same.error().message());
  CHECK_EQ((*same)->chain_ids.size(), 3);
  CHECK((*same)->config.history.back().empty_layer);
}

TEST_CASE("a tree is exported and imported") {
  if (!is_root()) return;
  Ground ground;
  ground.load(sample());
  const std::string at = ground.scratch.path + "/mnt";
  REQUIRE(ground.run(ground.images->make_snapshot("c", ground.get("sample:1"))).has_value());
  REQUIRE(ground.run(ground.images->mount_snapshot("c", at)).has_value());
  Collected tree;
  REQUIRE(ground.run(ground.images->export_tree(at, tree.sink())).has_value());
  auto members = members_of(tree.bytes);
  CHECK_EQ(members.size(), 3 + 6);  // the places its mounts need
  CHECK_EQ(members["etc/b"], "2");
  for (const std::string& bytes : {tree.bytes, gzip::Compressor(6).compress(tree.bytes)}) {
    TextBody body(bytes);
    auto made =
        ground.run(ground.images->import(body, "flat:1", R"({"architecture":"amd64","os":"linux"})", "msg"));
    REQUIRE_MESSAGE(made.has_value(), made.error().message());
    CHECK_EQ((*made)->config.history[0].comment, "msg");
    CHECK_EQ((*made)->config.diff_ids[0], crypto::digest_of(tree.bytes));
    REQUIRE(ground.run(ground.images->make_snapshot("i", *made)).has_value());
    REQUIRE(ground.run(ground.images->unmount(at)).has_value());
    REQUIRE(ground.run(ground.images->mount_snapshot("i", at)).has_value());
    CHECK_EQ(content_of(at + "/etc/b"), "2");
    REQUIRE(ground.run(ground.images->unmount(at)).has_value());
    REQUIRE(ground.run(ground.images->remove_snapshot("i")).has_value());
  }
}

}  // namespace podo::image
