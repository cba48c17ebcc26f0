// Trees of images in the making: what becomes a layer, what leaves no trace, and the images made of it.
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>

#include "container/image/images_testing.h"
#include "container/image/local_images.h"
#include "container/image/unpack.h"

namespace podo::image {
namespace {

std::string base_layer() {
  return Archive()
      .add({.type = tar::Type::directory, .path = "etc", .mode = 0750, .uid = 7, .mtime_s = 1000})
      .file("etc/old", "old")
      .file("etc/gone", "gone")
      .folder("lib")
      .file("lib/a", "a")
      .symlink("var", "/really/var")
      .symlink("etc/resolv.conf", "../run/net/resolv.conf")
      .end();
}

class Build : public Ground {
 public:
  explicit Build(ImagesOptions::Snapshots snapshots = ImagesOptions::Snapshots::choose) : Ground(snapshots) {
    load({{base_layer()}, {"base:1"}});
    base = get("base:1")->chain_ids;
  }
  // A tree that is mounted, changed, and let go.
  template <class F>
  void change(std::vector<std::string> chain, std::vector<std::string> stubs, F&& work) {
    auto made = run(images->make_build_snapshot("b", std::move(chain), std::move(stubs)));
    REQUIRE_MESSAGE(made.has_value(), made.error().message());
    auto mounted = run(images->mount_snapshot("b", mnt));
    REQUIRE_MESSAGE(mounted.has_value(), mounted.error().message());
    work();
    REQUIRE(run(images->unmount(mnt)).has_value());
  }
  Images::KeptLayer keep(std::optional<std::int64_t> times = {}) {
    auto kept = run(images->keep_changes("b", times));
    REQUIRE_MESSAGE(kept.has_value(), kept.error().message());
    return *kept;
  }
  std::string tree_of(std::string_view chain_id) const {
    return text("{}/images/layers/{}/fs", scratch.path, chain_id.substr(7));
  }
  // The paths of a layer, one a line, with its marks.
  std::string list(const std::string& tree) {
    std::string out;
    auto walk = TreeWalk::open(tree);
    REQUIRE(walk.has_value());
    while (const TreeWalk::Found* found = *walk->next()) {
      out += (out.empty() ? "" : " ") + found->path;
      if (is_whiteout(found->status)) out += "(gone)";
      if (found->folder && is_opaque(found->folder.get())) out += "(opaque)";
    }
    return out;
  }
  // The layer as who pulls it has it: packed, and unpacked again.
  std::string list_unpacked(const std::string& chain_id) {
    auto packed = run(images->pack_layer(chain_id));
    REQUIRE_MESSAGE(packed.has_value(), packed.error().message());
    const std::string at = scratch.path + "/unpacked";
    REQUIRE(remove_tree(at).has_value());
    REQUIRE(make_folders(at, 0755).has_value());
    auto unpacked =
        run(unpack_blob(pool, images->blob_path(packed->digest), at, {UINT64_MAX, UINT64_MAX}, [](auto) {}));
    REQUIRE_MESSAGE(unpacked.has_value(), unpacked.error().message());
    return list(at);
  }

