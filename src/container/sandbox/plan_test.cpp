#include "container/sandbox/plan.h"

#include <doctest/doctest.h>

#include "container/sandbox/record.h"

namespace podo::engine {
namespace {

SandboxWish web() {
  SandboxWish wish;
  wish.id = "7f3c-web";
  wish.name = wish.hostname = "web";
  wish.network = "pods";
  wish.cgroup_parent = "/podo/kubepods/pod7f3c";
  return wish;
}

TEST_CASE("a sandbox that contradicts itself is refused") {
  const auto refusal = [](auto change) {
    SandboxWish wish = web();
    change(wish);
    const auto checked = check_sandbox(wish, "podo");
    return checked ? std::string() : checked.error().message();
  };
  using Wish = SandboxWish;
  CHECK(refusal([](Wish&) {}).empty());
  CHECK(refusal([](Wish& w) { w.id = "../x"; }) == "\"../x\" is no id of a sandbox");
  CHECK(refusal([](Wish& w) { w.id = ""; }) == "\"\" is no id of a sandbox");
  CHECK(refusal([](Wish& w) { w.hostname = ""; }) == "invalid hostname: ");
  CHECK(refusal([](Wish& w) { w.hostname = w.network = ""; }).starts_with("invalid hostname"));
  CHECK(refusal([](Wish& w) { w.network = ""; }) == "the sandbox 7f3c-web has no network");
  CHECK(refusal([](Wish& w) { w.host_pid = w.share_processes = true; }) ==
        "the sandbox 7f3c-web cannot share processes: it has the host's");
  CHECK(refusal([](Wish& w) {
          w.network = "host";
          w.ports.emplace_back();
        }) == "the sandbox 7f3c-web has the host's network: it publishes no ports");
  for (const char* group : {"/", "/podo", "//podo/", "/../x", "/a/../b", "x"})
    CHECK_FALSE(refusal([&](Wish& w) { w.cgroup_parent = group; }).empty());
  for (const char* group : {"/x", "/podo/x", "/podo2"})
    CHECK(refusal([&](Wish& w) { w.cgroup_parent = group; }).empty());
}

TEST_CASE("sysctls go to the namespace they belong to; those of the host are refused") {
  SandboxWish wish = web();
  wish.sysctls = {{"net.core.somaxconn", "99"},
                  {"net.ipv4.ip_unprivileged_port_start", "1024"},
                  {"kernel.shm_rmid_forced", "1"},
                  {"fs.mqueue.msg_max", "20"}};
  const SandboxSysctls sysctls = plan_sandbox_sysctls(wish).value();
  using Values = SandboxSysctls::Values;
  CHECK(sysctls.ipc == Values{{"fs/mqueue/msg_max", "20"}, {"kernel/shm_rmid_forced", "1"}});
  CHECK(sysctls.network == Values{{"net/core/somaxconn", "99"},
                                  {"net/ipv4/ip_unprivileged_port_start", "1024"},
                                  {"net/ipv4/ping_group_range", "0 2147483647"}});
  wish.host_ipc = true;
  CHECK(plan_sandbox_sysctls(wish).error().message().contains("needs an ipc namespace"));
  wish.sysctls = {{"net.core.somaxconn", "99"}};
  wish.network = "host";
  CHECK(plan_sandbox_sysctls(wish).error().message().contains("needs a network namespace"));
  wish.sysctls = {{"vm.swappiness", "1"}};
  CHECK(plan_sandbox_sysctls(wish).error().message().contains("would change the host"));
}

TEST_CASE("the hosts file is the one kubelets write") {
  network::Endpoint endpoint;
  endpoint.ipv4 = "10.244.0.7";
  endpoint.ipv6 = "fd00::7";
  const std::string hosts = sandbox_hosts(web(), {&endpoint, 1}, "");
  CHECK(hosts.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost "));
  CHECK(hosts.ends_with("fe00::2\tip6-allrouters\n10.244.0.7\tweb\nfd00::7\tweb\n"));
  SandboxWish wish = web();
  wish.network = "host";
  CHECK(sandbox_hosts(wish, {}, "127.0.0.1\tme\n") ==
        "# Kubernetes-managed hosts file (host network).\n127.0.0.1\tme\n");
}

TEST_CASE("a record says all that was wished, and what came of it") {
  SandboxRecord record;
  SandboxWish& wish = record.state.wish;
  wish = web();
  wish.hosts = "127.0.0.1\tx\n";
  wish.resolv_conf = "nameserver 10.96.0.10\n";
  wish.share_processes = wish.host_ipc = true;
  wish.sysctls = {{"net.core.somaxconn", "99"}};
  wish.labels = {{"io.kubernetes.pod.name", "web"}};
  wish.limits.memory = 64 << 20;
  wish.limits.pids_limit = 7;
  wish.shm_bytes = 1 << 20;
  wish.ports = {{.container_port = 80, .host_port_first = 8080, .host_port_last = 8080}};
  record.state.ports = {{.container_port = 80, .host_ip = "0.0.0.0", .host_port = 8080}};
  record.state.created.ns = 12;
  record.boot_id = "b";
  record.complete = false;
  record.removing = record.state.lost = true;
  record.init_pid = 17;
  record.init_start = 1ull << 40;
  const std::string encoded = encode_sandbox(record);
  const SandboxRecord back = decode_sandbox(json::parse(encoded).value()).value();
  CHECK(encode_sandbox(back) == encoded);
  CHECK_FALSE(back.complete);
  CHECK(back.removing);
  CHECK(back.state.lost);
  CHECK(back.boot_id == "b");
  CHECK(back.init_pid == 17);
  CHECK(back.init_start == 1ull << 40);
  CHECK(back.state.created.ns == 12);
  CHECK(back.state.wish.cgroup_parent == wish.cgroup_parent);
  CHECK(back.state.wish.share_processes);
  CHECK(back.state.wish.limits.memory == 64 << 20);
  CHECK(back.state.wish.limits.pids_limit == 7);
  CHECK(back.state.wish.sysctls == wish.sysctls);
  CHECK(back.state.wish.labels == wish.labels);
  CHECK(back.state.wish.shm_bytes == 1 << 20);
  REQUIRE(back.state.wish.ports.size() == 1);
  CHECK(back.state.wish.ports[0].host_port_first == 8080);
  REQUIRE(back.state.ports.size() == 1);
  CHECK(back.state.ports[0].host_ip == "0.0.0.0");
}

}  // namespace
}  // namespace podo::engine
