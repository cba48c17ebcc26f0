// For tests of sandboxes in the kernel: real namespaces, networks and control groups, on a machine of the
// test's own. Who joins them does it as a container does, by the files they are pinned at.
#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/stat.h>

#include <thread>

#include "base/linux/cgroup_layout.h"
#include "base/linux/clone.h"
#include "base/linux/file.h"
#include "container/engine/control_groups.h"
#include "container/engine/engine_testing.h"
#include "container/engine/sandbox_namespaces.h"
#include "container/engine/sandbox_record.h"
#include "container/network/network_testing.h"

namespace podo::engine {

// A runtime that starts `sleep` in place of the container, and leaves its config.json behind.
inline constexpr std::string_view runtime_script =
    "case \" $* \" in *' run '*) ;; *) exit 1;; esac\n"
    "cp config.json ../../config.json\n"
    "sleep 1000 </dev/null >/dev/null 2>&1 &\n"
    "printf %s $! >pid\n";

class SandboxTest {
 public:
  explicit SandboxTest(bool with_runtime = false) {
    if (with_runtime) {
      const std::string script = machine.folder + "/runtime";
      const io::Fd file(::open(script.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
      REQUIRE(linux::write_whole(file.get(), runtime_script));
      runtime_ = {"/bin/sh", script};
    }
    open();
  }
  ~SandboxTest() {
    for (const ContainerPtr& container : engine->list())
      CHECK(machine.loop.run(engine->remove(container->id, {.force = true})));
    for (const SandboxPtr& sandbox : engine->list_sandboxes())
      CHECK(machine.loop.run(engine->remove_sandbox(sandbox->wish.id)));
    CHECK(remove_control_group(group));
    engine.reset();
    if (machine.networks) (void)machine.loop.run(machine.networks->close(true));
    machine.networks.reset();
    std::error_code error;
    std::filesystem::remove_all(machine.folder, error);
  }
  // As a daemon after one that was killed.
  void open() {
    engine.reset();
    machine.crash();
    machine.open();
    docker::HostConfig::LogConfig log;
    log.type = "none";
    auto opened =
        machine.loop.run(Engine::open({machine.loop, machine.pool, *machine.store, images, *machine.networks,
                                       events, machine.random, machine.clock, machine.log},
                                      {.data_folder = machine.folder + "/data",
                                       .run_folder = machine.folder,
                                       .cgroup_parent = group,
                                       .runtime_program = runtime_,
                                       .default_log = log}));
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message()));
    engine = *std::move(opened);
  }
  SandboxWish wish(std::string id) const {
    SandboxWish wish;
    wish.id = std::move(id);
    wish.name = wish.hostname = "web-0";
    wish.network = "bridge";
    wish.cgroup_parent = text("{}/pod-{}", group, wish.id);
    return wish;
  }
  SandboxPtr make(SandboxWish wish) { return machine.run(engine->make_sandbox(std::move(wish))); }
  SandboxPaths paths(std::string_view id) { return paths_of(engine->find_sandbox(id)->wish, machine.folder); }
  std::string refusal(Task<void> task) {
    const auto done = machine.loop.run(std::move(task));
    return done ? "" : done.error().message();
  }
  Result<std::string> create(const std::string& sandbox) {
    docker::CreateRequest request;
    request.config.image = "box";
    docker::HostConfig& host = request.host_config;
    host.network_mode = host.ipc_mode = host.uts_mode = "sandbox:" + sandbox;
    auto created = machine.loop.run(engine->create(std::move(request), ""));
    if (!created) return Failure(created.error());
    return created->id;
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
  FakeImages images;
  Events events{machine.clock};
  std::unique_ptr<Engine> engine;

 private:
  std::vector<std::string> runtime_ = {"/bin/false"};
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
