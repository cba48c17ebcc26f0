#include "container/volumes/file_tree.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "container/config/scratch_testing.h"

namespace podo::engine {
namespace {

io::Fd opened(const std::string& path) {
  return *linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
}

TEST_CASE("a tree is copied with everything that makes it what it is") {
  const ScratchFolder scratch;
  scratch.folder("from/a/b");
  scratch.folder("to");
  scratch.file("from/a/file", "content", 0640);
  REQUIRE(::chown(scratch.path("from/a/file").c_str(), 5, 6) == 0);
  REQUIRE(::chmod(scratch.path("from/a/file").c_str(), 04750) == 0);
  REQUIRE(::link(scratch.path("from/a/file").c_str(), scratch.path("from/a/b/again").c_str()) == 0);
  scratch.link("/etc/passwd", "from/a/link");
  REQUIRE(::mkfifo(scratch.path("from/a/fifo").c_str(), 0600) == 0);
  REQUIRE(::mknod(scratch.path("from/a/null").c_str(), S_IFCHR | 0666, ::makedev(1, 3)) == 0);
  REQUIRE(::setxattr(scratch.path("from/a/file").c_str(), "user.x", "y", 1, 0) == 0);
  REQUIRE(::chmod(scratch.path("from").c_str(), 01777) == 0);
  REQUIRE(::chown(scratch.path("from").c_str(), 7, 8) == 0);
  const auto copied = copy_tree(opened(scratch.path("from")).get(), opened(scratch.path("to")).get());
  REQUIRE_MESSAGE(copied, copied.error().message());
  struct stat file{}, again{}, top{}, link{};
  REQUIRE(::lstat(scratch.path("to/a/file").c_str(), &file) == 0);
  REQUIRE(::lstat(scratch.path("to/a/b/again").c_str(), &again) == 0);
  REQUIRE(::lstat(scratch.path("to").c_str(), &top) == 0);
  REQUIRE(::lstat(scratch.path("to/a/link").c_str(), &link) == 0);
  CHECK(scratch.read("to/a/file") == "content");
  CHECK(file.st_uid == 5);
  CHECK((file.st_mode & 07777) == 04750);
  CHECK(file.st_ino == again.st_ino);
  CHECK(S_ISLNK(link.st_mode));
  CHECK(top.st_uid == 7);
  CHECK((top.st_mode & 07777) == 01777);
  char value = 0;
  CHECK(::getxattr(scratch.path("to/a/file").c_str(), "user.x", &value, 1) == 1);
  CHECK(*tree_bytes(scratch.path("to")) == 7 + 11);  // the file once, and the link's text
}

TEST_CASE("removing a tree follows no symlink") {
  const ScratchFolder scratch;
  scratch.folder("kept");
  scratch.file("kept/file", "x");
  scratch.folder("gone/inner");
  scratch.link("../kept", "gone/link");
  scratch.link(scratch.path("kept").c_str(), "gone/inner/link");
  CHECK(remove_tree(scratch.path("gone")));
  CHECK(::access(scratch.path("gone").c_str(), F_OK) != 0);
  CHECK(scratch.read("kept/file") == "x");
  CHECK(remove_tree(scratch.path("gone")));  // nothing there
}

}  // namespace
}  // namespace podo::engine
