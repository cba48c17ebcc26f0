#include "container/archive/archive.h"

#include <sys/wait.h>

#include "base/format/tar.h"
#include "container/archive/archive_path.h"
#include "container/config/runtime_config_testing.h"
#include "container/config/scratch_testing.h"
#include "container/volumes/volume_mount.h"

namespace podo::engine {
namespace {

// The bytes of an archive in small pieces.
class Pieces final : public http::Body {
 public:
  explicit Pieces(std::string bytes) : bytes_(std::move(bytes)) {}
  Task<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t count = std::min({into.size(), bytes_.size() - at_, std::size_t{700}});
    std::copy_n(std::as_bytes(std::span(bytes_)).begin() + static_cast<std::ptrdiff_t>(at_), count,
                into.begin());
    at_ += count;
    co_return count;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

struct Member {
  std::string path, link, content;
  tar::Type type = tar::Type::file;
  std::uint32_t mode = 0644, uid = 0;
};

std::string archive_of(const std::vector<Member>& members) {
  std::string bytes;
  for (const Member& member : members) {
    tar::Entry entry;
    entry.type = member.type;
    entry.path = member.path;
    entry.link = member.link;
    entry.mode = member.mode;
    entry.uid = entry.gid = member.uid;
    entry.size = member.content.size();
    entry.mtime_s = 1'000'000;
    bytes += *tar::header_of(entry) + member.content + std::string(tar::padding_of(entry.size), '\0');
  }
  return bytes + tar::end_of_archive();
}

struct World {
  ScratchFolder scratch;
  io::EpollLoop loop;
  io::BlockingPool pool{1};
  FileViewPtr view() {
    auto view = FileView::of_folder(scratch.path("root"), {});
    REQUIRE_MESSAGE(view, view.error().message());
    return std::make_shared<const FileView>(*std::move(view));
  }
  Archive ground() { return {pool, "c1", ""}; }

