#include "cluster/node/pod_sandbox.h"

#include <doctest/doctest.h>

namespace podo::node {
namespace {

const SandboxFacts facts{.cgroup_root = "/podo",
                         .network = "pods",
                         .dns = {.cluster_dns = "10.96.0.10", .machine = "nameserver 9.9.9.9\n"},
                         .machine_hosts = "127.0.0.1 machine\n"};

json::Tree pod_of(std::string_view spec) {
  auto tree = json::Tree::parse(
      text(R"({{"metadata":{{"name":"web","namespace":"ns","uid":"u-1"}},"spec":{}}})", spec));
  REQUIRE(tree.has_value());
  return *std::move(tree);
}
engine::SandboxWish wish_of(std::string_view spec) {
  const json::Tree pod = pod_of(spec);
  auto request = sandbox_request(pod.root(), facts);
  REQUIRE(request.has_value());
  return request->wish;
}

TEST_CASE("a pod's sandbox has its name, network, ports, group and limits") {
  const auto wish = wish_of(R"({"hostname":"h","shareProcessNamespace":true,"dnsPolicy":"ClusterFirst",
    "securityContext":{"sysctls":[{"name":"net.ipv4.tcp_syncookies","value":"1"}]},
    "containers":[{"name":"a","ports":[{"containerPort":80,"hostPort":8080,"hostIP":"127.0.0.1"},
                                       {"containerPort":81}],
                   "resources":{"requests":{"cpu":"500m"}}},
                  {"name":"b","ports":[{"containerPort":53,"hostPort":5353,"protocol":"UDP"}]}]})");
  CHECK_EQ(wish.id, "u-1");
  CHECK_EQ(wish.name, "k8s_POD_web_ns_u-1_0");
  CHECK_EQ(wish.hostname, "h");
  CHECK_EQ(wish.network, "pods");
  CHECK(wish.share_processes);
  CHECK_EQ(wish.hosts, "");
  CHECK_EQ(wish.resolv_conf,
           "search ns.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions "
           "ndots:5\n");
  CHECK_EQ(wish.sysctls.at("net.ipv4.tcp_syncookies"), "1");
  CHECK_EQ(wish.cgroup_parent, "/podo/kubepods/burstable/podu-1");
  CHECK_EQ(wish.limits.cpu_shares, 512);
  CHECK_EQ(wish.labels.at("io.kubernetes.pod.uid"), "u-1");
  REQUIRE(wish.ports.size() == 2);
  CHECK_EQ(wish.ports[0].protocol, "tcp");
  CHECK_EQ(wish.ports[0].container_port, 80);
  CHECK_EQ(wish.ports[0].host_ip, "127.0.0.1");
  CHECK_EQ(wish.ports[0].host_port_first, 8080);
  CHECK_EQ(wish.ports[0].host_port_last, 8080);
  CHECK_EQ(wish.ports[1].protocol, "udp");
}

TEST_CASE("with the machine's network a pod has the machine's names and no ports of its own") {
  const auto wish = wish_of(R"({"hostNetwork":true,"hostIPC":true,"hostPID":true,"dnsPolicy":"ClusterFirst",
    "hostAliases":[{"ip":"1.2.3.4","hostnames":["x"]}],
    "containers":[{"name":"a","ports":[{"containerPort":80,"hostPort":80}]}]})");
  CHECK_EQ(wish.network, "host");
  CHECK(wish.host_ipc);
  CHECK(wish.host_pid);
  CHECK(wish.ports.empty());
  CHECK_EQ(wish.hostname, "");
  CHECK_EQ(wish.resolv_conf, "nameserver 9.9.9.9\n");
  CHECK_EQ(wish.hosts,
           "# Kubernetes-managed hosts file (host network).\n127.0.0.1 machine\n\n# Entries added by "
           "HostAliases.\n"
           "1.2.3.4\tx\n");
}

TEST_CASE("a resolv.conf without servers is the engine's, unless the pod wants none") {
  SandboxFacts unreachable = facts;
  unreachable.dns = {};
  const json::Tree plain = pod_of(R"({"dnsPolicy":"ClusterFirst"})"),
                   none = pod_of(R"({"dnsPolicy":"None"})");
  CHECK_EQ(sandbox_request(plain.root(), unreachable)->wish.resolv_conf, "");
  CHECK_EQ(sandbox_request(none.root(), unreachable)->wish.resolv_conf, "\n");
  CHECK(reachable_from_pods("nameserver 127.0.0.53\nnameserver 9.9.9.9\n"));
  CHECK_FALSE(reachable_from_pods("nameserver 127.0.0.53\nnameserver ::1\n"));
  CHECK_FALSE(reachable_from_pods(""));
}

TEST_CASE("/etc/hosts is written anew where the pod has more names") {
  engine::SandboxState sandbox;
  sandbox.endpoints.emplace_back().ipv4 = "10.1.0.2";
  sandbox.endpoints.front().ipv6 = "fd00::2";
  CHECK(addresses_of(sandbox) == std::vector<std::string>{"10.1.0.2", "fd00::2"});
  CHECK_EQ(sandbox_hosts(pod_of("{}").root(), sandbox, "cluster.local"), "");
  CHECK_EQ(sandbox_hosts(pod_of(R"({"hostNetwork":true,"subdomain":"s"})").root(), sandbox, "cluster.local"),
           "");
  CHECK(sandbox_hosts(pod_of(R"({"subdomain":"s"})").root(), sandbox, "cluster.local")
            .ends_with(
                "\n10.1.0.2\tweb.s.ns.svc.cluster.local\tweb\nfd00::2\tweb.s.ns.svc.cluster.local\tweb\n"));
}

TEST_CASE("what this node cannot give a pod is refused") {
  const json::Tree pod = pod_of(R"({"hostUsers":false})");
  const auto request = sandbox_request(pod.root(), facts);
  REQUIRE_FALSE(request.has_value());
  CHECK_EQ(request.error().kind(), ErrorKind::unsupported);
}

}  // namespace
}  // namespace podo::node
