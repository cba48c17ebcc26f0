// For tests of containers in sandboxes: a whole engine on the machine of the sandboxes' own tests.
#pragma once

#include "container/engine/engine_testing.h"
#include "container/sandbox/sandboxes_testing.h"

namespace podo::engine {

// A runtime that starts `sleep` in place of the container, and leaves its config.json behind.
inline constexpr std::string_view runtime_script =
    "case \" $* \" in *' run '*) ;; *) exit 1;; esac\n"
    "cp config.json ../../config.json\n"
    "sleep 1000 </dev/null >/dev/null 2>&1 &\n"
    "printf %s $! >pid\n";

class SandboxTest : public SandboxMachine {
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
    engine.reset();
    clear();
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
  SandboxPtr make(SandboxWish wish) { return machine.run(engine->make_sandbox(std::move(wish))); }
  SandboxPaths paths(std::string_view id) { return paths_of(engine->find_sandbox(id)->wish, machine.folder); }
  Result<std::string> create(const std::string& sandbox) {
    docker::CreateRequest request;
    request.config.image = "box";
    docker::HostConfig& host = request.host_config;
    host.network_mode = host.ipc_mode = host.uts_mode = "sandbox:" + sandbox;
    auto created = machine.loop.run(engine->create(std::move(request), ""));
    if (!created) return Failure(created.error());
    return created->id;
  }

  FakeImages images;
  Events events{machine.clock};
  std::unique_ptr<Engine> engine;

 private:
  std::vector<std::string> runtime_ = {"/bin/false"};
};

}  // namespace podo::engine
