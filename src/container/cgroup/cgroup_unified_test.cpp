// cgroup v2: for real where the host's v2 tree allows it, else on a directory of plain files that only looks
// like one.
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/linux/bpf.h"
#include "container/cgroup/cgroup_testing.h"

using namespace podo;
using namespace podo::runtime::testing;
using runtime::Cgroup;

namespace {

// A "v2 tree" of plain files, and the order in which they are written.
class FakeTree {
 public:
  explicit FakeTree(std::initializer_list<const char*> files)
      : root(text("/tmp/podo-cgroup-test-{}", ::getpid())) {
    std::filesystem::create_directories(root + "/podo/web");
    for (const char* group : {"", "/podo", "/podo/web"}) {
      for (const char* file : {"cgroup.procs", "cgroup.controllers", "cgroup.subtree_control"})
        make(group, file);
    }
    put("/podo/web/cgroup.freeze", "0\n");
    for (const char* file : files) make("/podo/web", file);
    events_ = io::Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    ::inotify_add_watch(events_.get(), (root + "/podo/web").c_str(), IN_CLOSE_WRITE);
  }
  ~FakeTree() { std::filesystem::remove_all(root); }

  linux::CgroupLayout layout() const {
    linux::CgroupLayout out;
    out.mode = linux::CgroupMode::unified;
    out.hierarchies = {{.controllers = "",
                        .mount_point = root,
                        .root = "/",
                        .unified = true,
                        .available = "cpu memory pids"}};
    return out;
  }
  Cgroup group() const { return Cgroup::reopen({{"", root, root + "/podo/web"}}); }
  std::string content(const std::string& path) const {
    std::ifstream in(root + path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }
  void put(const std::string& path, std::string_view value) const { std::ofstream(root + path) << value; }
  std::vector<std::string> written() const {
    std::vector<std::string> names;
    alignas(inotify_event) char buffer[8192];
    const auto length = ::read(events_.get(), buffer, sizeof buffer);
    for (ssize_t at = 0; at < length;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      names.emplace_back(event->name);
      at += static_cast<ssize_t>(sizeof *event + event->len);
    }
    return names;
  }
  const std::string root;

 private:
  void make(const std::string& group, const char* file) const { std::ofstream(root + group + "/" + file); }
  io::Fd events_;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("v2 limits are written in order, each with its own text") {
  const FakeTree tree({"cpu.weight", "cpu.max", "memory.max", "memory.swap.max", "memory.low", "io.weight",
                       "io.max", "pids.max", "memory.high"});
  oci::Resources r;
  r.cpu.shares = 1024;
  r.cpu.period = 100000;
  r.memory.limit = 1 << 20;
  r.memory.swap = 3 << 20;
  r.memory.reservation = 1 << 19;
  r.memory.swappiness = 5;
  r.block_io.weight = 1000;
  r.block_io.read_bps = {{8, 0, 1000}};
  r.pids_limit = 9;
  r.unified = {{"memory.high", "900000"}};
  CollectingLog log;
  tree.put("/podo/web/cpu.max", "20000 50000");
  tree.written();
  CHECK(error_of(tree.group().update(r, log)) == "");
  CHECK(tree.written() == Names{"cpu.weight", "cpu.max", "memory.max", "memory.swap.max", "memory.low",
                                "io.weight", "io.max", "pids.max", "memory.high"});
  CHECK(tree.content("/podo/web/cpu.max") == "20000 100000");  // the quota there is stays
  CHECK(tree.content("/podo/web/memory.swap.max") == "2097152");
  CHECK(tree.content("/podo/web/io.weight") == "10000");
  CHECK(tree.content("/podo/web/io.max") == "8:0 rbps=1000");
  CHECK(log.lines == Names{"linux.resources.memory.swappiness: cgroup v2 has no such setting; ignored"});
}

TEST_CASE("what a v2 host lacks is named") {
  const FakeTree tree({"memory.max"});
  CollectingLog log;
  oci::Resources r;
  r.memory.limit = 5000;
  r.memory.swap = 6000;
  CHECK(error_of(tree.group().update(r, log)) == "");
  CHECK(log.lines ==
        Names{text("linux.resources.memory.swap: this host has no memory.swap.max in {}/podo/web; ignored",
                   tree.root)});
  r.cpu.realtime_runtime = 1000;
  CHECK(error_of(tree.group().update(r, log)) ==
        text("linux.resources.cpu.realtimeRuntime: this host has no cpu.rt_runtime_us in {}/podo/web",
             tree.root));
}

TEST_CASE("checkBeforeUpdate refuses a v2 limit below what is in use, before anything is written") {
  const FakeTree tree({"memory.max", "memory.current"});
  tree.put("/podo/web/memory.current", "5000\n");
  tree.written();
  SilentLog log;
  oci::Resources r;
  r.memory.limit = 4999;
  r.memory.check_before_update = true;
  const auto refused = tree.group().update(r, log);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind() == ErrorKind::conflict);
  CHECK(tree.written().empty());
  r.memory.limit = 5000;
  CHECK(tree.group().update(r, log).has_value());
}

TEST_CASE("controllers are handed down from the mount point to the group's parent") {
  const FakeTree tree({});
  CHECK(Cgroup::create(tree.layout(), "/podo/web", {}).has_value());
  CHECK(tree.content("/cgroup.subtree_control") == "+cpu +memory +pids");
  CHECK(tree.content("/podo/cgroup.subtree_control") == "+cpu +memory +pids");
  CHECK(tree.content("/podo/web/cgroup.subtree_control") == "");
}

TEST_CASE("a group that holds processes is not made a parent of groups with controllers") {
  const FakeTree tree({});
  tree.put("/cgroup.controllers", "cpu memory pids\n");
  tree.put("/podo/cgroup.controllers", "cpu memory pids\n");
  tree.put("/podo/cgroup.type", "domain\n");
  tree.put("/podo/cgroup.procs", "17\n");
  auto group = Cgroup::create(tree.layout(), "/podo/web", {});
  REQUIRE(group.has_value());
  CHECK(tree.content("/podo/cgroup.subtree_control") == "");
  tree.put("/cgroup.subtree_control", "cpu memory pids\n");
  CollectingLog log;
  oci::Resources r;
  r.memory.limit = 5000;
  CHECK(error_of(group->update(r, log)) ==
        text("linux.resources.memory.limit: this host has no memory.max in {}/podo/web: {}/podo holds "
             "processes, and beside those no group can have limits",
             tree.root, tree.root));
  tree.put("/podo/cgroup.procs", "");
  r = {};
  r.memory.swap = -1;
  CHECK(error_of(group->update(r, log)) == "");
  CHECK(log.lines == Names{text("linux.resources.memory.swap: this host has no memory.swap.max in "
                                "{}/podo/web: {}/podo does not hand that controller down; ignored",
                                tree.root, tree.root)});
}

TEST_CASE("a group that is frozen or has processes is not taken") {
  const FakeTree tree({});
  tree.put("/podo/web/cgroup.freeze", "1\n");
  CHECK(Cgroup::create(tree.layout(), "/podo/web", {}).error().kind() == ErrorKind::conflict);
  tree.put("/podo/web/cgroup.procs", "17\n");
  CHECK(Cgroup::create(tree.layout(), "/podo/web", {}).error().kind() == ErrorKind::already_exists);
}

TEST_CASE("a symbolic link in the place of a group is not followed when it is removed") {
  const FakeTree tree({});
  std::filesystem::create_directories(tree.root + "/victim/inner");
  std::filesystem::create_directory_symlink(tree.root + "/victim", tree.root + "/podo/web/link");
  CHECK(!tree.group().remove().has_value());
  CHECK(std::filesystem::exists(tree.root + "/victim/inner"));
}

TEST_CASE("v2 for real: born inside, frozen, killed at once, removed with its sub-groups") {
  if (!has_unified()) return;
  const Sandbox sandbox;
  auto group = sandbox.make(unified_only());
  CHECK(group.directories().size() == 1);
  const pid_t child = spawn_inside(group, wait_forever);
  CHECK(group.processes() == std::vector<pid_t>{child});
  CHECK(group.freeze().has_value());
  CHECK(group.frozen() == true);
  CHECK(group.thaw().has_value());
  CHECK(group.frozen() == false);
  CHECK(::mkdir((place(group, "") + "/inner").c_str(), 0755) == 0);
  CHECK(group.freeze().has_value());
  CHECK(group.kill_all(SIGKILL).has_value());  // reaches also the frozen
  CHECK(exit_code(child) == 128 + SIGKILL);
  CHECK(group.remove().has_value());
  CHECK(group.kill_all(SIGKILL).has_value());
}

TEST_CASE("v2 for real: the device program denies, allows, and is replaced without another beside it") {
  if (!has_unified()) return;
  const Sandbox sandbox;
  auto group = sandbox.make(unified_only());
  CollectingLog log;
  oci::Resources resources;
  resources.devices = {{.allow = false, .type = "", .access = "rwm", .major = {}, .minor = {}}};
  REQUIRE(error_of(group.apply(resources, log)) == "");
  const auto opened = [&](const char* path, int flags) {
    return exit_code(spawn_inside(group, [=] { return ::open(path, flags) >= 0 ? 0 : errno; }));
  };
  CHECK(opened("/dev/null", O_RDWR) == 0);
  CHECK(opened("/dev/kmsg", O_RDONLY) == EPERM);
  resources.devices.push_back({.allow = true, .type = "c", .access = "r", .major = 1, .minor = 11});
  REQUIRE(error_of(group.update(resources, log)) == "");
  CHECK(opened("/dev/kmsg", O_RDONLY) == 0);
  CHECK(opened("/dev/kmsg", O_WRONLY) == EPERM);
  const auto directory = runtime::open_group(place(group, ""));
  CHECK(linux::bpf::device_programs(directory->get())->size() == 1);
  resources.devices = {{.allow = true, .type = "a", .access = "rwm", .major = {}, .minor = {}}};
  REQUIRE(error_of(group.update(resources, log)) == "");
  CHECK(opened("/dev/kmsg", O_WRONLY) == 0);
  CHECK(log.lines.empty());
}

TEST_CASE("v2 for real: exec finds the sub-group of the first process when the group itself takes none") {
  if (!has_unified() || !host().unified()->holds("hugetlb")) return;
  const Sandbox sandbox;
  auto group = sandbox.make(unified_only());
  const auto top = place(group, "");
  CHECK(::mkdir((top + "/init").c_str(), 0755) == 0);
  const pid_t init =
      spawn_inside(Cgroup::reopen({{"", host().unified()->mount_point, top + "/init"}}), wait_forever);
  const auto directory = runtime::open_group(top);
  REQUIRE(runtime::write_group_file(directory->get(), "cgroup.subtree_control", "+hugetlb") == 0);
  const auto refused = runtime::clone_into(*group.entry(), 0, "exec");
  REQUIRE(!refused.has_value());
  CHECK(refused.error().message() ==
        text("enter control group {}: a group with sub-groups that have controllers takes no process: {}",
             top, describe_errno(EBUSY)));
  const auto beside = group.entry_beside(init);
  REQUIRE(beside.has_value());
  const auto second = linux::clone_process({.flags = 0, .cgroup = beside->unified.get()});
  REQUIRE(second.has_value());
  if (second->pid == 0) ::_exit(wait_forever());
  CHECK(group.processes() == std::vector<pid_t>{std::min(init, second->pid), std::max(init, second->pid)});
  CHECK(group.kill_all(SIGKILL).has_value());
  exit_code(init);
  exit_code(second->pid);
}

TEST_CASE("on a hybrid host the v2 directory is there only for what lives there") {
  if (!has_unified() || host().mode != linux::CgroupMode::hybrid ||
      host().find("hugetlb") != host().unified())
    return;
  const Sandbox sandbox;
  oci::Resources resources;
  resources.hugepage_limits = {{"2MB", 4 << 20}};
  auto group = sandbox.make(host(), resources);
  CHECK(group.directories().size() == host().hierarchies.size());
  CollectingLog log;
  REQUIRE(error_of(group.apply(resources, log)) == "");
  CHECK(file_of(group, "", "hugetlb.2MB.max") == text("{}", 4 << 20));
  CHECK(log.lines.empty());
}
