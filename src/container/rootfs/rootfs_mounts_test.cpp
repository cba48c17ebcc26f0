#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <doctest/doctest.h>

#include "container/rootfs/rootfs_testing.h"

namespace podo::runtime {

using namespace testing;  // NOLINT: the words of this file

namespace {

Plan empty_plan() {
  Plan plan;
  plan.rootfs.path = make_root();
  ::mkdir("/tmp/root/dev", 0755);
  return plan;
}
bool writable(const std::string& directory) {
  const std::string path = directory + "/probe";
  const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}
// The optional fields of a mount in /proc/self/mountinfo: "shared:5 master:1".
std::string peers_of(const std::string& path) {
  std::istringstream lines(slurp("/proc/self/mountinfo"));
  std::string found = "none";
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, target;
    for (int i = 0; i < 5; ++i) words >> target;
    if (target != path) continue;
    found.clear();
    for (words >> word; words >> word && word != "-";) found += word.substr(0, word.find(':')) + " ";
  }
  return found;
}

}  // namespace

TEST_CASE("remount changes the mount that is there, and mounts nothing") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = empty_plan();
    MountPlan again = filesystem("", "/data", MOUNT_ATTR_RDONLY);
    again.remount = true;
    plan.rootfs.mounts = {filesystem("tmpfs", "/data"), again};
    PODO_MUST_WORK(build(plan));
    PODO_MUST(!writable("/tmp/root/data"));
    PODO_MUST(::umount2("/tmp/root/data", 0) == 0 && writable("/tmp/root/data"));
    plan.rootfs.mounts = {again};
    plan.rootfs.mounts[0].target = "/nothing";
    PODO_MUST(error_of(build(plan)).contains("remount /nothing"));
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("a read-only bind is read-only, the mounts inside only with rro") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = empty_plan();
    ::mkdir("/tmp/source", 0755);
    ::mkdir("/tmp/source/inner", 0755);
    PODO_MUST(::mount("tmpfs", "/tmp/source/inner", "tmpfs", 0, nullptr) == 0);
    MountPlan top_only = bind("/tmp/source", "/top", MOUNT_ATTR_RDONLY);
    top_only.recursive_bind = true;
    MountPlan whole = bind("source", "/whole");  // relative to the bundle, /tmp
    whole.recursive_bind = true;
    whole.recursive_set = MOUNT_ATTR_RDONLY;
    plan.rootfs.mounts = {top_only, whole, bind("/tmp/source", "/plain")};
    PODO_MUST_WORK(build(plan));
    PODO_MUST(!writable("/tmp/root/top") && writable("/tmp/root/top/inner"));
    PODO_MUST(!writable("/tmp/root/whole") && !writable("/tmp/root/whole/inner"));
    PODO_MUST(writable("/tmp/root/plain"));
    PODO_MUST(::access("/tmp/source/probe", F_OK) == 0);
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("a file is bound on a file that is made for it, and attributes of the source stay") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = empty_plan();
    ::mkdir("/tmp/source", 0755);
    PODO_MUST(::mount("tmpfs", "/tmp/source", "tmpfs", MS_NODEV | MS_NOSUID, nullptr) == 0);
    spit("/tmp/source/hosts", "content");
    plan.rootfs.mounts = {bind("/tmp/source/hosts", "/etc/hosts", MOUNT_ATTR_NOEXEC)};
    PODO_MUST_WORK(build(plan));
    PODO_MUST_BE(slurp("/tmp/root/etc/hosts"), "content");
    struct statvfs status;
    PODO_MUST(::statvfs("/tmp/root/etc/hosts", &status) == 0);
    PODO_MUST((status.f_flag & (ST_NODEV | ST_NOSUID | ST_NOEXEC)) == (ST_NODEV | ST_NOSUID | ST_NOEXEC));
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("a tmpfs takes the mode it covers, copies up, and becomes read-only after what is put into it") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = empty_plan();
    ::mkdir("/tmp/root/data", 0755);
    PODO_MUST(::chmod("/tmp/root/data", 01770) == 0);
    ::mkdir("/tmp/root/data/sub", 0700);
    PODO_MUST(::chown("/tmp/root/data/sub", 12, 34) == 0);
    spit("/tmp/root/data/sub/file", "content");
    PODO_MUST(::chmod("/tmp/root/data/sub/file", 04755) == 0);
    PODO_MUST(::symlink("/etc/passwd", "/tmp/root/data/link") == 0);
    PODO_MUST(::mkfifo("/tmp/root/data/fifo", 0640) == 0);
    MountPlan copied = filesystem("tmpfs", "/data", MOUNT_ATTR_RDONLY);
    copied.copy_up = true;
    plan.rootfs.mounts = {copied, filesystem("tmpfs", "/data/later")};
    PODO_MUST_WORK(build_enter_seal(plan));
    PODO_MUST_BE(slurp("/data/sub/file"), "content");
    struct stat status;
    PODO_MUST(::stat("/data", &status) == 0 && status.st_mode == (S_IFDIR | 01770));
    PODO_MUST(::stat("/data/sub", &status) == 0 && status.st_mode == (S_IFDIR | 0700) &&
              status.st_uid == 12 && status.st_gid == 34);
    PODO_MUST(::stat("/data/sub/file", &status) == 0 && status.st_mode == (S_IFREG | 04755));
    PODO_MUST(::lstat("/data/link", &status) == 0 && S_ISLNK(status.st_mode));
    PODO_MUST(::lstat("/data/fifo", &status) == 0 && S_ISFIFO(status.st_mode));
    PODO_MUST(!writable("/data") && writable("/data/later"));
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("propagation is what the mount says; by default nothing reaches the host") {
  const std::string said = in_namespaces(0, [] -> std::string {
    PODO_MUST(::mount(nullptr, "/", nullptr, MS_SHARED | MS_REC, nullptr) == 0);  // as systemd leaves a host
    const io::Fd host(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));  // or the peers would die with it
    PODO_MUST(::unshare(CLONE_NEWNS) == 0);
    Plan plan = empty_plan();
    ::mkdir("/tmp/source", 0755);
    MountPlan shared = bind("/tmp/source", "/shared");
    shared.propagation = {MS_SHARED | MS_REC};
    MountPlan alone = bind("/tmp/source", "/alone");
    alone.propagation = {MS_PRIVATE | MS_REC};
    plan.rootfs.mounts = {bind("/tmp/source", "/default"), shared, alone, filesystem("proc", "/proc")};
    PODO_MUST_WORK(build(plan));
    PODO_MUST_BE(peers_of("/tmp/root/default"), "master ");
    PODO_MUST_BE(peers_of("/tmp/root/shared"), "shared master ");
    PODO_MUST_BE(peers_of("/tmp/root/alone"), "");
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("a shared root lets volumes share with the host, and the container's own mounts stay inside") {
  const std::string said = in_namespaces(0, [] -> std::string {
    PODO_MUST(::mount(nullptr, "/", nullptr, MS_SHARED | MS_REC, nullptr) == 0);
    ::mkdir("/tmp/source", 0755);
    Plan plan = empty_plan();
    plan.rootfs.propagation = MS_SHARED | MS_REC;
    MountPlan volume = bind("/tmp/source", "/volume");
    volume.propagation = {MS_SHARED | MS_REC};
    plan.rootfs.mounts = {volume, filesystem("proc", "/proc"), filesystem("tmpfs", "/scratch")};
    int ends[2];
    PODO_MUST(::pipe(ends) == 0);
    const pid_t container = ::fork();
    if (container == 0) {
      Result<> done = ::unshare(CLONE_NEWNS) == 0 ? build_enter_seal(plan) : Result<>(invalid("unshare"));
      const bool mounted = done && ::mkdir("/volume/new", 0755) == 0 &&
                           ::mount("tmpfs", "/volume/new", "tmpfs", 0, nullptr) == 0;
      const std::string said_inside = !mounted ? text("{} errno {}", error_of(done), errno) : peers_of("/");
      [[maybe_unused]] const ssize_t written = ::write(ends[1], said_inside.data(), said_inside.size());
      ::_exit(0);
    }
    ::close(ends[1]);
    const std::string inside = linux::read_all(ends[0], 4096).value_or("?");
    int status;
    ::waitpid(container, &status, 0);
    PODO_MUST_BE(inside, "shared ");
    PODO_MUST_BE(peers_of("/tmp/source/new"), "shared ");  // arrived from the container
    PODO_MUST_BE(peers_of("/tmp/root/scratch"), "none");   // did not leak
    PODO_MUST_BE(peers_of("/tmp/root"), "none");
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("options longer than the new calls take go through mount(2)") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = empty_plan();
    std::string layers;
    for (int i = 0; i < 12; ++i) {
      const std::string layer = text("/tmp/layer-with-a-long-name-to-fill-the-option-{}", i);
      ::mkdir(layer.c_str(), 0755);
      spit(text("{}/file{}", layer, i), "content");
      layers += (layers.empty() ? "" : ":") + layer;
    }
    plan.rootfs.mounts = {filesystem("overlay", "/over", MOUNT_ATTR_NOEXEC, {{"lowerdir", layers}})};
    PODO_MUST_WORK(build(plan));
    PODO_MUST_BE(slurp("/tmp/root/over/file0"), "content");
    PODO_MUST_BE(slurp("/tmp/root/over/file11"), "content");
    struct statvfs status;
    PODO_MUST(::statvfs("/tmp/root/over", &status) == 0 && (status.f_flag & ST_NOEXEC) != 0);
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("a mount on / becomes the root, and errors carry the file system's own words") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = empty_plan();
    plan.rootfs.mounts = {filesystem("tmpfs", "/data", 0, {{"size", "many"}})};
    PODO_MUST_BE(error_of(build(plan)),
                 "mount /data: option size=many (tmpfs: Bad value for 'size'): Invalid argument");
    plan.rootfs.mounts = {filesystem("nonexistentfs", "/data")};
    PODO_MUST_BE(error_of(build(plan)), "mount /data: this kernel has no file system 'nonexistentfs'");
    plan.rootfs.mounts = {bind("/nowhere", "/data")};
    PODO_MUST_BE(error_of(build(plan)), "mount /data: open_tree /nowhere: No such file or directory");
    plan.rootfs.mounts = {filesystem("tmpfs", "/", 0, {{"mode", "751"}})};
    PODO_MUST_WORK(build_enter_seal(plan));
    struct stat status;
    PODO_MUST(::stat("/", &status) == 0 && status.st_mode == (S_IFDIR | 0751));
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("ids are mapped for a mount by a mapping of its own") {
  if (!can_make_user_namespaces()) return;
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = empty_plan();
    ::mkdir("/tmp/source", 0755);
    spit("/tmp/source/file", "");
    PODO_MUST(::chown("/tmp/source/file", 7, 7) == 0);
    MountPlan mapped = bind("/tmp/source", "/mapped");
    mapped.idmap = MountPlan::Idmap::one;
    mapped.uid_map = mapped.gid_map = "0 100000 10\n";
    plan.rootfs.mounts = {mapped};
    Result<MountSources> sources = prepare_mount_sources(plan, "/tmp");
    PODO_MUST_WORK(sources);
    SilentLog silent;
    PODO_MUST_WORK(Rootfs::build(
        {.plan = &plan, .bundle = "/tmp", .sources = *std::move(sources), .cgroups = {}}, silent));
    struct stat status;
    PODO_MUST(::stat("/tmp/root/mapped/file", &status) == 0 && status.st_uid == 100007);
    plan.rootfs.mounts[0].uid_map.clear();
    plan.rootfs.mounts[0].gid_map.clear();
    PODO_MUST(error_of(prepare_mount_sources(plan, "/tmp"))
                  .contains("needs a container with a user namespace"));
    return "";
  });
  CHECK(said == "");
}

TEST_CASE(
    "cgroup on a v1 host is a directory per hierarchy, the container's own, with links for what is mounted "
    "together") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = empty_plan();
    for (const char* directory : {"/tmp/v1", "/tmp/v1/cpu,cpuacct", "/tmp/v1/cpu,cpuacct/web",
                                  "/tmp/v1/systemd", "/tmp/v1/systemd/web"})
      ::mkdir(directory, 0755);
    spit("/tmp/v1/cpu,cpuacct/web/tasks", "");
    MountPlan mount = filesystem("cgroup", "/sys/fs/cgroup", MOUNT_ATTR_RDONLY);
    mount.kind = MountPlan::Kind::cgroup;
    plan.rootfs.mounts = {mount};
    SilentLog silent;
    PODO_MUST_WORK(
        Rootfs::build({.plan = &plan,
                       .bundle = "/tmp",
                       .sources = {},
                       .cgroups = {{"cpu,cpuacct", "/tmp/v1/cpu,cpuacct", "/tmp/v1/cpu,cpuacct/web"},
                                   {"name=systemd", "/tmp/v1/systemd", "/tmp/v1/systemd/web"}}},
                      silent));
    PODO_MUST(::access("/tmp/root/sys/fs/cgroup/cpuacct/tasks", F_OK) == 0);
    PODO_MUST(::access("/tmp/root/sys/fs/cgroup/cpu/tasks", F_OK) == 0);
    PODO_MUST(::access("/tmp/root/sys/fs/cgroup/systemd", F_OK) == 0);
    PODO_MUST(!writable("/tmp/root/sys/fs/cgroup") && !writable("/tmp/root/sys/fs/cgroup/systemd"));
    return "";
  });
  CHECK(said == "");
}

