// What a hostile image tries against the setting up of its own container.
#include <fcntl.h>
#include <sys/statfs.h>

#include <doctest/doctest.h>

#include "container/rootfs/rootfs_testing.h"
#include "container/rootfs/safe_proc.h"

namespace podo::runtime {

using namespace testing;  // NOLINT: the words of this file

namespace {

dev_t device_at(const char* path) {
  struct stat status;
  return ::stat(path, &status) == 0 && S_ISCHR(status.st_mode) ? status.st_rdev : 0;
}

Plan plan_with(std::vector<MountPlan> mounts) {
  Plan plan;
  plan.rootfs.path = make_root();
  plan.rootfs.mounts = std::move(mounts);
  return plan;
}

}  // namespace

TEST_CASE(
    "masks are made of the host's null device, whatever the image has in its place") {  // CVE-2025-31133
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = plan_with({filesystem("proc", "/proc")});
    ::mkdir("/tmp/root/dev", 0755);
    PODO_MUST(::symlink("/proc/sys/kernel/core_pattern", "/tmp/root/dev/null") == 0);
    plan.rootfs.masked_paths = {"/proc/keys", "/proc/timer_list", "/proc/acpi", "/proc/tty", "/proc/nothing"};
    PODO_MUST_WORK(build_enter_seal(plan));
    PODO_MUST(device_at("/proc/keys") == makedev(1, 3));
    PODO_MUST(device_at("/proc/timer_list") == makedev(1, 3));
    PODO_MUST(::access("/proc/tty/drivers", F_OK) != 0);
    PODO_MUST(::mkdir("/proc/tty/x", 0755) != 0 && errno == EROFS);
    PODO_MUST(::chmod("/proc/keys", 0666) != 0 && errno == EROFS);  // it is the host's file
    const io::Fd null(::open("/proc/keys", O_RDWR | O_CLOEXEC));
    PODO_MUST(null && ::write(null.get(), "x", 1) == 1);
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("proc and sysfs are not mounted through links, and nothing is mounted on their files") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = plan_with({filesystem("proc", "/proc")});
    ::mkdir("/tmp/root/elsewhere", 0755);
    ::mkdir("/tmp/source", 0755);
    spit("/tmp/source/file", "content");
    PODO_MUST(::symlink("elsewhere", "/tmp/root/proc") == 0);
    PODO_MUST_BE(error_of(build(plan)), "mount /proc: /proc is a symbolic link: proc needs a real directory");
    PODO_MUST(::unlink("/tmp/root/proc") == 0);
    plan.rootfs.mounts = {filesystem("proc", "/proc"), bind("/tmp/source/file", "/proc/self/attr/exec")};
    PODO_MUST(error_of(build(plan)).contains("inside /proc"));
    PODO_MUST(::symlink("/proc/sys", "/tmp/root/innocent") == 0);
    plan.rootfs.mounts = {filesystem("proc", "/proc"), bind("/tmp/source", "/innocent")};
    PODO_MUST(error_of(build(plan)).contains("inside a proc file system"));
    plan.rootfs.mounts = {bind("/tmp/source", "/proc")};
    PODO_MUST(error_of(build(plan)).contains("only a proc file system may be mounted on /proc"));
    plan.rootfs.mounts = {filesystem("tmpfs", "/proc")};
    PODO_MUST(error_of(build(plan)).contains("only a proc file system may be mounted on /proc"));
    plan.rootfs.mounts = {filesystem("proc", "/proc"),
                          bind("/tmp/source/file", "/proc/uptime")};  // as lxcfs does
    PODO_MUST_WORK(build(plan));
    PODO_MUST_BE(slurp("/tmp/root/proc/uptime"), "content");
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("a mount through the image's links stays in the image") {  // CVE-2021-30465
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = plan_with({bind("/tmp/source", "/link/deep"), bind("/tmp/source", "/up/deep")});
    ::mkdir("/tmp/source", 0755);
    ::mkdir("/tmp/victim", 0755);
    PODO_MUST(::symlink("/tmp/victim", "/tmp/root/link") == 0);
    PODO_MUST(::symlink("../../tmp/victim", "/tmp/root/up") == 0);
    PODO_MUST_WORK(build(plan));
    PODO_MUST(::access("/tmp/root/tmp/victim/deep", F_OK) == 0);
    PODO_MUST(::rmdir("/tmp/victim") == 0);
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("a sysctl is written to the kernel, not to what was put in its place") {  // CVE-2025-52881
  const std::string said = in_namespaces(CLONE_NEWUTS | CLONE_NEWIPC, [] -> std::string {
    spit("/tmp/decoy", "");
    PODO_MUST(::mount("/tmp/decoy", "/proc/sys/kernel/domainname", nullptr, MS_BIND, nullptr) == 0);
    PODO_MUST_WORK(write_sysctls({{"kernel/domainname", "first"}}));
    PODO_MUST_BE(slurp("/tmp/decoy"), "");
    char name[64];
    PODO_MUST(::getdomainname(name, sizeof name) == 0);
    PODO_MUST_BE(std::string(name), "first");
    // The whole of /proc: another file system with a file of the right name.
    ::mkdir("/tmp/fake", 0755);
    ::mkdir("/tmp/fake/sys", 0755);
    ::mkdir("/tmp/fake/sys/kernel", 0755);
    spit("/tmp/fake/sys/kernel/domainname", "");
    PODO_MUST(::mount("/tmp/fake", "/proc", nullptr, MS_BIND, nullptr) == 0);
    PODO_MUST_WORK(write_sysctls({{"kernel/domainname", "second"}}));
    PODO_MUST_BE(slurp("/tmp/fake/sys/kernel/domainname"), "");
    PODO_MUST(::getdomainname(name, sizeof name) == 0);
    PODO_MUST_BE(std::string(name), "second");
    PODO_MUST(error_of(write_sysctls({{"kernel/../../../tmp/decoy", "x"}})).contains("linux.sysctl"));
    PODO_MUST_BE(slurp("/tmp/decoy"), "");
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("a label goes to this thread's attribute, or nowhere") {
  const std::string said = in_namespaces(0, [] -> std::string {
    spit("/tmp/decoy", "");
    const std::string attribute = text("/proc/{}/task/{}/attr/exec", ::getpid(), ::getpid());
    PODO_MUST(::mount("/tmp/decoy", attribute.c_str(), nullptr, MS_BIND, nullptr) == 0);
    ProcessPlan process;
    process.selinux_label = "system_u:system_r:container_t:s0";
    [[maybe_unused]] const Result<> written =
        write_exec_label(process);  // refused by a kernel without SELinux
    PODO_MUST_BE(slurp("/tmp/decoy"), "");
    const auto file = open_in_proc("thread-self/attr/exec", O_WRONLY);
    PODO_MUST_WORK(file);
    struct statfs status;
    PODO_MUST(::fstatfs(file->get(), &status) == 0 && status.f_type == 0x9fa0);
    return "";
  });
  CHECK(said == "");
}

TEST_CASE("moving the root instead of pivoting leaves no complete proc or sysfs behind") {
  const std::string said = in_namespaces(0, [] -> std::string {
    Plan plan = default_plan(make_root());
    SilentLog silent;
    Result<Rootfs> rootfs = Rootfs::build(
        {.plan = &plan, .bundle = "/tmp", .sources = {}, .cgroups = {}, .no_pivot = true}, silent);
    PODO_MUST_WORK(rootfs);
    const io::Fd host(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    PODO_MUST_WORK(rootfs->enter());
    PODO_MUST_WORK(rootfs->seal());
    PODO_MUST(::access("/proc/self", F_OK) == 0);
    PODO_MUST(::access("/tmp/root", F_OK) != 0);
    // Who gets hold of the host's root finds the directories of its image, without the mounts.
    struct stat status;
    PODO_MUST(::fstatat(host.get(), "proc", &status, 0) == 0 &&
              ::fstatat(host.get(), "proc/self", &status, 0) != 0);
    PODO_MUST(::fstatat(host.get(), "sys", &status, 0) == 0 &&
              ::fstatat(host.get(), "sys/kernel", &status, 0) != 0);
    return "";
  });
  CHECK(said == "");
}

}  // namespace podo::runtime
