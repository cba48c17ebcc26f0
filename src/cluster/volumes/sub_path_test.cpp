#include "cluster/volumes/sub_path.h"

#include <atomic>
#include <thread>

#include "cluster/volumes/volumes_testing.h"

namespace podo::volumes {
namespace {

struct Volume {
  Volume() {
    for (const char* name : {"/volume", "/volume/inner", "/outside"})
      REQUIRE(::mkdir((scratch.path + name).c_str(), 0755) == 0);
    image::write_to(scratch.path + "/volume/inner/file", "in");
    image::write_to(scratch.path + "/outside/secret", "out");
  }
  void link(const std::string& target, const std::string& name) const {
    REQUIRE(::symlink(target.c_str(), (scratch.path + "/volume/" + name).c_str()) == 0);
  }
  Result<io::Fd> open(const std::string& sub_path) const {
    return open_or_make_sub_path(scratch.path + "/volume", sub_path);
  }
  Scratch scratch;
};

bool has(const io::Fd& folder, const char* name) { return ::faccessat(folder.get(), name, F_OK, 0) == 0; }

TEST_CASE("links in a volume lead where they like in it, and nowhere else") {
  const Volume volume;
  volume.link("inner", "near");
  volume.link("/etc", "absolute");
  volume.link("../outside", "out");
  volume.link("..", "up");
  volume.link("/proc/self/root", "magic");
  volume.link("loop", "loop");
  volume.link("gone", "dangling");
  for (const auto good : {"inner", "near", "inner/file", "near/file", "inner/../inner", "./inner/"})
    CHECK_MESSAGE(volume.open(good).has_value(), good);
  for (const auto bad :
       {"absolute", "out", "out/secret", "up", "up/outside", "magic", "magic/etc", "loop", "absolute/passwd",
        "out/new", "up/new", "absolute/new", "dangling", "dangling/new", "inner/file/new"})
    CHECK_FALSE_MESSAGE(volume.open(bad).has_value(), bad);
  CHECK_FALSE(image::exists(volume.scratch.path + "/outside/new"));
  CHECK_FALSE(image::exists(volume.scratch.path + "/new"));
  CHECK_FALSE(image::exists("/etc/new"));
}

TEST_CASE("what is missing is made with the mode of the volume's root, its group passed on") {
  const Volume volume;
  const std::string path = volume.scratch.path + "/volume";
  REQUIRE(::chown(path.c_str(), 0, 4321) == 0);
  REQUIRE(::chmod(path.c_str(), 02777) == 0);
  REQUIRE(volume.open("a/b/c"));
  CHECK(mode_at(path + "/a/b/c") == 02777);
  CHECK(mode_at(path + "/a") == 02755);
  CHECK(status_of(path + "/a/b/c").st_gid == 4321);
  REQUIRE(::chmod(path.c_str(), 0750) == 0);
  REQUIRE(volume.open("d"));
  CHECK(mode_at(path + "/d") == 0750);
}

TEST_CASE("a pin stays what it was when its name is changed, and is made anew for what is there now") {
  const Volume volume;
  const std::string target = volume.scratch.path + "/pins/v/c/0",
                    inner = volume.scratch.path + "/volume/inner";
  REQUIRE(pin(*volume.open("inner"), target));
  CHECK(image::content_of(target + "/file") == "in");
  REQUIRE(::rename(inner.c_str(), (inner + "2").c_str()) == 0);
  volume.link("/etc", "inner");
  CHECK(image::content_of(target + "/file") == "in");
  CHECK_FALSE(image::exists(target + "/passwd"));
  // The next attempt finds a file there.
  REQUIRE(::unlink(inner.c_str()) == 0);
  image::write_to(inner, "a file");
  REQUIRE(pin(*volume.open("inner"), target));
  CHECK(image::content_of(target) == "a file");
  REQUIRE(pin(*volume.open("inner"), target));
  CHECK(mounts_below(volume.scratch.path)->size() == 1);  // the same: nothing was mounted upon it
}

// A hostile container swaps a folder for a link all the time; whatever is opened is inside.
TEST_CASE("a race for the link is not won") {
  const Volume volume;
  const std::string path = volume.scratch.path + "/volume/";
  REQUIRE(::mkdir((path + "x").c_str(), 0755) == 0);
  volume.link("../outside", "y");
  std::atomic<bool> over = false;
  std::thread hostile([&] {
    while (!over)
      static_cast<void>(
          ::renameat2(AT_FDCWD, (path + "x").c_str(), AT_FDCWD, (path + "y").c_str(), RENAME_EXCHANGE));
  });
  int inside = 0, refused = 0, outside = 0;
  for (int n = 0; n < 3000; ++n) {
    const auto found = volume.open("x");
    if (!found) ++refused;
    else if (has(*found, "secret")) ++outside;
    else ++inside;
    const auto made = volume.open(text("x/n{}", n));
    refused += !made;
  }
  over = true;
  hostile.join();
  CHECK(outside == 0);
  CHECK(names_in(volume.scratch.path + "/outside")->size() == 1);
  CHECK(inside + refused > 0);
}

}  // namespace
}  // namespace podo::volumes
