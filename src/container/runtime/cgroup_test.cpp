// On this host's real control groups: needs root, leaves nothing behind.
#include "container/runtime/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include <doctest/doctest.h>

#include "container/runtime/cgroup_files.h"

using namespace podo;
using runtime::Cgroup;

namespace {

class CollectingLog final : public Log {
 public:
  void write(LogLevel, std::string_view message) override { lines.emplace_back(message); }
  std::vector<std::string> lines;
};

const linux::CgroupLayout& host() {
  static const auto layout = linux::read_cgroup_layout();
  static const linux::CgroupLayout none;
  return layout ? *layout : none;
}

bool can_make_groups() {
  const bool can = ::geteuid() == 0 && host().mode != linux::CgroupMode::none;
  if (!can) MESSAGE("skipped: needs root and mounted control groups");
  return can;
}

bool on_v1(std::string_view controller) {
  const auto* hierarchy = host().find(controller);
  const bool yes = hierarchy != nullptr && !hierarchy->unified;
  if (!yes) MESSAGE("skipped: the ", std::string(controller), " controller is not on cgroup v1 here");
  return yes;
}

// "/podo-test-PID" in every hierarchy, gone at the end of the test with what is below.
class Sandbox {
 public:
  Sandbox() : top(text("/podo-test-{}", ::getpid())) {}
  ~Sandbox() {
    std::vector<runtime::CgroupDirectory> all;
    for (const auto& h : host().hierarchies) all.push_back({h.controllers, h.mount_point, h.mount_point + top});
    CHECK(Cgroup::reopen(std::move(all)).remove().has_value());
  }
  std::string path(std::string_view name) const { return top + "/" + std::string(name); }
  const std::string top;
};

Cgroup made(const Sandbox& sandbox, const oci::Resources& resources = {}) {
  auto group = Cgroup::create(host(), sandbox.path("web"), resources);
  REQUIRE_MESSAGE(group.has_value(), (group ? "" : group.error().message()));
  return *std::move(group);
}

std::string place(const Cgroup& group, std::string_view controller) {
  for (const auto& d : group.directories()) {
    if (d.controllers == controller) return d.path;
  }
  return "";
}

std::string file_of(const Cgroup& group, std::string_view controller, const char* file) {
  const auto directory = runtime::open_group(place(group, controller));
  if (!directory) return "no group";
  return runtime::read_group_file(directory->get(), file).value_or("no file");
}

// A process inside the group that runs `work` and ends with its value.
template <class Work>
pid_t spawn_inside(const Cgroup& group, Work work) {
  const auto entry = group.entry();
  REQUIRE(entry.has_value());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (!runtime::enter_cgroup(*entry)) ::_exit(99);
    ::_exit(work());
  }
  return child;
}

int exit_code(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int sleep_forever() {
  for (;;) ::pause();
}

}  // namespace

TEST_CASE("a group is made in every v1 hierarchy, entered, and removed") {
  if (!can_make_groups()) return;
  const Sandbox sandbox;
  auto group = made(sandbox);
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
  auto group = made(sandbox);
  const pid_t child = spawn_inside(group, sleep_forever);
  while (group.processes()->empty()) {}
  const auto second = Cgroup::create(host(), sandbox.path("web"), {});
  REQUIRE(!second.has_value());
  CHECK(second.error().kind() == ErrorKind::already_exists);
  CHECK(group.processes() == std::vector<pid_t>{child});
  auto broken = host();
  broken.hierarchies.push_back({.controllers = "memory", .mount_point = "/proc/no", .root = "/", .unified = false, .available = ""});
  CHECK(!Cgroup::create(broken, sandbox.path("other/deep"), {}).has_value());
  CHECK(::access((host().hierarchies.front().mount_point + sandbox.path("other")).c_str(), F_OK) != 0);
  CHECK(group.kill_all(SIGKILL).has_value());
  CHECK(exit_code(child) == 128 + SIGKILL);
}

TEST_CASE("removal takes the groups the container made, and names who is still there") {
  if (!can_make_groups()) return;
  const Sandbox sandbox;
  auto group = made(sandbox);
  for (const auto& d : group.directories()) {
    for (const char* below : {"/a", "/a/b", "/a/b/c", "/z"}) CHECK(::mkdir((d.path + below).c_str(), 0755) == 0);
  }
  const pid_t child = spawn_inside(group, sleep_forever);
  while (group.processes()->empty()) {}
  const auto refused = group.remove();
  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind() == ErrorKind::conflict);
  CHECK(refused.error().message().find(text(" {}", child)) != std::string::npos);
  ::kill(child, SIGKILL);
  CHECK(exit_code(child) == 128 + SIGKILL);
  CHECK(group.remove().has_value());
}

