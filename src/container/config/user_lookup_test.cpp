#include "container/config/user_lookup.h"

#include <sys/stat.h>

#include "container/config/runtime_config_testing.h"
#include "container/config/scratch_testing.h"

namespace podo::engine {
namespace {

constexpr std::string_view passwd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "# a comment\n"
    "\n"
    "broken\n"
    "web:x:100:101:Web:/srv/web:/bin/false\n"
    "7:x:1007:1007::/home/7:\n";
constexpr std::string_view group =
    "root:x:0:\nwheel:x:10:root,web\nweb:x:101:\naudio:x:29:other,web\nbad:x:y:\n";

using Ids = std::vector<std::uint32_t>;

TEST_CASE("nobody asked for is root, with root's groups") {
  const auto ids = find_user(passwd, group, "", {});
  REQUIRE(ids);
  CHECK(ids->uid == 0);
  CHECK(ids->home == "/root");
  CHECK(ids->groups == Ids{10});
}

TEST_CASE("a user by name or number has its group, its groups and its home") {
  for (const auto user : {"web", "100"}) {
    const auto ids = find_user(passwd, group, user, {"29", "wheel"});
    REQUIRE(ids);
    CHECK(ids->uid == 100);
    CHECK(ids->gid == 101);
    CHECK(ids->groups == Ids{10, 29});
    CHECK(ids->home == "/srv/web");
  }
}

TEST_CASE("a group that is given stands alone, whatever the group file says") {
  const auto ids = find_user(passwd, group, "web:audio", {});
  REQUIRE(ids);
  CHECK(ids->gid == 29);
  CHECK(ids->groups.empty());
  CHECK(find_user(passwd, group, "web:55", {})->gid == 55);
}

TEST_CASE("numbers need no entry, names do") {
  CHECK(find_user("", "", "1234", {})->uid == 1234);
  CHECK(find_user("", "", "1234", {})->gid == 0);
  CHECK(find_user("", "", "1234", {})->home == "/");
  CHECK(problem_of(find_user(passwd, group, "nobody", {})) ==
        "unable to find user nobody: no matching entries in passwd file");
  CHECK(problem_of(find_user(passwd, group, "web:nogroup", {})) ==
        "unable to find group nogroup: no matching entries in group file");
  CHECK(problem_of(find_user(passwd, group, "3000000000", {})) ==
        "uids and gids must be in range 0-2147483647");
  CHECK(find_user(passwd, group, "7", {})->uid == 1007);  // a name first
}

TEST_CASE("whether the groups of the image's files count can be said") {
  const std::string_view users = "web:x:5:6::/:\n", own = "more:x:7:web\n";
  using Groups = std::vector<std::uint32_t>;
  CHECK(find_user(users, own, "5", {})->groups == Groups{7});
  CHECK(find_user(users, own, "5", {"@none", "9"})->groups == Groups{9});
  CHECK(find_user(users, own, "5", {"@none"})->gid == 6);
  CHECK(find_user(users, own, "5:8", {"9"})->groups == Groups{9});
  CHECK(find_user(users, own, "5:8", {"@image", "9"})->groups == Groups{7, 9});
}

TEST_CASE("the files are read in the container's tree, whatever lies in their place") {
  const ScratchFolder scratch;
  scratch.folder("root/etc");
  scratch.file("root/secret", "web:x:5:5::/:\n");
  scratch.link("/secret", "root/etc/passwd");
  CHECK(look_up_user(scratch.path("root"), "web", {})->uid == 5);
  CHECK(::unlink(scratch.path("root/etc/passwd").c_str()) == 0);
  scratch.link("../../../../../etc/passwd", "root/etc/passwd");  // itself: a loop, not the host's
  CHECK(
      problem_of(look_up_user(scratch.path("root"), "daemon", {})).starts_with("unable to find user daemon"));
  CHECK(::unlink(scratch.path("root/etc/passwd").c_str()) == 0);
  CHECK(::mkfifo(scratch.path("root/etc/passwd").c_str(), 0600) == 0);
  CHECK(look_up_user(scratch.path("root"), "9", {})->uid == 9);
}

}  // namespace
}  // namespace podo::engine
