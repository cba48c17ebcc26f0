#include "container/sandbox/sandboxes.h"

#include <sys/msg.h>

#include "container/sandbox/sandboxes_testing.h"

namespace podo::engine {
namespace {

constexpr key_t queue_key = 0x706f646f;

TEST_CASE("a sandbox has namespaces, files and a control group of its own, until it is removed") {
  if (!can_run()) return;
  SandboxesTest test;
  SandboxWish wish = test.wish("a");
  wish.sysctls = {{"kernel.msgmax", "4096"}, {"net.core.somaxconn", "77"}};
  wish.limits.memory = 64 << 20;
  wish.limits.pids_limit = 50;
  wish.shm_bytes = 1 << 20;
  const SandboxPtr made = test.make(wish);
  CHECK(test.sandboxes->find("a") == made);
  CHECK(test.sandboxes->list().size() == 1);
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

  CHECK(test.refusal([](SandboxesTest& t, SandboxWish w) -> Task<void> {
    co_await t.sandboxes->make(std::move(w));
  }(test, wish)) == "the sandbox a exists");
  test.machine.run(test.sandboxes->set_hosts("a", "127.0.0.1\tlocal\n"));
  CHECK(read(paths.hosts) == "127.0.0.1\tlocal");

  test.machine.run(test.sandboxes->remove("a"));
  CHECK(test.sandboxes->find("a") == nullptr);
  CHECK_FALSE(test.recorded("a"));
  CHECK_FALSE(std::filesystem::exists(paths.folder));
  CHECK_FALSE(std::filesystem::exists(paths.network));
  CHECK_FALSE(is_mounted(paths.shm));
  CHECK_FALSE(exists_group(wish.cgroup_parent));
  CHECK(test.machine.networks->endpoints_of_container("a").empty());
  test.machine.run(test.sandboxes->remove("a"));
  CHECK(test.refusal(test.sandboxes->set_hosts("a", "")) == "No such sandbox: a");
}

TEST_CASE("who is in a sandbox shares its IPC and its localhost with the others in there") {
  if (!can_run()) return;
  SandboxesTest test;
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
  auto stream = test.machine.run(test.sandboxes->connect("a", 8080));
  const io::Fd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(server);
  CHECK(::send(server.get(), "podo", 4, 0) == 4);
  CHECK(test.machine.run(io::read_exactly(*stream, 4)) == "podo");
  const io::Fd six = network::listen_in(test.machine.sandbox("a"), "::1", 8081);
  REQUIRE(six);
  CHECK(test.machine.run(test.sandboxes->connect("a", 8081)) != nullptr);
  CHECK(test.machine.fails(test.sandboxes->connect("b", 8080)).message() ==
        "sandbox b: connect to localhost:8080: Connection refused");
  CHECK(test.machine.fails(test.sandboxes->connect("c", 8080)).message() == "No such sandbox: c");
}

TEST_CASE("a sandbox with the host's namespaces has files and a control group, and no more") {
  if (!can_run()) return;
  SandboxesTest test;
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
  CHECK_FALSE(test.sandboxes->find("h")->lost);
}

TEST_CASE("what cannot be made whole leaves nothing") {
  if (!can_run()) return;
  SandboxesTest test;
  SandboxWish wish = test.wish("a");
  wish.network = "nowhere";
  const Error error = test.machine.fails(test.sandboxes->make(wish));
  CHECK(error.message() == "network nowhere not found");
  CHECK(test.sandboxes->list().empty());
  CHECK_FALSE(test.recorded("a"));
  CHECK_FALSE(std::filesystem::exists(test.machine.folder + "/sandboxes/a"));
  CHECK_FALSE(exists_group(wish.cgroup_parent));
  test.make(test.wish("a"));  // the id is free
}

}  // namespace
}  // namespace podo::engine
