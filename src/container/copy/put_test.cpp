#include <sys/sysmacros.h>

#include "container/copy/files_testing.h"

namespace podo::builder {
namespace {

struct Copies : Workbench {
  Copies() {
    scratch.folder("in/src/sub");
    scratch.file("in/a", "A");
    scratch.file("in/b", "B");
    scratch.file("in/src/x", "X", 0755);
    scratch.file("in/src/sub/y", "Y", 0600);
  }
};

}  // namespace

TEST_CASE("a file goes into a folder, or becomes what the destination says") {
  const Copies w;
  CHECK(w.copy({"a"}, "/d/") == "");
  CHECK(w.copy({"a"}, "/e/f") == "");
  CHECK(w.copy({"b"}, "/d") == "");  // is a folder by now
  CHECK(w.copy({"b"}, "/e/f") == "");
  CHECK(w.copy({"b"}, "/d/.") == "");
  CHECK(w.copy({"a"}, "/") == "");
  CHECK(w.listing() == "a d/ d/a d/b e/ e/f");
  CHECK(w.scratch.read("out/e/f") == "B");
  CHECK(w.mode("out/d") == 0755);
}

TEST_CASE("a folder's content fills the destination") {
  const Copies w;
  CHECK(w.copy({"src"}, "/d") == "");
  CHECK(w.listing() == "d/ d/sub/ d/sub/y d/x");
  CHECK(w.mode("out/d/x") == 0755);
  CHECK(w.mode("out/d/sub/y") == 0600);
  w.scratch.file("out/d/sub/old", "old");
  ::chmod(w.scratch.path("out/d/sub").c_str(), 0700);
  ::chmod(w.scratch.path("out/d").c_str(), 0711);
  CHECK(w.copy({"src/"}, "/d/") == "");
  CHECK(w.listing() == "d/ d/sub/ d/sub/old d/sub/y d/x");
  CHECK(w.mode("out/d/sub") == 0755);  // the source's
  CHECK(w.mode("out/d") == 0711);      // the top is only filled
}

TEST_CASE("several sources need a destination that says it is a folder") {
  const Copies w;
  CHECK(
      w.copy({"a", "b"}, "/d") ==
      "When using COPY with more than one source file, the destination must be a directory and end with a /");
  CHECK(w.copy({"?"}, "/d", {.instruction = "ADD"}).starts_with("When using ADD with more than one"));
  CHECK(w.copy({"?"}, "/d/") == "");
  CHECK(w.copy({"a*"}, "/one") == "");
  CHECK(w.listing() == "d/ d/a d/b one");
}

TEST_CASE("files are replaced, folders are not taken for files") {
  const Copies w;
  w.scratch.folder("out/d/x");
  CHECK(w.copy({"src"}, "/d").contains("cannot replace to directory /d/x with file"));
  w.scratch.file("out/sub", "a file");
  CHECK(w.copy({"src"}, "/").contains("cannot copy to non-directory: /sub"));
  CHECK(w.copy({"src"}, "/sub").contains("cannot copy to non-directory: /sub"));
  CHECK(w.copy({"a"}, "/sub/").contains("cannot copy to non-directory: /sub"));
  CHECK(w.copy({"a"}, "/sub/deep/er").contains("cannot copy to non-directory: /sub"));
  CHECK(w.scratch.read("out/sub") == "a file");
}

TEST_CASE("nothing is written through a link that is in the way") {
  const Copies w;
  w.scratch.file("out/kept", "kept");
  REQUIRE(::link(w.scratch.path("out/kept").c_str(), w.scratch.path("out/a").c_str()) == 0);
  w.scratch.link("kept", "out/b");
  CHECK(w.copy({"a", "b"}, "/") == "");
  CHECK(w.scratch.read("out/kept") == "kept");
  CHECK(w.scratch.read("out/a") == "A");
  CHECK(S_ISREG(w.status("out/b").st_mode));
}

TEST_CASE("the destination may be a symlink, which stays in the tree") {
  const Copies w;
  w.scratch.folder("out/real");
  w.scratch.link("/real", "out/absolute");
  w.scratch.link("../../../../real/new", "out/dangling");
  w.scratch.link("/etc", "out/etc_of_it");
  CHECK(w.copy({"a"}, "/absolute/") == "");
  CHECK(w.copy({"a"}, "/dangling") == "");
  CHECK(w.copy({"a"}, "/etc_of_it/podo-test") == "");
  CHECK(w.copy({"src"}, "/absolute/sub/../more") == "");
  CHECK(w.listing() ==
        "absolute dangling etc/ etc/podo-test etc_of_it real/ real/a real/more/ real/more/sub/ "
        "real/more/sub/y real/more/x real/new");
  CHECK(::access("/etc/podo-test", F_OK) != 0);
  w.scratch.link("real", "out/sub");  // below the top of what is copied, a link is no folder
  CHECK(w.copy({"src"}, "/").contains("cannot copy to non-directory: /sub"));
}

TEST_CASE("a context's files belong to root, a stage's to whom they belonged, --chown decides") {
  const Copies w;
  REQUIRE(::chown(w.scratch.path("in/src/x").c_str(), 7, 8) == 0);
  CHECK(w.copy({"src"}, "/context") == "");
  CHECK(w.status("out/context/x").st_uid == 0);
  Tree stage = w.tree();
  stage.keep_owner = true;
  const auto selected = select(stage, {"src"}, {});
  REQUIRE(selected);
  REQUIRE(put(stage, *selected, w.root, "/stage/deep", {}));
  CHECK(w.status("out/stage/deep/x").st_uid == 7);
  CHECK(w.status("out/stage/deep/x").st_gid == 8);
  CHECK(w.status("out/stage").st_uid == 0);
  REQUIRE(put(stage, *selected, w.root, "/owned/deep", {.owner = Owner{5, 6}}));
  for (const char* path : {"out/owned", "out/owned/deep", "out/owned/deep/x", "out/owned/deep/sub/y"}) {
    CHECK(w.status(path).st_uid == 5);
    CHECK(w.status(path).st_gid == 6);
  }
}

TEST_CASE("--chmod changes files and folders, not symlinks' targets") {
  const Copies w;
  w.scratch.link("x", "in/src/link");
  w.scratch.file("out/x", "other");
  CHECK(w.copy({"src"}, "/d", {.mode = "u=rwX,go="}) == "");
  CHECK(w.mode("out/d/x") == 0700);
  CHECK(w.mode("out/d/sub") == 0700);
  CHECK(w.mode("out/d/sub/y") == 0600);
  CHECK(w.mode("out/d") == 0700);
  CHECK(w.copy({"a"}, "/s", {.owner = Owner{5, 6}, .mode = "4755"}) == "");
  CHECK(w.mode("out/s") == 04755);  // set after the owner, who would take it away
  CHECK(w.copy({"a"}, "/s", {.mode = "rwx"}).starts_with("invalid chmod parameter"));
}

TEST_CASE("times are kept, unless they are later than the options allow") {
  const Copies w;
  w.set_time("in/src/x", 1000);
  w.set_time("in/src/sub", 2000);
  CHECK(w.copy({"src"}, "/kept") == "");
  CHECK(w.status("out/kept/x").st_mtim.tv_sec == 1000);
  CHECK(w.status("out/kept/sub").st_mtim.tv_sec == 2000);
  w.scratch.folder("out/there");
  CHECK(w.copy({"src"}, "/there/new", {.times_at_most = 1500}) == "");
  CHECK(w.status("out/there/new/x").st_mtim.tv_sec == 1000);
  for (const char* path : {"out/there/new/sub", "out/there/new/sub/y", "out/there/new", "out/there"})
    CHECK(w.status(path).st_mtim.tv_sec == 1500);
}

TEST_CASE("symlinks, fifos, devices, attributes and hard links come along") {
  const Copies w;
  w.scratch.link("/nowhere", "in/src/link");
  REQUIRE(::mkfifo(w.scratch.path("in/src/fifo").c_str(), 0620) == 0);
  REQUIRE(::mknod(w.scratch.path("in/src/device").c_str(), S_IFCHR | 0620, makedev(1, 3)) == 0);
  REQUIRE(::chmod(w.scratch.path("in/src/device").c_str(), 0626) == 0);
  REQUIRE(::setxattr(w.scratch.path("in/src/x").c_str(), "user.note", "hello", 5, 0) == 0);
  REQUIRE(::link(w.scratch.path("in/src/x").c_str(), w.scratch.path("in/src/sub/twin").c_str()) == 0);
  const char capability[20] = {1, 0, 0, 2, 0, 4, 0, 0};  // version 2, effective; CAP_NET_BIND_SERVICE
  REQUIRE(::setxattr(w.scratch.path("in/a").c_str(), "security.capability", capability, 20, 0) == 0);
  CHECK(w.copy({"src"}, "/d") == "");
  CHECK(w.copy({"a"}, "/d/", {.owner = Owner{5, 6}}) == "");
  char value[32] = {};
  CHECK(::readlink(w.scratch.path("out/d/link").c_str(), value, sizeof value) == 8);
  CHECK(S_ISFIFO(w.status("out/d/fifo").st_mode));
  CHECK(w.status("out/d/device").st_rdev == makedev(1, 3));
  CHECK(w.mode("out/d/device") == 0626);
  CHECK(::getxattr(w.scratch.path("out/d/x").c_str(), "user.note", value, sizeof value) == 5);
  CHECK(::getxattr(w.scratch.path("out/d/a").c_str(), "security.capability", value, sizeof value) == 20);
  CHECK(w.status("out/d/x").st_ino == w.status("out/d/sub/twin").st_ino);
  CHECK(w.status("out/d/x").st_nlink == 2);
}

TEST_CASE("large and sparse files are copied whole, holes stay holes") {
  const Copies w;
  std::string big;
  for (int i = 0; i < 300'000; ++i) big += text("{}\n", i);
  w.scratch.file("in/big", big);
  w.scratch.file("in/sparse", "begin");
  const int sparse = ::open(w.scratch.path("in/sparse").c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(::pwrite(sparse, "middle", 6, 8 << 20) == 6);
  REQUIRE(::ftruncate(sparse, 64 << 20) == 0);
  ::close(sparse);
  CHECK(w.copy({"big", "sparse"}, "/d/") == "");
  CHECK(*linux::read_file(w.scratch.path("out/d/big").c_str(), 16 << 20) == big);
  const auto copied = linux::read_file(w.scratch.path("out/d/sparse").c_str(), 65 << 20);
  REQUIRE(copied);
  CHECK(copied->size() == 64 << 20);
  CHECK(copied->substr(8 << 20, 6) == "middle");
  CHECK(copied->starts_with(std::string_view("begin\0\0", 7)));
  CHECK(w.status("out/d/sparse").st_blocks < 1000);
}

TEST_CASE("a source that changed after it was selected is a conflict") {
  const Copies w;
  const Selected selected = w.select({"a"});
  w.scratch.file("in/a", "other");
  const auto done = put(w.tree(), selected, w.root, "/d/", {});
  REQUIRE(!done);
  CHECK(done.error().kind() == ErrorKind::conflict);
}

TEST_CASE("a source that became a symlink leads nowhere") {
  const Copies w;
  const Selected selected = w.select({"src"});
  REQUIRE(::rename(w.scratch.path("in/src/sub").c_str(), w.scratch.path("in/src/moved").c_str()) == 0);
  w.scratch.link("/etc", "in/src/sub");
  CHECK(!put(w.tree(), selected, w.root, "/d/", {}));
  CHECK(::access(w.scratch.path("out/d/sub/passwd").c_str(), F_OK) != 0);
}

TEST_CASE("files of given content: heredocs and downloads") {
  const Copies w;
  CHECK(put_file({.name = "EOF", .content = "hello\n"}, w.root, "/d/", {}));
  CHECK(put_file({.name = "EOF", .content = "bye\n"}, w.root, "/d/other", {.mode = "0700"}));
  CHECK(w.scratch.read("out/d/EOF") == "hello\n");
  CHECK(w.mode("out/d/EOF") == 0644);
  CHECK(w.mode("out/d/other") == 0700);
  const NewFile download{
      .name = "file.tgz", .content = {}, .path = w.scratch.path("in/a"), .mode = 0600, .modified = 1234};
  CHECK(put_file(download, w.root, "/d/", {.owner = Owner{5, 6}}));
  CHECK(w.scratch.read("out/d/file.tgz") == "A");
  CHECK(w.mode("out/d/file.tgz") == 0600);
  CHECK(w.status("out/d/file.tgz").st_mtim.tv_sec == 1234);
  CHECK(w.status("out/d/file.tgz").st_uid == 5);
  CHECK(put_file({.name = "x", .content = "x"}, w.root, "/e", {.times_at_most = 99}));
  CHECK(w.status("out/e").st_mtim.tv_sec == 99);
  CHECK(!put_file({.name = "", .content = "x"}, w.root, "/d/", {}));
}

}  // namespace podo::builder
