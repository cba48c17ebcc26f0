#include "container/image/layer_writer.h"

#include <sys/sysmacros.h>

#include "container/image/images_testing.h"

namespace podo::image {
namespace {

struct Layer {
  ScratchFolder scratch;
  LayerLimits limits{1 << 20, 1000};
  std::string root() const { return scratch.path + "/layer"; }

  Result<> unpack(const Archive& archive) {
    TRY(make_folders(root(), 0755));
    LayerWriter writer = TRY(LayerWriter::open(root(), limits));
    tar::Reader reader;
    const std::string bytes = archive.end();
    reader.feed(bytes);
    for (;;) {
      switch (TRY(reader.next())) {
        case tar::Reader::Event::entry: TRY(writer.add(reader.entry())); break;
        case tar::Reader::Event::data: TRY(writer.write(reader.data_offset(), reader.data())); break;
        case tar::Reader::Event::want_more: return internal("cut off");
        case tar::Reader::Event::end: return writer.finish();
      }
    }
  }
  void unpack_well(const Archive& archive) {
    auto unpacked = unpack(archive);
    REQUIRE_MESSAGE(unpacked.has_value(), unpacked.error().message());
  }
  std::string refusal(const Archive& archive) {
    auto unpacked = unpack(archive);
    REQUIRE_FALSE(unpacked.has_value());
    return unpacked.error().message();
  }
  struct stat status(const std::string& path) const {
    struct stat status = {};
    CHECK_EQ(lstat((root() + "/" + path).c_str(), &status), 0);
    return status;
  }
  bool is_hidden(const std::string& path) const {
    struct stat found;
    return lstat((root() + "/" + path).c_str(), &found) == 0 && is_whiteout(found);
  }
  bool opaque(const std::string& path) const {
    auto folder = open_folder(AT_FDCWD, (root() + "/" + path).c_str());
    return folder && is_opaque(folder->get());
  }
};

}  // namespace

TEST_CASE("files, folders, links and devices are what the layer says") {
  if (!is_root()) return;
  Layer layer;
  Archive archive;
  archive.add({.type = tar::Type::directory, .path = "./", .mode = 0750, .mtime_s = 50})
      .add({.type = tar::Type::directory, .path = "dir/", .mode = 02775, .uid = 5, .gid = 6, .mtime_s = 100})
      .add({.path = "dir/f",
            .mode = 04711,
            .uid = 70000,
            .gid = 80000,
            .mtime_s = 200,
            .mtime_ns = 5,
            .xattrs = {{"user.note", "x"},
                       {"trusted.overlay.redirect", "/etc"},
                       {"user.overlay.opaque", "y"}}},
           "content")
      .hard_link("dir/again", "dir/f")
      .symlink("etc", "/dir")
      .add({.type = tar::Type::character_device,
            .path = "null",
            .mode = 0666,
            .device_major = 1,
            .device_minor = 3})
      .add({.type = tar::Type::fifo, .path = "pipe", .mode = 0600})
      .file("deep/er/file", "made with its parents");
  layer.unpack_well(archive);
  const struct stat file = layer.status("dir/f");
  CHECK_EQ(file.st_mode, S_IFREG | 04711);
  CHECK_EQ(file.st_uid, 70000);
  CHECK_EQ(file.st_gid, 80000);
  CHECK_EQ(file.st_mtim.tv_sec, 200);
  CHECK_EQ(file.st_mtim.tv_nsec, 5);
  CHECK_EQ(file.st_nlink, 2);
  CHECK_EQ(layer.status("dir/again").st_ino, file.st_ino);
  CHECK_EQ(layer.status("dir").st_mode, S_IFDIR | 02775);
  CHECK_EQ(layer.status("dir").st_mtim.tv_sec, 100);
  CHECK_EQ(layer.status(".").st_mode, S_IFDIR | 0750);
  CHECK_EQ(layer.status(".").st_mtim.tv_sec, 50);
  CHECK_EQ(layer.status("null").st_rdev, makedev(1, 3));
  CHECK(S_ISFIFO(layer.status("pipe").st_mode));
  CHECK_EQ(content_of(layer.root() + "/dir/again"), "content");
  CHECK_EQ(content_of(layer.root() + "/deep/er/file"), "made with its parents");
  char names[1000];
  const ssize_t size = listxattr((layer.root() + "/dir/f").c_str(), names, sizeof names);
  CHECK_EQ(std::string(names, static_cast<std::size_t>(size)), std::string("user.note\0", 10));
}

TEST_CASE("nothing outside of the folder is written, whatever the names are") {
  if (!is_root()) return;
  const char* names[] = {"../out", "a/../../out", "/../out", "./../../../../out", "a/b/../../../out"};
  for (const char* name : names) {
    Layer layer;
    CHECK(layer.refusal(Archive().file(name, "x")).find("leads out of the layer") != std::string::npos);
    CHECK_FALSE(exists(layer.scratch.path + "/out"));
    Layer other;
    CHECK(other.refusal(Archive().file("f").hard_link("l", name)).find("leads out of the layer") !=
          std::string::npos);
  }
  Layer absolute;
  absolute.unpack_well(Archive().file("/etc/podo-image-test", "x").file("a/./..//b", "y"));
  CHECK_EQ(content_of(absolute.root() + "/etc/podo-image-test"), "x");
  CHECK_EQ(content_of(absolute.root() + "/b"), "y");
}

TEST_CASE("symlinks of the layer lead nowhere but into it") {
  if (!is_root()) return;
  Layer layer;
  const std::string victim = layer.scratch.path + "/victim";
  REQUIRE(make_folders(victim, 0755).has_value());
  write_to(victim + "/secret", "old");
  Archive archive;
  archive.symlink("abs", victim)
      .symlink("up", "../victim")
      .symlink("far", "../../../../../../../../" + victim);
  archive.symlink("self", "self").folder("real").symlink("inside", "/real");
  archive.file("inside/new", "follows");
  layer.unpack_well(archive);
  CHECK_EQ(content_of(layer.root() + "/real/new"), "follows");
  for (const char* name : {"abs/secret", "up/secret", "far/secret"}) {
    Layer hostile;
    Archive again = archive;
    again.file(name, "new");
    static_cast<void>(hostile.unpack(again));  // refused, or it made a folder of its own
    CHECK_EQ(content_of(victim + "/secret"), "old");
  }
  CHECK(Layer().refusal(Archive().symlink("loop", "loop").file("loop/f")).find("loop") != std::string::npos);
  // The file itself is a symlink: it is replaced, not written through.
  Layer through;
  through.unpack_well(Archive().symlink("f", victim + "/secret").file("f", "mine"));
  CHECK_EQ(content_of(victim + "/secret"), "old");
  CHECK_EQ(content_of(through.root() + "/f"), "mine");
  // A hard link to a symlink is another name of the symlink.
  Layer linked;
  linked.unpack_well(Archive().symlink("s", victim + "/secret").hard_link("h", "s").file("h", "mine"));
  CHECK_EQ(content_of(victim + "/secret"), "old");
  // Through a parent that is a symlink: what it means inside of the layer is not there.
  Layer out;
  CHECK_FALSE(out.unpack(Archive().symlink("d", victim).hard_link("h", "d/secret")).has_value());
  CHECK_FALSE(exists(out.root() + "/h"));
}

TEST_CASE("a folder that was open when it was replaced is not written to any more") {
  if (!is_root()) return;
  Layer layer;
  const std::string victim = layer.scratch.path + "/victim";
  REQUIRE(make_folders(victim, 0755).has_value());
  Archive archive;
  archive.folder("a").file("a/1", "1").symlink("a", victim);
  archive.file("a/2", "2");
  static_cast<void>(layer.unpack(archive));
  CHECK_FALSE(exists(victim + "/2"));
  CHECK_FALSE(exists(victim + "/1"));
}

TEST_CASE("a later member replaces an earlier one of its name") {
  if (!is_root()) return;
  Layer layer;
  Archive archive;
  archive.file("x", "file").folder("x").file("x/in", "1").file("x", "file again");
  archive.folder("d").file("d/kept", "k").add({.type = tar::Type::directory, .path = "d", .mode = 0700});
  archive.file("h", "shared").hard_link("h", "h").symlink("s", "1").symlink("s", "2");
  layer.unpack_well(archive);
  CHECK_EQ(content_of(layer.root() + "/x"), "file again");
  CHECK_EQ(content_of(layer.root() + "/d/kept"), "k");
  CHECK_EQ(layer.status("d").st_mode, S_IFDIR | 0700);
  CHECK_EQ(content_of(layer.root() + "/h"), "shared");
}

TEST_CASE("whiteouts become overlayfs's marks, and cannot be abused") {
  if (!is_root()) return;
  Layer layer;
  Archive archive;
  archive.file("etc/.wh.passwd")
      .folder("var")
      .file("var/.wh..wh..opq")
      .file(".wh..wh.plnk")
      .file(".wh..wh.aufs");
  archive.file("kept", "k").file(".wh.kept");                   // a file of this very layer stays
  archive.folder("both").file("both/f", "f").file(".wh.both");  // and a folder hides what was below it
  archive.file(".wh.new").folder("new").file("new/f", "n");
  layer.unpack_well(archive);
  CHECK(layer.is_hidden("etc/passwd"));
  CHECK(layer.opaque("var"));
  CHECK_EQ(content_of(layer.root() + "/kept"), "k");
  CHECK_EQ(content_of(layer.root() + "/both/f"), "f");
  CHECK(layer.opaque("both"));
  CHECK(layer.opaque("new"));
  CHECK_FALSE(layer.opaque("etc"));
  for (const char* name :
       {".wh.", ".wh..wh..wh..", "etc/.wh..", "etc/.wh...", ".wh..", ".wh...", "a/.wh./b", ".wh.d/f"}) {
    Layer bad;
    auto unpacked = bad.unpack(Archive().folder("etc").file(name, "x"));
    if (std::string_view(name) == ".wh..wh..wh..") CHECK(unpacked.has_value());  // aufs's own, passed over
    else CHECK_MESSAGE(!unpacked.has_value(), name);
    CHECK(exists(bad.scratch.path));
  }
  Layer opaque_root;
  opaque_root.unpack_well(Archive().file(".wh..wh..opq"));
  CHECK(opaque_root.opaque("."));
}

TEST_CASE("limits of bytes and members hold") {
  if (!is_root()) return;
  Layer layer;
  layer.limits = {1000, 3};
  CHECK(layer.refusal(Archive().file("a", std::string(1001, 'a'))).find("more than 1000 bytes") !=
        std::string::npos);
  CHECK(layer.refusal(Archive().folder("1").folder("2").folder("3").folder("4")).find("more than 3 files") !=
        std::string::npos);
  CHECK_FALSE(Layer().unpack(Archive().file(std::string(300, 'n'))).has_value());
  CHECK_FALSE(Layer().unpack(Archive().add({.path = "."}, "x")).has_value());
  std::string deep;
  for (int i = 0; i < 3000; ++i) deep += "d/";
  CHECK_FALSE(Layer().unpack(Archive().folder(deep)).has_value());
}

TEST_CASE("deep trees are removed without a stack or many descriptors") {
  ScratchFolder scratch;
  auto at = open_folder(AT_FDCWD, scratch.path.c_str());
  REQUIRE(at.has_value());
  for (int i = 0; i < 3000; ++i) {
    REQUIRE_EQ(mkdirat(at->get(), "d", 0755), 0);
    at = open_folder(at->get(), "d");
    REQUIRE(at.has_value());
  }
  auto removed = remove_tree(scratch.path + "/d");
  REQUIRE_MESSAGE(removed.has_value(), removed.error().message());
  CHECK_FALSE(exists(scratch.path + "/d"));
  CHECK(remove_tree(scratch.path + "/d").has_value());
}

}  // namespace podo::image
