#include "container/engine/sandbox_join.h"

#include "base/format/json_field.h"
#include "container/engine/sandbox_join_testing.h"

namespace podo::engine {
namespace {

TEST_CASE("a container joins a sandbox that there is") {
  if (!can_run()) return;
  SandboxTest test;
  CHECK(test.create("a").error().message() == "No such sandbox: a");
  CHECK(test.create("a").error().kind() == ErrorKind::not_found);
  test.make(test.wish("a"));
  const std::string id = test.create("a").value();
  const ContainerPtr made = test.engine->get(id).value();
  CHECK(made->config.hostname == "web-0");
  CHECK(made->wished_networks.empty());
  CHECK(made->host_config.network_mode == "sandbox:a");
  CHECK(test.refusal(test.engine->connect("bridge", id, {})).contains("cannot be connected to any other"));
  CHECK_FALSE(test.machine.loop.run(test.engine->start(id)));  // by its runtime; the sandbox is left again
  test.machine.run(test.engine->remove_sandbox("a"));
  CHECK(test.machine.fails(test.engine->start(id)).message() == "No such sandbox: a");
}

TEST_CASE("a container runs in a sandbox, which stays until it has ended") {
  if (!can_run()) return;
  SandboxTest test(true);
  SandboxWish wish = test.wish("a");
  test.make(wish);
  const SandboxPaths paths = test.paths("a");
  const std::string id = test.create("a").value();
  test.machine.run(test.engine->start(id));
  ContainerPtr running = test.engine->get(id).value();
  REQUIRE(running->state.status == Status::running);
  CHECK(running->hosts_path == paths.hosts);
  CHECK(running->sandbox_path == paths.network);
  CHECK(running->endpoints.empty());
  CHECK(running->ports.empty());

  const std::string config = read(test.machine.folder + "/config.json");
  const auto document = json::parse(config).value();
  const json::Field linux_part = json::Field(document)["linux"];
  CHECK(linux_part["cgroupsPath"].string().value() == wish.cgroup_parent + "/" + id);
  CHECK(config.contains(text(R"({{"type":"network","path":"{}"}})", paths.network)));
  CHECK(config.contains(text(R"({{"type":"ipc","path":"{}"}})", paths.ipc)));
  CHECK(config.contains(text(R"({{"type":"uts","path":"{}"}})", paths.uts)));
  CHECK(config.contains(R"({"type":"pid"})"));
  CHECK_FALSE(config.contains(R"("hostname")"));
  CHECK_FALSE(config.contains("net.ipv4"));
  for (const std::string& source : {paths.hosts, paths.hostname, paths.resolv_conf, paths.shm})
    CHECK(config.contains(text(R"("source":"{}")", source)));

  const std::string in_use = text("the sandbox a is in use by the container {}", id);
  CHECK(test.refusal(test.engine->remove_sandbox("a")) == in_use);
  CHECK(test.machine.run(test.engine->stats(id, "", true)).contains(R"("networks":{"eth0")"));
  test.open();  // the daemon was killed, the container lives
  running = test.engine->get(id).value();
  CHECK(running->state.status == Status::running);
  CHECK(running->hosts_path == paths.hosts);
  CHECK(running->sandbox_path == paths.network);
  CHECK(test.refusal(test.engine->remove_sandbox("a")) == in_use);

  auto waiter = test.engine->wait(id, WaitFor::not_running).value();
  REQUIRE(::kill(running->state.pid, SIGKILL) == 0);
  CHECK(test.machine.run(waiter->done()).exit_code == 137);
  CHECK(test.engine->find_sandbox("a")->endpoints.size() == 1);  // it is not the container's
  CHECK(test.machine.networks->endpoints_of_container("a").size() == 1);
  test.machine.run(test.engine->start(id));  // and again
  CHECK(test.refusal(test.engine->remove_sandbox("a")) == in_use);
  REQUIRE(::kill(test.engine->get(id).value()->state.pid, SIGKILL) == 0);
  test.machine.run(test.engine->wait(id, WaitFor::not_running).value()->done());
  test.machine.run(test.engine->remove_sandbox("a"));
}

TEST_CASE("what of a sandbox is the host's is the host's for its containers") {
  if (!can_run()) return;
  SandboxTest test(true);
  SandboxWish wish = test.wish("h");
  wish.network = "host";
  wish.host_ipc = true;
  test.make(wish);
  const std::string id = test.create("h").value();
  test.machine.run(test.engine->start(id));
  const std::string config = read(test.machine.folder + "/config.json");
  for (const char* kind : {"network", "ipc", "uts"})
    CHECK_FALSE(config.contains(text(R"("type":"{}")", kind)));
  CHECK(config.contains(text(R"("source":"{}")", test.paths("h").hosts)));
  CHECK(config.contains(R"("source":"/dev/shm")"));
  REQUIRE(::kill(test.engine->get(id).value()->state.pid, SIGKILL) == 0);
  test.machine.run(test.engine->wait(id, WaitFor::not_running).value()->done());
}

TEST_CASE("no container starts in a sandbox that is lost") {
  if (!can_run()) return;
  SandboxTest test;
  test.make(test.wish("a"));
  const std::string container = test.create("a").value();
  test.change_record("a", [](SandboxRecord& record) { record.boot_id = "another boot"; });
  test.open();
  CHECK(test.machine.fails(test.engine->start(container)).message() ==
        "cannot join the sandbox a: its namespaces are gone");
}

TEST_CASE("control groups above those of sandboxes are made, limited and removed") {
  if (!can_run()) return;
  SandboxTest test;
  docker::Resources limits;
  limits.cpu_shares = 512;
  const std::string path = test.group + "/kubepods/burstable";
  test.machine.run(test.engine->set_control_group(path, limits));
  limits.cpu_shares = 256;
  test.machine.run(test.engine->set_control_group(path, limits));
  const auto layout = linux::read_cgroup_layout().value();
  if (const auto* cpu = layout.find("cpu"); cpu != nullptr && !cpu->unified)
    CHECK(read(cpu->mount_point + path + "/cpu.shares") == "256");
  SandboxWish wish = test.wish("a");
  wish.cgroup_parent = path + "/pod-a";
  test.make(wish);
  test.machine.run(test.engine->remove_sandbox("a"));
  CHECK(exists_group(path));
  test.machine.run(test.engine->remove_control_group(path));
  CHECK_FALSE(exists_group(path));
  test.machine.run(test.engine->remove_control_group(path));
  CHECK_FALSE(test.refusal(test.engine->set_control_group("/../x", {})).empty());
}

}  // namespace
}  // namespace podo::engine
