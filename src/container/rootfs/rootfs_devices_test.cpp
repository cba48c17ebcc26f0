#include "container/rootfs/rootfs_devices.h"

#include <fcntl.h>

#include <doctest/doctest.h>

#include "container/rootfs/rootfs_testing.h"

namespace podo::runtime {

using namespace testing;  // NOLINT: the words of this file

TEST_CASE("devices have exactly their mode and owner, and existing ones must be the same") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan;
    plan.rootfs.path = make_root();
    ::umask(0077);
    plan.rootfs.devices = {{"/dev/null", S_IFCHR | 0666, makedev(1, 3), 0, 0},
                           {"/dev/disk/by-id/first", S_IFBLK | 0640, makedev(7, 0), 5, 6},
                           {"/run/queue", S_IFIFO | 0622, 0, 7, 8}};
    PODO_MUST_WORK(build(plan));
    PODO_MUST(::umask(0) == 0077);
    struct stat status;
    PODO_MUST(::stat("/tmp/root/dev/null", &status) == 0 && status.st_mode == (S_IFCHR | 0666));
    PODO_MUST(::stat("/tmp/root/dev/disk/by-id/first", &status) == 0 && status.st_mode == (S_IFBLK | 0640));
    PODO_MUST(status.st_rdev == makedev(7, 0) && status.st_uid == 5 && status.st_gid == 6);
    PODO_MUST(::stat("/tmp/root/run/queue", &status) == 0 && status.st_mode == (S_IFIFO | 0622) &&
              status.st_uid == 7);
    PODO_MUST_WORK(build(plan));
    plan.rootfs.devices[0].number = makedev(1, 5);
    PODO_MUST_BE(error_of(build(plan)), "device /dev/null: there is something else of that name");
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("the image's ptmx gives way; with the host's /dev nothing is made") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan;
    plan.rootfs.path = make_root();
    ::mkdir("/tmp/root/dev", 0755);
    spit("/tmp/root/dev/ptmx", "");
    PODO_MUST_WORK(build(plan));
    char link[32]{};
    PODO_MUST(::readlink("/tmp/root/dev/ptmx", link, sizeof link) > 0);
    PODO_MUST_BE(std::string(link), "pts/ptmx");
    PODO_MUST(::readlink("/tmp/root/dev/stderr", link, sizeof link) > 0);
    PODO_MUST_BE(std::string(link), "/proc/self/fd/2");
    ::mkdir("/tmp/hostdev", 0755);
    plan.rootfs.mounts = {bind("/tmp/hostdev", "/dev")};
    plan.rootfs.devices = {{"/dev/null", S_IFCHR | 0666, makedev(1, 3), 0, 0}};
    PODO_MUST_WORK(build(plan));
    PODO_MUST(::access("/tmp/hostdev/null", F_OK) != 0 && ::access("/tmp/hostdev/fd", F_OK) != 0);
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("in a user namespace devices are the host's, bound, and the host's restrictions stay") {
  if (!can_make_user_namespaces()) return;
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = default_plan(make_root());
    ::mkdir("/tmp/source", 0755);
    PODO_MUST(::mount("tmpfs", "/tmp/source", "tmpfs", MS_NOSUID | MS_NODEV, nullptr) == 0);
    MountPlan loose = bind("/tmp/source", "/loose", MOUNT_ATTR_NOEXEC);
    loose.attributes_clear = MOUNT_ATTR_NOSUID;
    plan.rootfs.mounts.push_back(loose);
    PODO_MUST_WORK(enter_user_namespace());
    PODO_MUST(::unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID) == 0);
    int ends[2];
    PODO_MUST(::pipe(ends) == 0);
    if (::fork() == 0) {
      std::string inside = error_of(build_enter_seal(plan));
      struct stat status;
      if (inside.empty() && (::stat("/dev/urandom", &status) != 0 || status.st_rdev != makedev(1, 9)))
        inside = "no urandom";
      if (inside.empty() && ::open("/dev/ptmx", O_RDWR | O_NOCTTY) < 0) inside = "no terminals";
      if (inside.empty() &&
          slurp("/proc/self/mountinfo").find("/loose rw,nosuid,nodev,noexec") == std::string::npos)
        inside = "flags: " + slurp("/proc/self/mountinfo");
      [[maybe_unused]] const ssize_t written = ::write(ends[1], inside.data(), inside.size());
      ::_exit(0);
    }
    ::close(ends[1]);
    return linux::read_all(ends[0], 1 << 16).value_or("no answer");
  });
  CHECK(said == "");
}

}  // namespace podo::runtime
