#include "base/linux/cgroup_layout.h"

#include <doctest/doctest.h>

using namespace podo;
using linux::CgroupMode;

namespace {

constexpr std::string_view debian_12 =
    "24 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n"
    "35 24 0:29 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n"
    "36 24 0:30 / /sys/fs/pstore rw,nosuid,nodev,noexec,relatime shared:10 - pstore pstore rw\n";

constexpr std::string_view rhel_hybrid =
    "25 17 0:20 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:8 - tmpfs tmpfs ro,seclabel,mode=755\n"
    "26 25 0:21 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,seclabel,nsdelegate\n"
    "27 25 0:22 / /sys/fs/cgroup/systemd rw,relatime shared:10 - cgroup cgroup "
    "rw,seclabel,xattr,release_agent=/usr/lib/systemd/systemd-cgroups-agent,name=systemd\n"
    "30 25 0:25 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:11 - cgroup cgroup rw,seclabel,cpu,cpuacct\n"
    "31 25 0:26 / /sys/fs/cgroup/memory rw,relatime shared:12 - cgroup cgroup rw,seclabel,memory\n"
    "32 25 0:27 / /sys/fs/cgroup/net_cls,net_prio rw,relatime shared:13 - cgroup cgroup "
    "rw,seclabel,net_cls,net_prio\n";

constexpr std::string_view separate_hybrid =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

linux::CgroupLayout parsed(std::string_view text) {
  auto layout = linux::parse_cgroup_layout(text);
  REQUIRE(layout.has_value());
  return *std::move(layout);
}

}  // namespace

TEST_CASE("a host with only the v2 tree is unified") {
  const auto layout = parsed(debian_12);
  CHECK(layout.mode == CgroupMode::unified);
  REQUIRE(layout.hierarchies.size() == 1);
  CHECK(layout.unified()->mount_point == "/sys/fs/cgroup");
  CHECK(layout.unified()->controllers == "");
  CHECK(layout.find("memory") == nullptr);  // known only once cgroup.controllers is read
}

TEST_CASE("options that are no controllers are left out, co-mounted ones stay together") {
  const auto layout = parsed(rhel_hybrid);
  CHECK(layout.mode == CgroupMode::hybrid);
  REQUIRE(layout.hierarchies.size() == 5);
  CHECK(layout.hierarchies[1].controllers == "name=systemd");
  CHECK(layout.find("cpuacct")->mount_point == "/sys/fs/cgroup/cpu,cpuacct");
  CHECK(layout.find("cpu") == layout.find("cpuacct"));
  CHECK(layout.find("net_prio")->controllers == "net_cls,net_prio");
  CHECK(layout.find("pids") == nullptr);
  CHECK(layout.find("cpua") == nullptr);
}

TEST_CASE("a controller is looked for on v1 before v2") {
  auto layout = parsed(separate_hybrid);
  CHECK(layout.find("cpu")->mount_point == "/sys/fs/cgroup/cpu");
  layout.hierarchies.back().available = "cpu hugetlb";
  CHECK(layout.find("cpu")->mount_point == "/sys/fs/cgroup/cpu");
  CHECK(layout.find("hugetlb")->unified);
}

TEST_CASE("without the v2 tree the host is legacy, without any it has none") {
  CHECK(parsed("32 31 0:29 / /cg/cpu rw - cgroup x rw,cpu\n").mode == CgroupMode::legacy);
  CHECK(parsed("").mode == CgroupMode::none);
  CHECK(parsed("24 30 0:22 / /sys rw - sysfs sysfs rw\n").mode == CgroupMode::none);
}

TEST_CASE("a named hierarchy beside v2 does not make the host hybrid") {
  CHECK(parsed("1 0 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
               "2 0 0:2 / /run/old rw - cgroup cgroup rw,xattr,name=elogind\n").mode == CgroupMode::unified);
}

TEST_CASE("a hierarchy mounted twice counts once, at its first place") {
  const auto layout = parsed("1 0 0:1 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
                             "2 0 0:1 / /host/cgroup/memory rw - cgroup cgroup rw,memory\n");
  REQUIRE(layout.hierarchies.size() == 1);
  CHECK(layout.hierarchies[0].mount_point == "/sys/fs/cgroup/memory");
  CHECK(layout.hierarchies[0].root == "/docker/abc");
}

TEST_CASE("escaped characters of paths are put back") {
  const auto layout = parsed("1 0 0:1 /a\\134b /mnt/my\\040groups rw - cgroup2 none rw\n");
  CHECK(layout.unified()->root == "/a\\b");
  CHECK(layout.unified()->mount_point == "/mnt/my groups");
}

TEST_CASE("a path that looks like the separator does not mislead") {
  CHECK(parsed("1 0 0:1 / /mnt/x rw - ext4 /dev/cgroup rw\n").mode == CgroupMode::none);
  CHECK(parsed("1 0 0:1 / /mnt rw - cgroupfs x rw,cpu\n").mode == CgroupMode::none);
  CHECK(parsed("truncated - cgroup").mode == CgroupMode::none);
}

TEST_CASE("this host's layout can be read") {
  const auto layout = linux::read_cgroup_layout();
  REQUIRE(layout.has_value());
  for (const auto& h : layout->hierarchies) CHECK(h.mount_point.starts_with('/'));
}