TEST_CASE(
    "cgroup on a v2 host is the container's own directory, or with the host's namespace the whole tree") {
  struct statfs status;
  std::string tree = "/sys/fs/cgroup/unified";
  if (::statfs(tree.c_str(), &status) != 0) tree = "/sys/fs/cgroup";
  if (::statfs(tree.c_str(), &status) != 0 || status.f_type != CGROUP2_SUPER_MAGIC) return;
  const std::string own = tree + text("/podo-mount-test-{}", ::getpid());
  REQUIRE(::mkdir(own.c_str(), 0755) == 0);
  const std::string said = in_namespaces(0, [&] -> std::string {
    Plan plan = empty_plan();
    MountPlan mount = filesystem("cgroup", "/sys/fs/cgroup", MOUNT_ATTR_RDONLY);
    mount.kind = MountPlan::Kind::cgroup;
    plan.rootfs.mounts = {mount};
    SilentLog silent;
    const auto build_with = [&](std::uint64_t namespaces) {
      plan.namespaces.create = namespaces;
      return Rootfs::build({.plan = &plan, .bundle = "/tmp", .sources = {}, .cgroups = {{"", tree, own}}},
                           silent);
    };
    PODO_MUST_WORK(build_with(CLONE_NEWCGROUP));
    PODO_MUST_BE(slurp("/tmp/root/sys/fs/cgroup/cgroup.events").substr(0, 11), "populated 0");
    PODO_MUST(::mkdir("/tmp/root/sys/fs/cgroup/x", 0755) != 0 && errno == EROFS);
    PODO_MUST_WORK(build_with(0));
    const std::string seen = "/tmp/root/sys/fs/cgroup/" + own.substr(own.rfind('/') + 1);
    PODO_MUST(::access(seen.c_str(), F_OK) == 0);
    return "";
  });
  CHECK(said == "");
  CHECK(::rmdir(own.c_str()) == 0);
}

}  // namespace podo::runtime
