#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "container/copy/files_testing.h"

namespace podo::builder {
namespace {

struct Sources : Workbench {
  Sources() {
    scratch.folder("in/src/sub");
    scratch.folder("in/empty");
    scratch.file("in/a.txt", "a");
    scratch.file("in/b.txt", "b");
    scratch.file("in/c.md", "c");
    scratch.file("in/src/main.c", "main");
    scratch.file("in/src/sub/deep.c", "deep");
  }
  std::string taken(std::vector<std::string> patterns, const SelectOptions& options = {}) const {
    const auto selected = builder::select(tree(), patterns, options);
    return selected ? entries_of(*selected) : selected.error().message();
  }
  std::string ignoring(std::vector<std::string> rules, std::vector<std::string> patterns) const {
    const auto ignore = dockerfile::IgnoreRules::make(rules);
    REQUIRE(ignore);
    const auto selected = builder::select(tree(&*ignore), patterns, {});
    return selected ? entries_of(*selected) : selected.error().message();
  }
  std::string digest(std::vector<std::string> patterns) const { return select(std::move(patterns)).digest; }
};

}  // namespace

TEST_CASE("a file is taken by its name, a folder stands for its content") {
  const Sources w;
  CHECK(w.taken({"a.txt"}) == "a.txt>a.txt*");
  CHECK(w.taken({"src/main.c"}) == "src/main.c>main.c*");
  CHECK(w.taken({"src"}) == "src>. src/main.c>main.c src/sub>sub src/sub/deep.c>sub/deep.c");
  CHECK(w.taken({"src/"}) == w.taken({"src"}));
  CHECK(w.taken({"src/."}) == w.taken({"src"}));
  CHECK(w.taken({"empty"}) == "empty>.");
  CHECK(w.taken({"c.md", "a.txt"}) == "c.md>c.md* a.txt>a.txt*");
}

TEST_CASE("paths are cleaned and end at the top of the tree") {
  const Sources w;
  for (const char* same : {"./a.txt", "/a.txt", "src/../a.txt", "../../a.txt", "./x/../a.txt", "//a.txt"})
    CHECK(w.taken({same}) == "a.txt>a.txt*");
  const std::string all = w.taken({"."});
  CHECK(all.starts_with(".>. a.txt>a.txt b.txt>b.txt c.md>c.md empty>empty src>src src/main.c>"));
  for (const char* same : {"", "/", "./", "..", "src/.."}) CHECK(w.taken({same}) == all);
}

TEST_CASE("a path that leads outside is refused on request, in the classic builder's words") {
  const Sources w;
  const SelectOptions strict{.refuse_outside = true};
  CHECK(w.taken({"../../"}, strict) == "forbidden path outside the build context: ../../ ()");
  CHECK(w.taken({"src/../../a.txt"}, strict) ==
        "forbidden path outside the build context: src/../../a.txt ()");
  CHECK(w.taken({"src/../a.txt"}, strict) == "a.txt>a.txt*");
}

TEST_CASE("wildcards match name by name, in order") {
  const Sources w;
  CHECK(w.taken({"*.txt"}) == "a.txt>a.txt* b.txt>b.txt*");
  CHECK(w.taken({"?.md"}) == "c.md>c.md*");
  CHECK(w.taken({"[ab].txt"}) == "a.txt>a.txt* b.txt>b.txt*");
  CHECK(w.taken({"s*/m*"}) == "src/main.c>main.c*");
  CHECK(w.taken({"s*"}) == w.taken({"src"}));
  CHECK(w.taken({"src/*"}) == "src/main.c>main.c* src/sub>. src/sub/deep.c>deep.c");
  CHECK(w.taken({"**/main.c"}) == "src/main.c>main.c*");  // filepath.Match: one name
  CHECK(w.taken({"[a"}).contains("syntax error in pattern"));
  w.scratch.file("in/[x].txt", "x");
  CHECK(w.taken({"[[]x].txt"}) == "[x].txt>[x].txt*");
  CHECK(w.taken({"\\[x].txt"}).contains("not found"));
}

TEST_CASE("what is missing is told in the words of both builders") {
  const Sources w;
  CHECK(w.taken({"./x"}) ==
        "file not found in build context or excluded by .dockerignore: stat x: file does not exist "
        "(\"/x\": not found)");
  CHECK(w.taken({"a.txt/below"}).contains("\"/a.txt/below\": not found"));
  const auto of_stage = builder::select({.path = w.scratch.path("in"), .keep_owner = true}, {"/x"}, {});
  REQUIRE(!of_stage);
  CHECK(of_stage.error().kind() == ErrorKind::not_found);
  CHECK(of_stage.error().message() == "stat x: file does not exist (\"/x\": not found)");
}

TEST_CASE("wildcards may match nothing as long as something is taken") {
  const Sources w;
  CHECK(w.taken({"nothing*"}) == "no source files were specified");
  CHECK(w.taken({"a.txt", "nothing*"}) == "a.txt>a.txt*");
  CHECK(w.taken({"nothing*"}, {.may_be_empty = true}) == "");
  CHECK(w.select({"*.txt", "src", "nothing*"}).sources == 3);
}

TEST_CASE("symlinks are followed as sources, inside the tree only") {
  const Sources w;
  w.scratch.link("a.txt", "in/to_file");
  w.scratch.link("src", "in/to_folder");
  w.scratch.link("../../../../a.txt", "in/src/up");
  w.scratch.link("/src/main.c", "in/absolute");
  w.scratch.link("/etc/passwd", "in/out_of_it");
  w.scratch.link("loop", "in/loop");
  CHECK(w.taken({"to_file"}) == "a.txt>to_file*");
  CHECK(w.taken({"to_*"}).starts_with("a.txt>to_file* src>. src/main.c>main.c"));
  CHECK(w.taken({"to_folder/main.c"}) == "src/main.c>main.c*");
  CHECK(w.taken({"to_folder/s*"}) == "src/sub>. src/sub/deep.c>deep.c");
  CHECK(w.taken({"src/up"}) == "a.txt>up*");
  CHECK(w.taken({"absolute"}) == "src/main.c>absolute*");
  CHECK(w.taken({"out_of_it"}).contains("not found"));
  CHECK(w.taken({"out*"}).contains("not found"));
  CHECK(w.taken({"loop"}).contains("Too many levels of symbolic links"));
  // In a folder they are what they are, also those to folders when those are not followed.
  CHECK(w.taken({"."}).contains(" to_folder>to_folder"));
  CHECK(w.taken({"to_folder"}, {.follow_folder = false}) == "to_folder>to_folder*");
}

TEST_CASE("ignored files are not there, files taken back are, with the folders on the way") {
  const Sources w;
  CHECK(w.ignoring({"*.txt"}, {"."}) ==
        ".>. c.md>c.md empty>empty src>src src/main.c>src/main.c src/sub>src/sub "
        "src/sub/deep.c>src/sub/deep.c");
  CHECK(w.ignoring({"*.txt"}, {"a.txt"}).contains("excluded by .dockerignore: stat a.txt"));
  CHECK(w.ignoring({"*.txt"}, {"a*", "c.md"}) == "c.md>c.md*");
  CHECK(w.ignoring({"src"}, {"src/main.c"}).contains("not found"));
  CHECK(w.ignoring({"src"}, {"src"}).contains("not found"));
  CHECK(w.ignoring({"*", "!src/sub/deep.c"}, {"."}) ==
        ".>. src>src src/sub>src/sub src/sub/deep.c>src/sub/deep.c");
  CHECK(w.ignoring({"src", "!src/sub/deep.c"}, {"src"}) == "src>. src/sub>sub src/sub/deep.c>sub/deep.c");
  CHECK(w.ignoring({"src", "!src/other"}, {"src"}).contains("not found"));
  w.scratch.link("a.txt", "in/to_ignored");
  CHECK(w.ignoring({"a.txt"}, {"to_ignored"}).contains("not found"));
}

TEST_CASE("--exclude leaves out what it matches below each source") {
  const Sources w;
  CHECK(w.taken({"src"}, {.exclude = {"*.c"}}) == "src>. src/sub>sub src/sub/deep.c>sub/deep.c");
  CHECK(w.taken({"src"}, {.exclude = {"**/*.c"}}) == "src>. src/sub>sub");
  CHECK(w.taken({"."}, {.exclude = {"src", "*.txt"}}) == ".>. c.md>c.md empty>empty");
  CHECK(w.taken({"."}, {.exclude = {"*", "!src/sub"}}) ==
        ".>. src>src src/sub>src/sub src/sub/deep.c>src/sub/deep.c");
  CHECK(w.taken({"*.*"}, {.exclude = {"*.txt"}}) == "c.md>c.md*");
}

TEST_CASE("--parents keeps the folders in front, from a pivot on") {
  const Sources w;
  const SelectOptions parents{.parents = true};
  CHECK(w.taken({"src/main.c"}, parents) == ".>. src>src src/main.c>src/main.c");
  CHECK(w.taken({"./src/sub/"}, parents) == ".>. src>src src/sub>src/sub src/sub/deep.c>src/sub/deep.c");
  CHECK(w.taken({"src/./sub/*.c"}, parents) == "src>. src/sub>sub src/sub/deep.c>sub/deep.c");
  CHECK(w.taken({"./src/./main.c"}, parents) == "src>. src/main.c>main.c");
  CHECK(w.taken({"**/*.c"}, parents) ==
        ".>. src>src src/main.c>src/main.c src/sub>src/sub src/sub/deep.c>src/sub/deep.c");
  CHECK(w.taken({"src/nothing"}, parents).contains("\"/src/nothing\": not found"));
  CHECK(w.taken({"no*/x"}, parents) == "no source files were specified");
  CHECK(w.taken({"none/./x"}, parents).contains("not found"));
}

TEST_CASE("the digest is about what is copied, not about where it lay or when") {
  const Sources w, other;
  CHECK(w.digest({"."}) == other.digest({"."}));
  CHECK(w.digest({"."}).starts_with("sha256:"));
  other.set_time("in/a.txt", 1000);
  ::chmod(other.scratch.path("in").c_str(), 0700);
  REQUIRE(::chown(other.scratch.path("in/a.txt").c_str(), 7, 8) == 0);
  CHECK(w.digest({"."}) == other.digest({"."}));
  const std::string before = w.digest({"."});
  SUBCASE("content") { w.scratch.file("in/a.txt", "A"); }
  SUBCASE("mode") { ::chmod(w.scratch.path("in/a.txt").c_str(), 0755); }
  SUBCASE("a folder's mode") { ::chmod(w.scratch.path("in/src").c_str(), 0700); }
  SUBCASE("a name") { ::rename(w.scratch.path("in/a.txt").c_str(), w.scratch.path("in/A.txt").c_str()); }
  SUBCASE("a new empty folder") { w.scratch.folder("in/new"); }
  SUBCASE("an attribute") {
    REQUIRE(::setxattr(w.scratch.path("in/a.txt").c_str(), "user.note", "x", 1, 0) == 0);
  }
  SUBCASE("an attribute of a folder") {
    REQUIRE(::setxattr(w.scratch.path("in/src").c_str(), "user.note", "x", 1, 0) == 0);
  }
  SUBCASE("a symlink") { w.scratch.link("a.txt", "in/link"); }
  SUBCASE("a fifo") { REQUIRE(::mkfifo(w.scratch.path("in/fifo").c_str(), 0600) == 0); }
  CHECK(w.digest({"."}) != before);
}

TEST_CASE("the digest knows links' targets, devices' numbers, and how a source was named") {
  const Sources w;
  w.scratch.link("a.txt", "in/link");
  const std::string link = w.digest({"."});
  ::unlink(w.scratch.path("in/link").c_str());
  w.scratch.link("b.txt", "in/link");
  CHECK(w.digest({"."}) != link);
  REQUIRE(::mknod(w.scratch.path("in/device").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0);
  const std::string null = w.digest({"."});
  ::unlink(w.scratch.path("in/device").c_str());
  REQUIRE(::mknod(w.scratch.path("in/device").c_str(), S_IFCHR | 0600, makedev(1, 5)) == 0);
  CHECK(w.digest({"."}) != null);
  w.scratch.file("in/same", "a");
  CHECK(w.digest({"a.txt"}) != w.digest({"same"}));
  CHECK(w.digest({"a.txt"}) != w.digest({"a*"}) + "x");
  CHECK(w.digest({"a.txt"}) == w.digest({"a*"}));
  CHECK(w.digest({"a.txt", "b.txt"}) != w.digest({"b.txt", "a.txt"}));
}

TEST_CASE("owners count in the tree of a stage only; hard links count by their content") {
  const Sources w;
  Tree stage = w.tree();
  stage.keep_owner = true;
  const std::string before = *digest_of(stage), context = w.digest({"."});
  REQUIRE(::chown(w.scratch.path("in/a.txt").c_str(), 7, 8) == 0);
  CHECK(*digest_of(stage) != before);
  CHECK(w.digest({"."}) == context);
  const Sources linked, copied;
  REQUIRE(::link(linked.scratch.path("in/a.txt").c_str(), linked.scratch.path("in/twin").c_str()) == 0);
  copied.scratch.file("in/twin", "a");
  CHECK(linked.digest({"."}) == copied.digest({"."}));
}

TEST_CASE("sockets are left out, and refused as a source") {
  const Sources w;
  const std::string before = w.digest({"."});
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  w.scratch.path("in/sock").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(socket);
  CHECK(w.digest({"."}) == before);
  CHECK(w.taken({"sock"}) == "sock is a socket and cannot be copied");
}

}  // namespace podo::builder