  std::vector<std::string> base;
  const std::string mnt = scratch.path + "/mnt";
};

std::string path_of(const Build& build, std::string_view name) { return build.mnt + "/" + std::string(name); }

timespec time_of(const std::string& path) {
  struct stat status = {};
  CHECK_EQ(lstat(path.c_str(), &status), 0);
  return status.st_mtim;
}

void make_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  std::ranges::copy(path, address.sun_path);
  io::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

constexpr auto both_kinds = {ImagesOptions::Snapshots::overlay, ImagesOptions::Snapshots::copy};

}  // namespace

TEST_CASE("what a step changed becomes a layer, the same whether overlayfs kept it or a copy") {
  if (!is_root()) return;
  std::vector<std::string> diff_ids;
  for (auto kind : both_kinds) {
    Build build(kind);
    build.change(build.base, {}, [&] {
      write_to(path_of(build, "etc/new"), "new");
      REQUIRE_EQ(::unlink(path_of(build, "etc/gone").c_str()), 0);
      REQUIRE(remove_tree(path_of(build, "lib")).has_value());
      REQUIRE(make_folders(path_of(build, "deep/er"), 0755).has_value());
      write_to(path_of(build, "deep/er/file"), "12345");
      REQUIRE_EQ(::link(path_of(build, "deep/er/file").c_str(), path_of(build, "deep/twin").c_str()), 0);
      make_socket(path_of(build, "deep/socket"));
    });
    const Images::KeptLayer kept = build.keep(5000);
    CHECK_EQ(kept.bytes, 8);
    CHECK_EQ(kept.chain_id, chain_id_of(build.base.back(), kept.diff_id));
    CHECK(build.images->has_layer(kept.chain_id));
    CHECK_FALSE(build.images->snapshot("b").has_value());
    const std::string wanted = "deep deep/er deep/er/file deep/twin etc etc/gone(gone) etc/new lib(gone)";
    CHECK_EQ(build.list(build.tree_of(kept.chain_id)), wanted);
    CHECK_EQ(build.list_unpacked(kept.chain_id), wanted);
    CHECK_EQ(time_of(build.tree_of(kept.chain_id) + "/deep").tv_sec, 5000);
    CHECK_EQ(time_of(build.tree_of(kept.chain_id) + "/etc/new").tv_sec, 5000);
    diff_ids.push_back(kept.diff_id);

    // And it is what the next step stands on.
    build.change({build.base.back(), kept.chain_id}, {}, [&] {
      CHECK_EQ(content_of(path_of(build, "etc/new")), "new");
      CHECK_FALSE(exists(path_of(build, "etc/gone")));
      CHECK_FALSE(exists(path_of(build, "lib")));
      struct stat status = {};
      CHECK_EQ(stat(path_of(build, "etc").c_str(), &status), 0);
      CHECK_EQ(status.st_mode & 07777, 0750);
      CHECK_EQ(status.st_uid, 7);
    });
    const Images::KeptLayer nothing = build.keep();
    CHECK_EQ(nothing.diff_id, "");
    CHECK_EQ(nothing.chain_id, kept.chain_id);
  }
  CHECK_EQ(diff_ids[0], diff_ids[1]);
}

TEST_CASE("a folder that was made anew hides the old one; marks that hide nothing are no change") {
  if (!is_root()) return;
  Build build(ImagesOptions::Snapshots::overlay);
  build.change(build.base, {}, [&] {
    REQUIRE(remove_tree(path_of(build, "lib")).has_value());
    REQUIRE(make_folders(path_of(build, "lib"), 0755).has_value());
    REQUIRE(make_folders(path_of(build, "fresh"), 0755).has_value());
  });
  auto upper = build.images->snapshot("b")->upper;
  REQUIRE(set_opaque(open_folder(AT_FDCWD, (upper + "/fresh").c_str())->get()).has_value());
  REQUIRE_EQ(::mknod((upper + "/never-there").c_str(), S_IFCHR, 0), 0);
  const Images::KeptLayer kept = build.keep();
  CHECK_EQ(build.list(build.tree_of(kept.chain_id)), "fresh lib(opaque)");
  CHECK_EQ(build.list_unpacked(kept.chain_id), "fresh lib(opaque)");
  build.change({build.base.back(), kept.chain_id}, {}, [&] { CHECK_FALSE(exists(path_of(build, "lib/a"))); });
  CHECK_EQ(build.keep().diff_id, "");
}

TEST_CASE("places to mount on are there, look like the image's, and are no change") {
  if (!is_root()) return;
  const std::vector<std::string> stubs = {"/etc/hosts", "/etc/old",         "/etc/resolv.conf",
                                          "/proc/",     "/var/cache/deep/", "/lib/a/below"};
  for (auto kind : both_kinds) {
    Build build(kind);
    build.change(build.base, stubs, [&] {
      for (const char* file : {"etc/hosts", "run/net/resolv.conf", "etc/old"})
        CHECK_MESSAGE(exists(path_of(build, file)), file);
      for (const char* folder : {"proc", "really/var/cache/deep"}) {
        struct stat status = {};
        CHECK_EQ(lstat(path_of(build, folder).c_str(), &status), 0);
        CHECK(S_ISDIR(status.st_mode));
      }
      CHECK_EQ(content_of(path_of(build, "etc/old")), "old");
      struct stat etc = {};
      CHECK_EQ(stat(path_of(build, "etc").c_str(), &etc), 0);
      CHECK_EQ(etc.st_mode & 07777, 0750);
      CHECK_EQ(etc.st_uid, 7);
      CHECK_EQ(etc.st_mtim.tv_sec, 1000);
    });
    CHECK_EQ(build.keep().diff_id, "");

    // What lies beside them is a change, and only that.
    build.change(build.base, stubs, [&] {
      write_to(path_of(build, "etc/mine"), "m");
      write_to(path_of(build, "really/var/cache/mine"), "m");
    });
    const Images::KeptLayer kept = build.keep();
    CHECK_EQ(build.list(build.tree_of(kept.chain_id)),
             "etc etc/mine really really/var really/var/cache really/var/cache/mine");
  }
}

TEST_CASE("a container's tree has the places its mounts need, and does not tell them as its changes") {
  if (!is_root()) return;
  for (auto kind : both_kinds) {
    Build build(kind);
    REQUIRE(build.run(build.images->make_snapshot("c", build.get("base:1"))).has_value());
    build.open();  // the record knows of them
    REQUIRE(build.run(build.images->mount_snapshot("c", build.mnt)).has_value());
    for (const char* name : {"dev", "proc", "sys", "etc/hosts", "etc/hostname", "run/net/resolv.conf"})
      CHECK_MESSAGE(exists(path_of(build, name)), name);
    write_to(path_of(build, "a"), "1");
    REQUIRE(build.run(build.images->unmount(build.mnt)).has_value());
    const auto changes = build.run(build.images->changes("c"));
    REQUIRE(changes.has_value());
    REQUIRE_EQ(changes->size(), 1);
    CHECK_EQ(changes->front().path, "/a");
    if (kind == ImagesOptions::Snapshots::copy) continue;  // a commit of a copy is all of it
    auto image = build.run(build.images->commit({.container_id = "c",
                                                 .reference = "made:1",
                                                 .parent_image_id = build.get("base:1")->id,
                                                 .config_json = build.get("base:1")->config_text,
                                                 .author = "",
                                                 .comment = "",
                                                 .created_by = ""}));
    REQUIRE_MESSAGE(image.has_value(), image.error().message());
    CHECK_EQ(build.list(build.tree_of((*image)->chain_ids.back())), "a");
  }
}

TEST_CASE("a tree on nothing, with places to mount on, is a tree") {
  if (!is_root()) return;
  for (auto kind : both_kinds) {
    Build build(kind);
    build.change({}, {"/dev/"}, [&] {
      CHECK(exists(path_of(build, "dev")));
      write_to(path_of(build, "a"), "1");
    });
    const Images::KeptLayer kept = build.keep();
    CHECK_EQ(kept.chain_id, kept.diff_id);
    CHECK_EQ(build.list(build.tree_of(kept.chain_id)), "a");
  }
}

TEST_CASE("a tree that is mounted is not kept, nor one that is not there") {
  if (!is_root()) return;
  Build build;
  REQUIRE(build.run(build.images->make_build_snapshot("b", build.base, {})).has_value());
  REQUIRE(build.run(build.images->mount_snapshot("b", build.mnt)).has_value());
  CHECK_EQ(build.run(build.images->keep_changes("b", {})).error().kind(), ErrorKind::conflict);
  REQUIRE(build.run(build.images->unmount(build.mnt)).has_value());
  REQUIRE(build.run(build.images->remove_snapshot("b")).has_value());
  CHECK_EQ(build.run(build.images->keep_changes("b", {})).error().kind(), ErrorKind::not_found);
  CHECK_EQ(build.run(build.images->make_build_snapshot("b", {"sha256:none"}, {})).error().kind(),
           ErrorKind::not_found);
}

TEST_CASE("a layer is packed once, and an image of it is like any other") {
  if (!is_root()) return;
  Build build;
  build.change(build.base, {}, [&] { write_to(path_of(build, "etc/new"), std::string(3 << 20, 'n')); });
  const Images::KeptLayer kept = build.keep();
  oci::ImageConfig config = build.get("base:1")->config;
  config.diff_ids.push_back(kept.diff_id);
  config.history.push_back({"2024-01-02T03:04:05Z", "RUN true", "", ""});
  auto built = build.run(build.images->add_built(config, {"docker.io/library/built:1"},
                                                 build.get("base:1")->id, {{"org.example.key", "value"}}));
  REQUIRE_MESSAGE(built.has_value(), built.error().message());
  CHECK_EQ(build.get("built:1")->id, (*built)->id);
  CHECK_EQ((*built)->parent_id, build.get("base:1")->id);
  CHECK_EQ((*built)->layer_digests.front(), build.get("base:1")->layer_digests.front());
  const std::string manifest = content_of(build.images->blob_path((*built)->manifest_digest));
  CHECK(manifest.find(R"("org.example.key":"value")") != std::string::npos);
  const std::string blob = (*built)->layer_digests.back();
  const auto written = time_of(build.images->blob_path(blob));
  build.open();  // the record knows the blob
  auto again = build.run(build.images->pack_layer(kept.chain_id));
  REQUIRE(again.has_value());
  CHECK_EQ(again->digest, blob);
  CHECK_EQ(again->media_type, oci::media_type::layer_gzip);
  CHECK_EQ(time_of(build.images->blob_path(blob)).tv_nsec, written.tv_nsec);
  // A pulled layer's blob is what it came as.
  CHECK_EQ(build.run(build.images->pack_layer(build.base.front()))->digest, (*built)->layer_digests.front());

  // A layer that was changed behind our back is not passed on.
  build.change(build.base, {}, [&] { write_to(path_of(build, "etc/x"), "x"); });
  const Images::KeptLayer other = build.keep();
  write_to(build.tree_of(other.chain_id) + "/etc/x", "y");
  CHECK_EQ(build.run(build.images->pack_layer(other.chain_id)).error().kind(), ErrorKind::corrupt);
}

TEST_CASE("what somebody holds stays, with the layers below and their blobs, and goes when it is let go") {
  if (!is_root()) return;
  Build build;
  std::set<std::string, std::less<>> held;
  build.images->add_roots([&](Images::InUse& into) { into.chain_ids.insert(held.begin(), held.end()); });
  build.change(build.base, {}, [&] { write_to(path_of(build, "a"), "a"); });
  const Images::KeptLayer kept = build.keep();
  held.insert(kept.chain_id);
  const std::string blob = build.get("base:1")->layer_digests.front();
  REQUIRE(build.run(build.images->remove("base:1", {})).has_value());
  CHECK(build.images->has_layer(build.base.front()));
  CHECK(build.images->has_blob(blob));
  REQUIRE(build.run(build.images->drop_layers({kept.chain_id})).has_value());
  CHECK(build.images->has_layer(kept.chain_id));
  held.clear();
  CHECK_EQ(build.run(build.images->drop_layers({kept.chain_id})).value_or(0) > 0, true);
  CHECK_FALSE(build.images->has_layer(kept.chain_id));
  CHECK_FALSE(build.images->has_layer(build.base.front()));
  CHECK_FALSE(build.images->has_blob(blob));
  CHECK_FALSE(exists(build.tree_of(kept.chain_id)));
}

TEST_CASE("a layer is here only with those below it") {
  if (!is_root()) return;
  Build build;
  build.change(build.base, {}, [&] { write_to(path_of(build, "a"), "a"); });
  const Images::KeptLayer kept = build.keep();
  REQUIRE(build.run(build.images->remove("base:1", {})).has_value());  // nobody holds it
  CHECK_FALSE(build.images->has_layer(build.base.front()));
  CHECK_FALSE(build.images->has_layer(kept.chain_id));
}

TEST_CASE("a file of the caller's becomes a blob, whatever comes then") {
  if (!is_root()) return;
  Build build;
  const std::string path = build.scratch.path + "/images/mine", bytes = "the bytes of a blob";
  const std::string digest = crypto::digest_of(bytes);
  for (int again = 0; again < 2; ++again) {
    write_to(path, bytes);
    CHECK_EQ(build.run(build.images->adopt_blob(path, digest, 3)).error().kind(), ErrorKind::corrupt);
    auto adopted = build.run(build.images->adopt_blob(path, digest, bytes.size()));
    REQUIRE_MESSAGE(adopted.has_value(), adopted.error().message());
    CHECK_FALSE(exists(path));
    CHECK_EQ(build.run(build.images->read_blob(digest, 100)).value_or(""), bytes);
    CHECK_EQ(build.run(build.images->collect_garbage()).value_or(1), 0);  // pinned
  }
  auto record = build.run(build.store().find("image/blob/" + digest));
  REQUIRE((record && *record));
  CHECK_EQ((*record)->value(), text("{{\"size\":{}}}", bytes.size()));  // of no boot: settled
  build.open();
  CHECK(build.images->has_blob(digest));
}

TEST_CASE("trees in the making end with the daemon") {
  if (!is_root()) return;
  Build build;
  REQUIRE(build.run(build.images->make_build_snapshot("b", build.base, {"/proc/"})).has_value());
  const std::string place = build.scratch.path + "/images/snapshots/b";
  CHECK(exists(place));
  build.open();
  CHECK_FALSE(exists(place));
  CHECK_FALSE(build.images->snapshot("b").has_value());
  CHECK(build.images->has_layer(build.base.front()));
}

}  // namespace podo::image
