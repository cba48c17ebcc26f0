#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>

#include "container/plan/plan_testing.h"

namespace podo::runtime {
namespace {

Result<Plan> plan_mount(std::string_view members, std::string_view in_linux = "",
                        std::string_view namespaces = R"({"type":"mount"})") {
  return plan_with(text(R"(,"mounts":[{{"destination":"/t",{}}}])", members), in_linux, namespaces);
}

// Options of a tmpfs; names separated by commas.
MountPlan mount_with(std::string_view options, std::string_view type = "tmpfs") {
  std::string list;
  for (std::size_t at = 0; at < options.size();) {
    const std::size_t end = std::min(options.find(',', at), options.size());
    list += text("{}\"{}\"", list.empty() ? "" : ",", options.substr(at, end - at));
    at = end + 1;
  }
  const auto plan = plan_mount(text(R"("type":"{}","source":"s","options":[{}])", type, list));
  REQUIRE(problem(plan) == "none");
  return plan->rootfs.mounts[0];
}

}  // namespace

TEST_CASE("options become attributes; a later one wins") {
  struct {
    const char* options;
    std::uint64_t set, clear;
  } cases[] = {
      {"defaults", 0, 0},
      {"ro", MOUNT_ATTR_RDONLY, 0},
      {"ro,rw", 0, MOUNT_ATTR_RDONLY},
      {"rw,ro", MOUNT_ATTR_RDONLY, 0},
      {"nosuid,nodev,noexec", 0xe, 0},
      {"suid,dev,exec", 0, 0xe},
      {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
      {"diratime", 0, MOUNT_ATTR_NODIRATIME},
      {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
      {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
      {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
      {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
      {"relatime", 0, MOUNT_ATTR__ATIME},
      {"noatime,strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
      {"strictatime,noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
      {"noatime,atime", 0, MOUNT_ATTR__ATIME},
      {"noatime,nostrictatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
      {"strictatime,nostrictatime", 0, MOUNT_ATTR__ATIME},
      {"noatime,norelatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
      {"silent,loud,iversion,noiversion", 0, 0},
  };
  for (const auto& [options, set, clear] : cases) {
    CAPTURE(options);
    const MountPlan mount = mount_with(options);
    CHECK(mount.attributes_set == set);
    CHECK(mount.attributes_clear == clear);
    CHECK(mount.parameters.empty());
    CHECK(mount.recursive_set == 0);
    CHECK(mount.recursive_clear == 0);
  }
}

TEST_CASE("options with an r before them reach the whole tree") {
  struct {
    const char* options;
    std::uint64_t set, clear;
  } cases[] = {
      {"rro", MOUNT_ATTR_RDONLY, 0},
      {"rrw", 0, MOUNT_ATTR_RDONLY},
      {"rro,rrw", 0, MOUNT_ATTR_RDONLY},
      {"rnosuid,rnodev,rnoexec", 0xe, 0},
      {"rsuid,rdev,rexec", 0, 0xe},
      {"rnodiratime", MOUNT_ATTR_NODIRATIME, 0},
      {"rdiratime", 0, MOUNT_ATTR_NODIRATIME},
      {"rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
      {"rsymfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
      {"rnoatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
      {"rnoatime,ratime", 0, MOUNT_ATTR__ATIME},
      {"rstrictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
      {"rstrictatime,rnostrictatime", 0, MOUNT_ATTR__ATIME},
      {"rrelatime,rnorelatime", 0, MOUNT_ATTR__ATIME},
  };
  for (const auto& [options, set, clear] : cases) {
    CAPTURE(options);
    const MountPlan mount = mount_with(options, "bind");
    CHECK(mount.recursive_set == set);
    CHECK(mount.recursive_clear == clear);
    CHECK(mount.attributes_set == 0);
    CHECK(mount.attributes_clear == 0);
  }
}

TEST_CASE("propagation keeps its order") {
  const MountPlan mount = mount_with("private,rshared,slave,runbindable", "bind");
  CHECK(mount.propagation ==
        std::vector<std::uint64_t>{MS_PRIVATE, MS_SHARED | MS_REC, MS_SLAVE, MS_UNBINDABLE | MS_REC});
}

TEST_CASE("what is no option of a mount is a parameter of its file system") {
  const MountPlan mount = mount_with("size=64k,mode=755,newinstance,sync,context=a=b");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"size", "64k"}, {"mode", "755"}, {"newinstance", ""}, {"sync", ""}, {"context", "a=b"}};
  CHECK(mount.parameters == expected);
}

TEST_CASE("kinds of mounts") {
  using Kind = MountPlan::Kind;
  struct {
    const char* type;
    const char* options;
    Kind kind;
    bool recursive;
  } cases[] = {
      {"tmpfs", "", Kind::filesystem, false}, {"bind", "", Kind::bind, false},
      {"none", "bind", Kind::bind, false},    {"none", "rbind", Kind::bind, true},
      {"", "rbind,ro", Kind::bind, true},     {"cgroup", "ro", Kind::cgroup, false},
      {"cgroup2", "", Kind::cgroup, false},   {"cgroup", "rbind", Kind::bind, true},
  };
  for (const auto& [type, options, kind, recursive] : cases) {
    CAPTURE(type);
    CAPTURE(options);
    const MountPlan mount = mount_with(options, type);
    CHECK(mount.kind == kind);
    CHECK(mount.recursive_bind == recursive);
  }
  CHECK(mount_with("tmpcopyup").copy_up);
  CHECK(mount_with("remount,ro", "").remount);
}

TEST_CASE("what has no effect is said") {
  const auto plan = plan_mount(R"("type":"bind","source":"/s","options":["size=1","sync","tmpcopyup","ro"])");
  REQUIRE(problem(plan) == "none");
  CHECK(plan->warnings ==
        std::vector<std::string>{"mounts[0].options: \"size\" has no effect on a bind mount",
                                 "mounts[0].options: \"sync\" has no effect on a bind mount",
                                 "mounts[0].options: tmpcopyup is for tmpfs, not used"});
  CHECK(plan->rootfs.mounts[0].parameters.empty());
}

TEST_CASE("wrong mounts are named") {
  struct {
    const char* members;
    const char* expected;
  } cases[] = {
      {R"("type":"")", "mounts[0].type: is empty, and no bind option is there"},
      {R"("options":["ro"])", "mounts[0].type: is empty, and no bind option is there"},
      {R"("options":["rbind"])", "mounts[0].source: is empty, there is nothing to bind"},
      {R"("type":"tmpfs","options":["ro",""])", "mounts[0].options[1]: \"\" has no name"},
      {R"("type":"tmpfs","options":["=1"])", "mounts[0].options[0]: \"=1\" has no name"},
      {R"("type":"bind","source":"/s","options":["idmap"])",
       "mounts[0]: idmap needs uidMappings or a user namespace"},
      {R"("type":"bind","source":"/s","options":["idmap=uids=0-1-2"])",
       "mounts[0].options[0]: \"idmap=uids=0-1-2\": maps are given by uidMappings and gidMappings"},
      {R"("type":"bind","source":"/s","uidMappings":[{"containerID":0,"hostID":1,"size":1}])",
       "mounts[0]: uidMappings and gidMappings go together"},
  };
  for (const auto& [members, expected] : cases) {
    CAPTURE(members);
    CHECK(problem(plan_mount(members)) == expected);
  }
  CHECK(problem(plan_with(R"(,"mounts":[{"destination":"","type":"tmpfs"}])")) ==
        "mounts[0].destination: is empty");
}

TEST_CASE("a target that is not absolute is taken from the root, with a warning") {
  const auto plan = plan_with(R"(,"mounts":[{"destination":"a/b","type":"tmpfs"}])");
  REQUIRE(problem(plan) == "none");
  CHECK(plan->rootfs.mounts[0].target == "/a/b");
  CHECK(plan->warnings ==
        std::vector<std::string>{"mounts[0].destination: \"a/b\" is not absolute, taken from /"});
}

TEST_CASE("ids of a mount are mapped by its own maps or the container's") {
  constexpr std::string_view own =
      R"("type":"bind","source":"/s","uidMappings":[{"containerID":0,"hostID":7,"size":1}],
    "gidMappings":[{"containerID":0,"hostID":8,"size":1}],"options":[{}])";
  const auto with = [&](std::string_view option) {
    std::string members(own);
    return plan_mount(members.replace(members.find("{}"), 2, option));
  };
  CHECK(with("")->rootfs.mounts[0].idmap == MountPlan::Idmap::one);
  CHECK(with("\"idmap\"")->rootfs.mounts[0].idmap == MountPlan::Idmap::one);
  CHECK(with("\"ridmap\"")->rootfs.mounts[0].idmap == MountPlan::Idmap::recursive);
  CHECK(with("")->rootfs.mounts[0].uid_map == "0 7 1\n");
  CHECK(with("")->rootfs.mounts[0].gid_map == "0 8 1\n");
  constexpr auto user = R"({"type":"mount"},{"type":"user","path":"/u"})";
  const auto container = plan_mount(R"("type":"bind","source":"/s","options":["idmap"])", "", user);
  REQUIRE(problem(container) == "none");
  CHECK(container->rootfs.mounts[0].idmap == MountPlan::Idmap::one);
  CHECK(container->rootfs.mounts[0].uid_map.empty());
  CHECK(problem(plan_mount(R"("type":"tmpfs","options":["idmap"])", "", user)) ==
        "mounts[0]: idmap is for bind mounts");
}

TEST_CASE("the names for `features` are those of the table") {
  const auto names = known_mount_options();
  CHECK(std::ranges::is_sorted(names));
  for (const auto* name : {"bind", "idmap", "rro", "tmpcopyup", "unbindable", "ro", "nosymfollow"}) {
    CAPTURE(name);
    CHECK(std::ranges::count(names, std::string_view(name)) == 1);
  }
  // Each is taken as an option, not as a parameter; superblock flags are both.
  for (const auto name : names) {
    CAPTURE(name);
    const bool superblock = name.ends_with("sync") || name.ends_with("mand") || name.ends_with("lazytime");
    if (name == "idmap" || name == "ridmap") continue;
    CHECK(mount_with(name).parameters.size() == (superblock && !mount_with(name).recursive_bind ? 1u : 0u));
  }
}

}  // namespace podo::runtime