TEST_CASE("a frozen group stands still until it is thawed") {
  if (!can_make_groups()) return;
  const Sandbox sandbox;
  auto group = made(sandbox);
  int pipe_ends[2];
  REQUIRE(::pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const io::Fd reader(pipe_ends[0]), writer(pipe_ends[1]);
  const pid_t child = spawn_inside(group, [&] {
    for (;;) {
      if (::write(writer.get(), "x", 1) == 1) ::usleep(500);
    }
    return 0;
  });
  const auto ticks = [&](int wait_ms) {
    runtime::wait_for(milliseconds(wait_ms));
    char text[4096];
    return ::read(reader.get(), text, sizeof text);
  };
  while (ticks(1) <= 0) {}
  CHECK(group.frozen() == false);
  REQUIRE(group.freeze().has_value());
  CHECK(group.frozen() == true);
  ticks(0);
  CHECK(ticks(20) <= 0);
  REQUIRE(group.thaw().has_value());
  CHECK(group.frozen() == false);
  while (ticks(1) <= 0) {}
  REQUIRE(group.freeze().has_value());
  CHECK(group.kill_all(SIGKILL).has_value());
  CHECK(exit_code(child) == 128 + SIGKILL);
  CHECK(group.frozen() == false);
}

TEST_CASE("a process that forks all the time does not escape kill_all") {
  if (!can_make_groups()) return;
  const Sandbox sandbox;
  auto group = made(sandbox);
  const pid_t child = spawn_inside(group, [] {
    ::signal(SIGCHLD, SIG_IGN);
    for (;;) {  // each generation leaves a child behind and goes on as it
      if (::fork() > 0) ::_exit(0);
    }
    return 0;
  });
  exit_code(child);
  REQUIRE(group.kill_all(SIGKILL).has_value());
  for (int wait = 0; wait < 500 && !group.processes()->empty(); ++wait) runtime::wait_for(milliseconds(1));
  CHECK(group.processes()->empty());
}

TEST_CASE("v1 device rules: the defaults, the rules of the config, and an update without a gap") {
  if (!can_make_groups() || !on_v1("devices")) return;
  const Sandbox sandbox;
  auto group = made(sandbox);
  CollectingLog log;
  oci::Resources resources;
  resources.devices = {{.allow = false, .type = "", .access = "rwm", .major = {}, .minor = {}},
                       {.allow = true, .type = "c", .access = "r", .major = 10, .minor = 229}};
  REQUIRE(group.apply(resources, log).has_value());
  CHECK(log.lines.empty());
  const auto opened = [&](const char* path, int flags) {
    return exit_code(spawn_inside(group, [=] { return ::open(path, flags) >= 0 ? 0 : errno; }));
  };
  CHECK(opened("/dev/null", O_RDWR) == 0);
  CHECK(opened("/dev/kmsg", O_RDONLY) == EPERM);
  CHECK(file_of(group, "devices", "devices.list").find("c 10:229 r") != std::string::npos);
  resources.devices.push_back({.allow = true, .type = "c", .access = "rw", .major = 1, .minor = 11});
  REQUIRE(group.update(resources, log).has_value());
  CHECK(opened("/dev/kmsg", O_RDONLY) == 0);
  CHECK(opened("/dev/null", O_RDWR) == 0);
  resources.devices.pop_back();
  REQUIRE(group.update(resources, log).has_value());
  CHECK(opened("/dev/kmsg", O_RDONLY) == EPERM);
}

TEST_CASE("v1 limits arrive, and are raised and lowered in whichever order the kernel wants") {
  if (!can_make_groups() || !on_v1("memory") || !on_v1("cpu") || !on_v1("pids")) return;
  const Sandbox sandbox;
  auto group = made(sandbox);
  CollectingLog log;
  oci::Resources resources;
  const auto expect_memory = [&](std::int64_t limit, std::int64_t swap) {
    resources.memory.limit = limit;
    resources.memory.swap = swap;
    const auto done = group.update(resources, log);
    CHECK_MESSAGE(done.has_value(), (done ? "" : done.error().message()));
    CHECK(file_of(group, "memory", "memory.limit_in_bytes") == text("{}", limit));
    CHECK(file_of(group, "memory", "memory.memsw.limit_in_bytes") == text("{}", swap));
  };
  expect_memory(64 << 20, 96 << 20);
  expect_memory(256 << 20, 512 << 20);   // both up: memory and swap together first
  expect_memory(16 << 20, 32 << 20);     // both down: memory first
  resources.cpu.quota = 50000;
  resources.cpu.period = 100000;
  resources.cpu.shares = 512;
  resources.cpu.burst = 20000;
  resources.pids_limit = 7;
  resources.block_io.weight = 500;
  resources.cpu.cpus = "0";
  REQUIRE(group.apply(resources, log).has_value());
  CHECK(file_of(group, "cpu", "cpu.cfs_quota_us") == "50000");
  CHECK(file_of(group, "cpu", "cpu.cfs_burst_us") == "20000");
  CHECK(file_of(group, "cpu", "cpu.shares") == "512");
  CHECK(file_of(group, "pids", "pids.max") == "7");
  CHECK(file_of(group, "cpuset", "cpuset.cpus") == "0");
  resources.cpu.quota = 10000;   // below the burst there is
  resources.cpu.burst = 5000;
  CHECK(group.update(resources, log).has_value());
  CHECK(file_of(group, "cpu", "cpu.cfs_quota_us") == "10000");
}

TEST_CASE("what the host lacks is a warning or an error that names the setting") {
  if (!can_make_groups() || !on_v1("cpuset")) return;
  const Sandbox sandbox;
  auto group = made(sandbox);
  CollectingLog log;
  oci::Resources weight;
  weight.block_io.leaf_weight = 500;
  REQUIRE(group.update(weight, log).has_value());
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0].starts_with("linux.resources.blockIO.leafWeight: this host has no "));
  oci::Resources cpus;
  cpus.cpu.cpus = "4095";
  const auto refused = group.update(cpus, log);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().message().starts_with("linux.resources.cpu.cpus: write \"4095\" to /"));
  CHECK(refused.error().message().find("not a list of CPUs") != std::string::npos);
  oci::Resources unified;
  unified.unified = {{"memory.high", "1000000"}};
  const auto wrong = group.update(unified, log);
  REQUIRE(!wrong.has_value());
  CHECK(wrong.error().kind() == ErrorKind::unsupported);
  CHECK(wrong.error().message() == "linux.resources.unified.memory.high: this host has the memory controller on cgroup v1");
}