  Result<> put(const std::string& path, const std::vector<Member>& members, CopyOptions options = {},
               FileViewPtr where = nullptr) {
    Pieces body(archive_of(members));
    return loop.run(copy_to(ground(), where ? where : view(), path, body, options));
  }
  // "name content" of each member.
  Result<std::vector<std::string>> get(const std::string& path, FileViewPtr where = nullptr) {
    std::string bytes;
    std::string first_name;
    const auto first = [&](PathStat status) -> Task<void> {
      first_name = status.name;
      co_return;
    };
    const auto sink = [&](std::string_view piece) -> Task<void> {
      bytes += piece;
      co_return;
    };
    TRY(loop.run(copy_from(ground(), where ? where : view(), path, first, sink)));
    return members_of(bytes);
  }
  static std::vector<std::string> members_of(const std::string& bytes) {
    tar::Reader reader;
    reader.feed(bytes);
    reader.finish();
    std::vector<std::string> members;
    for (;;) {
      const auto event = reader.next();
      REQUIRE_MESSAGE(event, event.error().message());
      if (*event == tar::Reader::Event::end) return members;
      if (*event == tar::Reader::Event::entry) {
        members.push_back(reader.entry().path);
        if (!reader.entry().link.empty()) members.back() += " -> " + reader.entry().link;
      } else if (*event == tar::Reader::Event::data) {
        members.back() += " " + std::string(reader.data());
      }
    }
  }
};

using Names = std::vector<std::string>;

TEST_CASE("what a path means: the last part itself, or the folder it leads to") {
  CHECK(split_named("/a/../b/c").folder == "/b");
  CHECK(split_named("b/c").name == "c");
  CHECK(split_named("/b/c/").folder == "/b/c");
  CHECK(split_named("/b/c/.").shown == ".");
  CHECK(split_named("/").shown == "/");
  CHECK(split_named("../..").folder == "/");
  CHECK(go_file_mode(S_IFDIR | S_ISVTX | 0755) == ((1u << 31) | (1u << 20) | 0755));
  CHECK(go_file_mode(S_IFREG | S_ISUID | 0700) == ((1u << 23) | 0700));
}

TEST_CASE("stat tells of links where they lead inside the container") {
  World world;
  world.scratch.folder("root/etc");
  world.scratch.file("root/etc/passwd", "12345");
  world.scratch.link("/etc/passwd", "root/absolute");
  world.scratch.link("../../../etc", "root/up");
  world.scratch.link("loop", "root/loop");
  const auto view = world.view();
  const auto link = stat_path(*view, "/absolute");
  REQUIRE_MESSAGE(link, link.error().message());
  CHECK(link->name == "absolute");
  CHECK(link->link_target == "/etc/passwd");
  CHECK((link->mode & (1u << 27)) != 0);
  CHECK(stat_path(*view, "/up")->link_target == "/etc");
  CHECK(stat_path(*view, "/up/")->mode == ((1u << 31) | 0755));
  CHECK(stat_path(*view, "up/passwd")->size == 5);
  CHECK(problem_of(stat_path(*view, "/none", "c1")) == "Could not find the file /none in container c1");
  CHECK_FALSE(stat_path(*view, "/loop"));
}

TEST_CASE("a file, a folder and a folder's content come as they are named") {
  World world;
  world.scratch.folder("root/dir/sub");
  world.scratch.file("root/dir/a", "one");
  REQUIRE(::link(world.scratch.path("root/dir/a").c_str(), world.scratch.path("root/dir/b").c_str()) == 0);
  world.scratch.link("/nowhere", "root/dir/sub/link");
  world.scratch.link("dir", "root/ways");
  REQUIRE(::mkfifo(world.scratch.path("root/dir/fifo").c_str(), 0600) == 0);
  CHECK(*world.get("/dir/a") == Names{"a one"});
  CHECK(*world.get("/dir") ==
        Names{"dir/", "dir/a one", "dir/b -> dir/a", "dir/fifo", "dir/sub/", "dir/sub/link -> /nowhere"});
  CHECK(*world.get("/ways") == Names{"ways -> dir"});
  CHECK((*world.get("/ways/."))[0] == "./");
  CHECK((*world.get("/ways/."))[1] == "./a one");
  CHECK((*world.get("/"))[0] == "./");
  CHECK(problem_of(world.get("/none")) == "Could not find the file /none in container c1");
}

TEST_CASE("an archive fills a folder, and puts owners, modes and times on what it makes") {
  World world;
  world.scratch.folder("root/srv");
  world.scratch.file("root/srv/old", "old");
  REQUIRE(world.put("/srv", {{"new/", "", "", tar::Type::directory, 0700, 7},
                             {"new/file", "", std::string(5000, 'x'), tar::Type::file, 04750, 8},
                             {"new/again", "new/file", "", tar::Type::hard_link},
                             {"new/link", "/etc/passwd", "", tar::Type::symlink},
                             {"deep/er/file", "", "y"},
                             {"old", "", "newer"}}));
  struct stat file{}, folder{}, again{};
  REQUIRE(::lstat(world.scratch.path("root/srv/new/file").c_str(), &file) == 0);
  REQUIRE(::lstat(world.scratch.path("root/srv/new").c_str(), &folder) == 0);
  REQUIRE(::lstat(world.scratch.path("root/srv/new/again").c_str(), &again) == 0);
  CHECK(world.scratch.read("root/srv/new/file") == std::string(5000, 'x'));
  CHECK(world.scratch.read("root/srv/old") == "newer");
  CHECK(world.scratch.read("root/srv/deep/er/file") == "y");
  CHECK((file.st_mode & 07777) == 04750);
  CHECK(file.st_uid == 8);
  CHECK(file.st_mtim.tv_sec == 1'000'000);
  CHECK(folder.st_mtim.tv_sec == 1'000'000);
  CHECK(folder.st_uid == 7);
  CHECK(again.st_ino == file.st_ino);
}

TEST_CASE("folders and files do not replace one another when that is not wanted") {
  World world;
  world.scratch.folder("root/srv/dir");
  world.scratch.file("root/srv/file", "");
  const CopyOptions strict{.no_overwrite_dir_non_dir = true, .copy_uid_gid = false};
  CHECK(problem_of(world.put("/srv", {{"dir", "", "x"}}, strict)) ==
        "dir: cannot overwrite directory \"/srv/dir\" with non-directory \"/srv\"");
  CHECK(problem_of(world.put("/srv", {{"file/", "", "", tar::Type::directory, 0755}}, strict))
            .contains("cannot overwrite non-directory \"/srv/file\""));
  CHECK(world.put("/srv", {{"dir", "", "x"}}));
  CHECK(world.scratch.read("root/srv/dir") == "x");
  CHECK(problem_of(world.put("/srv/file", {})) == "extraction point is not a directory");
  CHECK(problem_of(world.put("/none", {})) == "Could not find the file /none in container c1");
}

TEST_CASE("a hostile archive or tree leads nowhere else") {
  World world;
  world.scratch.folder("root/srv");
  world.scratch.folder("outside");
  world.scratch.file("outside/file", "kept");
  const std::string outside = world.scratch.path("outside");
  CHECK_FALSE(world.put("/srv", {{"../../outside/file", "", "bad"}}));
  CHECK_FALSE(world.put("/srv", {{"a/../../../outside/file", "", "bad"}}));
  CHECK_FALSE(world.put("/srv", {{"way", outside, "", tar::Type::symlink},
                                 {"way/file", "", "bad"},
                                 {"way", "", ""},
                                 {"../x", "", ""}}));
  CHECK(world.put("/srv", {{outside + "/file", "", "inside"}}));  // absolute: below the folder
  CHECK(world.scratch.read("root/srv" + outside + "/file") == "inside");
  world.scratch.link("../../../../../../..", "root/srv/top");
  (void)world.put("/srv", {{"top" + outside + "/file", "", "bad"}});
  (void)world.put("/srv/top", {{outside.substr(1) + "/file", "", "bad"}});
  (void)world.put("/srv",
                  {{"hard", "top" + outside + "/file", "", tar::Type::hard_link}, {"hard", "", "bad"}});
  world.scratch.link(outside.c_str(), "root/srv/file-link");
  (void)world.put("/srv", {{"file-link", "", "a file in its place"}});
  CHECK(world.scratch.read("outside/file") == "kept");
  CHECK(world.scratch.read("root/srv/file-link") == "a file in its place");
  CHECK_FALSE(world.get("/srv/top" + world.scratch.path("root")));
}

TEST_CASE("a fifo, a device and a folder with nobody's name do not stop a copy") {
  World world;
  world.scratch.folder("root/srv");
  REQUIRE(::mkfifo(world.scratch.path("root/srv/pipe").c_str(), 0600) == 0);
  CHECK(*world.get("/srv/pipe") == Names{"pipe"});
  CHECK(world.put("/srv", {{"pipe", "", "a file now"}, {"new", "", "", tar::Type::fifo}}));
  CHECK(world.scratch.read("root/srv/pipe") == "a file now");
}

TEST_CASE(
    "a stopped container's volumes are there, read-only ones cannot be written, and nothing shows on the "
    "host") {
  World world;
  world.scratch.folder("root/data");
  world.scratch.folder("volume/inner");
  world.scratch.file("volume/file", "of the volume");
  std::vector<ReadyMount> mounts(2);
  for (auto& mount : mounts) mount.point.type = "volume";
  mounts[0].point.destination = "/data";
  mounts[0].source = world.scratch.path("volume");
  mounts[1].point.destination = "/made/here";
  mounts[1].point.read_write = false;
  mounts[1].source = world.scratch.path("volume");
  auto made = FileView::of_folder(world.scratch.path("root"), mounts);
  REQUIRE_MESSAGE(made, made.error().message());
  const auto view = std::make_shared<const FileView>(*std::move(made));
  CHECK(*world.get("/data/file", view) == Names{"file of the volume"});
  CHECK(world.put("/data", {{"new", "", "x"}}, {}, view));
  CHECK(world.scratch.read("volume/new") == "x");
  CHECK(problem_of(world.put("/made/here", {{"no", "", "x"}}, {}, view)) ==
        "mounted volume is marked read-only");
  CHECK_FALSE(is_mount_point(world.scratch.path("root/data")));
  CHECK(::access(world.scratch.path("root/data/file").c_str(), F_OK) != 0);
}

TEST_CASE("a running container is seen through its first process") {
  World world;
  world.scratch.folder("root/srv");
  world.scratch.file("root/srv/file", "x");
  int ready[2];
  REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::chroot(world.scratch.path("root").c_str()) != 0) ::_exit(1);
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  auto made = FileView::of_process(child);
  REQUIRE_MESSAGE(made, made.error().message());
  const auto view = std::make_shared<const FileView>(*std::move(made));
  CHECK(*world.get("/srv/../../../srv/file", view) == Names{"file x"});
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("export: names from the root, without what is mounted inside") {
  World world;
  world.scratch.folder("root/etc");
  world.scratch.folder("root/proc");
  world.scratch.file("root/etc/a", "1");
  world.scratch.mounted("root/proc");
  REQUIRE(::mount("t", world.scratch.path("root/proc").c_str(), "tmpfs", 0, "") == 0);
  world.scratch.file("root/proc/hidden", "");
  auto made = FileView::of_folder(world.scratch.path("root"), {});
  REQUIRE(made);
  std::string bytes;
  const auto sink = [&](std::string_view piece) -> Task<void> {
    bytes += piece;
    co_return;
  };
  const auto view = std::make_shared<const FileView>(*std::move(made));
  REQUIRE(world.loop.run(export_tree(world.ground(), view, sink)));
  auto names = World::members_of(bytes);
  std::ranges::sort(names);
  CHECK(names == Names{"etc/", "etc/a 1", "proc/"});
}

}  // namespace
}  // namespace podo::engine
