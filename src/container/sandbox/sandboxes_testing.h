// For tests of sandboxes in the kernel: real namespaces, networks and control groups, on a machine of the
// test's own. Who joins them does it as a container does, by the files they are pinned at.
#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "base/linux/cgroup_layout.h"
#include "base/linux/clone.h"
#include "base/linux/file.h"
#include "container/monitor/program.h"
#include "container/network/network_testing.h"
#include "container/sandbox/control_groups.h"
#include "container/sandbox/sandboxes.h"

namespace podo::engine {

// The machine that the tests of sandboxes, and of containers in them, have in common.
class SandboxMachine {
 public:
  SandboxWish wish(std::string id) const {
    SandboxWish wish;
    wish.id = std::move(id);
    wish.name = wish.hostname = "web-0";
    wish.network = "bridge";
    wish.cgroup_parent = text("{}/pod-{}", group, wish.id);
    return wish;
  }
  std::string refusal(Task<void> task) {
    const auto done = machine.loop.run(std::move(task));
    return done ? "" : done.error().message();
  }
  void change_record(const std::string& id, auto change) {
    const std::string key = "sandbox/" + id;
    const auto entry = machine.run(machine.store->find(key));
    SandboxRecord record = decode_sandbox(json::parse(std::string(entry->value())).value()).value();
    change(record);
    machine.run(store::write(*machine.store, key, encode_sandbox(record)));
  }
  // Within a second.
  bool eventually(auto condition) {
    for (int i = 0; i < 100 && !condition(); ++i)
      machine.run([]() -> Task<void> { co_await io::sleep(milliseconds(10)); }());
    return condition();
  }
  bool recorded(const std::string& id) {
    return machine.run(machine.store->find("sandbox/" + id)).has_value();
  }

  const std::string group = text("/podo-test-sandboxes-{}", ::getpid());
  network::TestMachine machine;

 protected:
  // What is left when everything in it was removed.
  void clear() {
    CHECK(remove_control_group(group));
    if (machine.networks) (void)machine.loop.run(machine.networks->close(true));
    machine.networks.reset();
    std::error_code error;
    std::filesystem::remove_all(machine.folder, error);
  }
};

class SandboxesTest : public SandboxMachine {
 public:
  SandboxesTest() {
    std::filesystem::create_directory(machine.folder + "/sandboxes");
    write_program();
    open();
  }
  ~SandboxesTest() {
    for (const SandboxPtr& sandbox : sandboxes->list())
      CHECK(machine.loop.run(sandboxes->remove(sandbox->wish.id)));
    sandboxes.reset();
    clear();
  }
  // As a daemon after one that was killed.
  void open() {
    sandboxes.reset();
    machine.crash();
    machine.open();
    sandboxes =
        std::make_unique<Sandboxes>(SandboxesGround{machine.loop, machine.pool, *machine.store,
                                                    *machine.networks, machine.clock, machine.log, offers_},
                                    SandboxesOptions{machine.folder, group, program_});
    machine.run(sandboxes->load());
    machine.run(machine.networks->restore(sandboxes->networks_in_use()));
    machine.run(sandboxes->finish_restore());
  }
  SandboxPtr make(SandboxWish wish) { return machine.run(sandboxes->make(std::move(wish))); }
  SandboxPaths paths(std::string_view id) { return paths_of(sandboxes->find(id)->wish, machine.folder); }

  std::unique_ptr<Sandboxes> sandboxes;

 private:
  void write_program() {
    const io::Fd file(::open(program_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0700));
    const std::span<const std::byte> bytes = monitor::program();
    REQUIRE(linux::write_whole(file.get(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  }

  const std::string program_ = machine.folder + "/first-process";
  const Machine offers_ = read_machine();
};

inline bool can_run() {
  const auto layout = linux::read_cgroup_layout();
  const bool can = ::geteuid() == 0 && layout && layout->mode != linux::CgroupMode::none;
  if (!can) MESSAGE("skipped: needs root and mounted control groups");
  return can;
}

// What a process in the sandbox sees.
inline std::string inside(const SandboxPaths& paths, std::string (*look)()) {
  std::string seen;
  std::thread([&] {
    for (const auto& [path, kind] :
         {std::pair(paths.network, CLONE_NEWNET), {paths.ipc, CLONE_NEWIPC}, {paths.uts, CLONE_NEWUTS}}) {
      if (path.empty()) continue;
      const auto name_space = linux::open_pinned_namespace(path);
      if (!name_space || !linux::join_namespace(name_space->get(), static_cast<std::uint64_t>(kind)))
        return void(seen = "cannot join " + path);
    }
    seen = look();
  }).join();
  return seen;
}

inline std::string host_name() {
  char name[65] = {};
  ::gethostname(name, sizeof name);
  return name;
}
inline std::string read(const std::string& path) {
  std::string content = linux::read_file(path.c_str(), 1 << 16).value_or("(not there)");
  while (content.ends_with('\n')) content.pop_back();
  return content;
}

inline bool is_mounted(const std::string& path) {
  return read("/proc/self/mountinfo").contains(" " + path + " ");
}

inline bool exists_group(const std::string& path) {
  const auto layout = linux::read_cgroup_layout();
  for (const auto& hierarchy : layout->hierarchies)
    if (std::filesystem::exists(hierarchy.mount_point + path)) return true;
  return false;
}

}  // namespace podo::engine
