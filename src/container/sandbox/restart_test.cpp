#include "base/linux/mount.h"
#include "base/linux/process.h"
#include "base/linux/spawn.h"
#include "container/sandbox/sandboxes_testing.h"

namespace podo::engine {
namespace {

TEST_CASE("the next daemon has the sandboxes of the last one") {
  if (!can_run()) return;
  SandboxesTest test;
  SandboxWish wish = test.wish("a");
  wish.ports = {{.container_port = 80}};
  const SandboxPtr before = test.make(wish);
  REQUIRE_FALSE(before->ports.empty());
  const std::string leftover = test.machine.folder + "/sandboxes/leftover";
  std::filesystem::create_directories(leftover);
  test.open();
  const SandboxPtr after = test.sandboxes->find("a");
  REQUIRE(after != nullptr);
  CHECK_FALSE(after->lost);
  CHECK(after->created == before->created);
  REQUIRE(after->endpoints.size() == 1);
  CHECK(after->endpoints[0].ipv4 == before->endpoints[0].ipv4);
  CHECK(after->ports[0].host_port == before->ports[0].host_port);
  CHECK(inside(test.paths("a"), host_name) == "web-0");
  CHECK_FALSE(std::filesystem::exists(leftover));
}

TEST_CASE("after a start of the machine a sandbox is lost, and only to be removed") {
  if (!can_run()) return;
  SandboxesTest test;
  test.make(test.wish("a"));
  test.make(test.wish("b"));
  const SandboxPaths paths = test.paths("a");
  test.change_record("b", [](SandboxRecord& record) { record.boot_id = "another boot"; });
  for (const std::string& pin : {paths.ipc, paths.uts, paths.network, paths.shm})
    CHECK(linux::unmount(pin.c_str(), MNT_DETACH));
  test.open();
  CHECK(test.sandboxes->find("a")->lost);
  CHECK(test.sandboxes->find("a")->endpoints.empty());
  CHECK(test.sandboxes->find("b")->lost);
  CHECK(test.sandboxes->enter("a", "c").error().message() ==
        "cannot join the sandbox a: its namespaces are gone");
  CHECK(test.machine.fails(test.sandboxes->connect("a", 80)).kind() == ErrorKind::conflict);
  test.machine.run(test.sandboxes->remove("a"));
  CHECK_FALSE(std::filesystem::exists(paths.folder));
  test.make(test.wish("a"));
  CHECK_FALSE(test.sandboxes->find("a")->lost);
}

TEST_CASE("what was half made or half removed is gone with the next daemon") {
  if (!can_run()) return;
  SandboxesTest test;
  SandboxWish shared = test.wish("half");
  shared.share_processes = true;
  test.make(shared);
  test.make(test.wish("going"));
  const std::string folder = test.machine.folder + "/sandboxes/";
  test.change_record("half", [](SandboxRecord& record) {
    record.complete = false;
    record.init_pid = 0;  // it was killed before it could say so
  });
  test.change_record("going", [](SandboxRecord& record) { record.removing = true; });
  test.open();
  CHECK(test.sandboxes->list().empty());
  for (const char* id : {"half", "going"}) {
    CHECK_FALSE(test.recorded(id));
    CHECK_FALSE(std::filesystem::exists(folder + id));
    CHECK_FALSE(std::filesystem::exists(test.machine.folder + "/netns/" + id));
    CHECK_FALSE(exists_group(text("{}/pod-{}", test.group, id)));
  }
}

// nsenter and a shell, whose child is left to the first process of the namespace.
void leave_an_orphan(const std::string& pid_namespace) {
  const auto child = linux::spawn({.path = "/usr/bin/nsenter",
                                   .args = {"nsenter", "--pid=" + pid_namespace, "/bin/sh", "-c", "true & :"},
                                   .env = {"PATH=/usr/bin:/bin"},
                                   .directory = "/"});
  REQUIRE(child);
  CHECK(linux::reap(*child)->succeeded());
}

TEST_CASE("containers that share processes have a first one that reaps, and outlives the daemon") {
  if (!can_run()) return;
  SandboxesTest test;
  SandboxWish wish = test.wish("s");
  wish.share_processes = true;
  test.make(wish);
  int pid = 0;
  test.change_record("s", [&](SandboxRecord& record) { pid = record.init_pid; });
  const SandboxPaths paths = test.paths("s");
  const std::string proc = text("/proc/{}/", pid);
  struct stat pinned{}, its{}, ours{};
  REQUIRE(::stat(paths.pid.c_str(), &pinned) == 0);
  REQUIRE(::stat((proc + "ns/pid").c_str(), &its) == 0);
  REQUIRE(::stat("/proc/self/ns/pid", &ours) == 0);
  CHECK(pinned.st_ino == its.st_ino);
  CHECK(its.st_ino != ours.st_ino);
  // What it could give away: nothing.
  CHECK(read(proc + "status").contains("CapEff:\t0000000000000000"));
  CHECK(read(proc + "status").contains("CapPrm:\t0000000000000000"));
  CHECK(read(proc + "status").contains("Uid:\t65535\t65535\t65535\t65535"));
  CHECK_FALSE(read(proc + "cmdline").contains("sandboxes"));
  CHECK(std::filesystem::is_empty(proc + "root"));
  CHECK(test.eventually([&] { return std::filesystem::is_empty(proc + "fd"); }));
  CHECK(read(proc + "cgroup").contains(wish.cgroup_parent + "/sandbox-init"));
  for (const char* name_space : {"net", "ipc", "uts", "mnt"}) {
    struct stat of_init{}, of_test{};
    CHECK(::stat((proc + "ns/" + name_space).c_str(), &of_init) == 0);
    CHECK(::stat(text("/proc/self/ns/{}", name_space).c_str(), &of_test) == 0);
    CHECK(of_init.st_ino != of_test.st_ino);
  }
  if (::access("/usr/bin/nsenter", X_OK) == 0) {
    leave_an_orphan(paths.pid);
    CHECK(test.eventually([&] { return read(text("{}task/{}/children", proc, pid)).empty(); }));
  }

  test.open();
  CHECK_FALSE(test.sandboxes->find("s")->lost);
  CHECK(linux::open_process(pid));
  test.machine.run(test.sandboxes->remove("s"));
  const auto after = linux::read_process_stat(pid);
  CHECK((!after || after->ended()));  // killed; nobody but the daemon that made it reaps it
}

TEST_CASE("a sandbox whose first process was killed is lost") {
  if (!can_run()) return;
  SandboxesTest test;
  SandboxWish wish = test.wish("s");
  wish.share_processes = true;
  test.make(wish);
  int pid = 0;
  test.change_record("s", [&](SandboxRecord& record) { pid = record.init_pid; });
  REQUIRE(::kill(pid, SIGKILL) == 0);
  CHECK(test.eventually([&] { return test.sandboxes->find("s")->lost; }));
  CHECK_FALSE(std::filesystem::exists(text("/proc/{}", pid)));  // reaped
}

}  // namespace
}  // namespace podo::engine
