// On this host's real control groups: needs root, leaves nothing behind.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "container/cgroup/cgroup_testing.h"

using namespace podo;
using namespace podo::runtime::testing;
using runtime::Cgroup;

TEST_CASE("a group is made in every v1 hierarchy, entered, and removed") {
  if (!can_make_groups()) return;
  const Sandbox sandbox;
  auto group = sandbox.make();
  if (host().mode == linux::CgroupMode::hybrid && host().find("devices") != host().unified()) {
    CHECK(group.directories().size() == host().hierarchies.size() - 1);
    CHECK(place(group, "") == "");
  }
  const pid_t child = spawn_inside(group, [] {
    // The child's own view: every v1 line names the group.
    const auto self = runtime::open_group(text("/proc/{}", ::getpid()));
    const auto lines = runtime::read_group_file(self->get(), "cgroup");
    std::size_t found = 0;
    for (auto at = lines->find("/web"); at != lines->npos; at = lines->find("/web", at + 1)) ++found;
    return static_cast<int>(found);
  });
  CHECK(exit_code(child) == static_cast<int>(group.directories().size()));
  CHECK(group.remove().has_value());
  CHECK(group.remove().has_value());
  for (const auto& d : group.directories()) CHECK(::access(d.path.c_str(), F_OK) != 0);
}

TEST_CASE("a path out of the hierarchy or of the root is refused") {
  linux::CgroupLayout layout;
  layout.mode = linux::CgroupMode::legacy;
  for (const char* path : {"", "podo", "/", "/../x", "/a/../b", "//."}) {
    const auto group = Cgroup::create(layout, path, {});
    REQUIRE(!group.has_value());
    CHECK(group.error().kind() == ErrorKind::invalid);
  }
}

TEST_CASE("a group that holds processes is not taken, and a failed creation leaves nothing") {
  if (!can_make_groups()) return;
  const Sandbox sandbox;
  auto group = sandbox.make();
  const pid_t child = spawn_inside(group, wait_forever);
  const auto second = Cgroup::create(host(), sandbox.path("web"), {});
  REQUIRE(!second.has_value());
  CHECK(second.error().kind() == ErrorKind::already_exists);
  CHECK(group.processes() == std::vector<pid_t>{child});
  const auto above = Cgroup::create(host(), sandbox.top, {});
  REQUIRE(!above.has_value());
  CHECK(above.error().kind() == ErrorKind::already_exists);
  auto broken = host();
  broken.hierarchies.push_back({.controllers = "memory",
                                .mount_point = "/proc/no",
                                .root = "/",
                                .unified = host().mode == linux::CgroupMode::unified,
                                .available = ""});
  CHECK(!Cgroup::create(broken, sandbox.path("other/deep"), {}).has_value());
  CHECK(::access((host().hierarchies.front().mount_point + sandbox.path("other")).c_str(), F_OK) != 0);
  CHECK(group.kill_all(SIGKILL).has_value());
  CHECK(exit_code(child) == 128 + SIGKILL);
}

TEST_CASE("removal takes the groups the container made, and names who is still there") {
  if (!can_make_groups()) return;
  const Sandbox sandbox;
  auto group = sandbox.make();
  for (const auto& d : group.directories()) {
    for (const char* below : {"/a", "/a/b", "/a/b/c", "/z"})
      CHECK(::mkdir((d.path + below).c_str(), 0755) == 0);
  }
  const pid_t child = spawn_inside(group, wait_forever);
  const auto refused = group.remove();
  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind() == ErrorKind::conflict);
  CHECK(refused.error().message().find(text(" {}", child)) != std::string::npos);
  ::kill(child, SIGKILL);
  CHECK(exit_code(child) == 128 + SIGKILL);
  CHECK(group.remove().has_value());
}
