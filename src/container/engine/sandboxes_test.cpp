#include "container/engine/sandboxes.h"

#include <sys/msg.h>

#include "base/format/json_field.h"
#include "container/engine/sandboxes_testing.h"

namespace podo::engine {
namespace {

constexpr key_t queue_key = 0x706f646f;

TEST_CASE("a sandbox has namespaces, files and a control group of its own, until it is removed") {
  if (!can_run()) return;
  SandboxTest test;
  SandboxWish wish = test.wish("a");
  wish.sysctls = {{"kernel.msgmax", "4096"}, {"net.core.somaxconn", "77"}};
  wish.limits.memory = 64 << 20;
  wish.limits.pids_limit = 50;
  wish.shm_bytes = 1 << 20;
  const SandboxPtr made = test.make(wish);
  CHECK(test.engine->find_sandbox("a") == made);
  CHECK(test.engine->list_sandboxes().size() == 1);
  REQUIRE(made->endpoints.size() == 1);
  CHECK_FALSE(made->endpoints[0].ipv4.empty());
  CHECK_FALSE(made->lost);
  CHECK(made->created.ns != 0);

  const SandboxPaths paths = test.paths("a");
  const std::string machine_name = host_name();
  CHECK(inside(paths, host_name) == "web-0");
  CHECK(host_name() == machine_name);
  CHECK(inside(paths, [] { return read("/proc/sys/kernel/msgmax"); }) == "4096");
  CHECK(read("/proc/sys/kernel/msgmax") != "4096");
  CHECK(inside(paths, [] { return read("/proc/sys/net/core/somaxconn"); }) == "77");
  CHECK(inside(paths, [] { return read("/proc/sys/net/ipv4/ip_unprivileged_port_start"); }) == "0");
  CHECK(read(paths.hosts).ends_with(made->endpoints[0].ipv4 + "\tweb-0"));
  CHECK(read(paths.hostname) == "web-0");
  CHECK(std::filesystem::exists(paths.resolv_conf));
  CHECK(std::filesystem::space(paths.shm).capacity == 1 << 20);
  const auto layout = linux::read_cgroup_layout().value();
  if (const auto* memory = layout.find("memory"); memory != nullptr && !memory->unified)
    CHECK(read(memory->mount_point + wish.cgroup_parent + "/memory.limit_in_bytes") == "67108864");
  if (const auto* pids = layout.find("pids"))
    CHECK(read(pids->mount_point + wish.cgroup_parent + "/pids.max") == "50");

  CHECK(test.refusal([](SandboxTest& t, SandboxWish w) -> Task<void> {
    co_await t.engine->make_sandbox(std::move(w));
  }(test, wish)) == "the sandbox a exists");
  test.machine.run(test.engine->set_sandbox_hosts("a", "127.0.0.1\tlocal\n"));
  CHECK(read(paths.hosts) == "127.0.0.1\tlocal");

  test.machine.run(test.engine->remove_sandbox("a"));
  CHECK(test.engine->find_sandbox("a") == nullptr);
  CHECK_FALSE(test.recorded("a"));
  CHECK_FALSE(std::filesystem::exists(paths.folder));
  CHECK_FALSE(std::filesystem::exists(paths.network));
  CHECK_FALSE(is_mounted(paths.shm));
  CHECK_FALSE(exists_group(wish.cgroup_parent));
  CHECK(test.machine.networks->endpoints_of_container("a").empty());
  test.machine.run(test.engine->remove_sandbox("a"));
  CHECK(test.refusal(test.engine->set_sandbox_hosts("a", "")) == "No such sandbox: a");
}

TEST_CASE("who is in a sandbox shares its IPC and its localhost with the others in there") {
  if (!can_run()) return;
  SandboxTest test;
  test.make(test.wish("a"));
  test.make(test.wish("b"));
  const auto make = [] {
    return std::string(::msgget(queue_key, IPC_CREAT | IPC_EXCL | 0600) >= 0 ? "made" : "not made");
  };
  const auto look = [] { return std::string(::msgget(queue_key, 0600) >= 0 ? "there" : "not there"); };
  CHECK(inside(test.paths("a"), make) == "made");
  CHECK(inside(test.paths("a"), look) == "there");
  CHECK(inside(test.paths("b"), look) == "not there");
  CHECK(look() == "not there");

  const io::Fd listener = network::listen_in(test.machine.sandbox("a"), "127.0.0.1", 8080);
  CHECK(network::visitor(listener, test.machine.sandbox("a"), "127.0.0.1", 8080) == "127.0.0.1");
  CHECK(network::visitor(listener, test.machine.sandbox("b"), "127.0.0.1", 8080) == "Connection refused");

  // From outside: what port-forward does.
  auto stream = test.machine.run(test.engine->connect_in_sandbox("a", 8080));
  const io::Fd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(server);
  CHECK(::send(server.get(), "podo", 4, 0) == 4);
  CHECK(test.machine.run(io::read_exactly(*stream, 4)) == "podo");
  const io::Fd six = network::listen_in(test.machine.sandbox("a"), "::1", 8081);
  REQUIRE(six);
  CHECK(test.machine.run(test.engine->connect_in_sandbox("a", 8081)) != nullptr);
  CHECK(test.machine.fails(test.engine->connect_in_sandbox("b", 8080)).message() ==
        "sandbox b: connect to localhost:8080: Connection refused");
  CHECK(test.machine.fails(test.engine->connect_in_sandbox("c", 8080)).message() == "No such sandbox: c");
}

TEST_CASE("a sandbox with the host's namespaces has files and a control group, and no more") {
  if (!can_run()) return;
  SandboxTest test;
  SandboxWish wish = test.wish("h");
  wish.network = "host";
  wish.host_ipc = wish.host_pid = true;
  wish.hostname = "";
  const SandboxPtr made = test.make(wish);
  CHECK(made->endpoints.empty());
  const SandboxPaths paths = test.paths("h");
  CHECK(paths.network.empty());
  CHECK(read(paths.hosts).starts_with("# Kubernetes-managed hosts file (host network).\n"));
  CHECK(read(paths.hostname) == host_name());
  CHECK_FALSE(std::filesystem::exists(paths.folder + "/ipc"));
  test.open();
  CHECK_FALSE(test.engine->find_sandbox("h")->lost);
}

TEST_CASE("what cannot be made whole leaves nothing") {
  if (!can_run()) return;
  SandboxTest test;
  SandboxWish wish = test.wish("a");
  wish.network = "nowhere";
  const Error error = test.machine.fails(test.engine->make_sandbox(wish));
  CHECK(error.message() == "network nowhere not found");
  CHECK(test.engine->list_sandboxes().empty());
  CHECK_FALSE(test.recorded("a"));
  CHECK_FALSE(std::filesystem::exists(test.machine.folder + "/sandboxes/a"));
  CHECK_FALSE(exists_group(wish.cgroup_parent));
  test.make(test.wish("a"));  // the id is free
}

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
