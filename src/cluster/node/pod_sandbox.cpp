#include "cluster/node/pod_sandbox.h"

#include <algorithm>

#include "base/core/ip_address.h"
#include "cluster/pod/cgroup.h"
#include "cluster/pod/container_request.h"
#include "cluster/pod/hosts.h"
#include "model/kube/path.h"

namespace podo::node {
namespace {

using kube::is_true_at;
using kube::text_at;

std::uint16_t port_at(const json::Item& port, std::string_view member) {
  return static_cast<std::uint16_t>(kube::number_at(port, member));
}

std::string protocol_of(const json::Item& port) {
  const std::string_view protocol = text_at(port, "protocol");
  return protocol == "UDP" ? "udp" : protocol == "SCTP" ? "sctp" : "tcp";
}

std::vector<network::PublishedPort> host_ports(const json::Item& pod) {
  std::vector<network::PublishedPort> ports;
  for (const std::string_view list : {"spec.containers", "spec.initContainers"}) {
    for (const json::Item& container : kube::children_at(pod, list)) {
      for (const json::Item& port : kube::children_at(container, "ports")) {
        const std::uint16_t of_host = port_at(port, "hostPort");
        if (of_host == 0) continue;
        network::PublishedPort& published = ports.emplace_back();
        published.protocol = protocol_of(port);
        published.container_port = port_at(port, "containerPort");
        published.host_ip = text_at(port, "hostIP");
        published.host_port_first = published.host_port_last = of_host;
      }
    }
  }
  return ports;
}

docker::StringMap labels_of(const json::Item& pod) {
  const auto of = [](std::string_view value) { return std::string(value); };
  return {{of(pod::label::pod_name), of(text_at(pod, "metadata.name"))},
          {of(pod::label::pod_namespace), of(text_at(pod, "metadata.namespace"))},
          {of(pod::label::pod_uid), of(text_at(pod, "metadata.uid"))}};
}

bool has_own_lines(const json::Item& pod) { return kube::size_at(pod, "spec.hostAliases") > 0; }

// "": the engine's own, which asks the machine's servers for the pod. For pods that neither bring servers nor
// reach those of the machine.
std::string resolv_conf_of(const json::Item& pod, const pod::ResolvConf& conf) {
  if (conf.servers.empty() && text_at(pod, "spec.dnsPolicy") != "None") return {};
  const std::string text = conf.text();
  return text.empty() ? "\n" : text;
}

}  // namespace

Result<SandboxRequest> sandbox_request(const json::Item& pod, const SandboxFacts& facts) {
  const json::Item* host_users = kube::find_at(pod, "spec.hostUsers");
  if (host_users != nullptr && !is_true_at(pod, "spec.hostUsers"))
    return unsupported("a user namespace of its own (hostUsers: false) is not supported by this node");
  const bool host_network = is_true_at(pod, "spec.hostNetwork");
  SandboxRequest request;
  engine::SandboxWish& wish = request.wish;
  wish.id = text_at(pod, "metadata.uid");
  wish.name = pod::container_name(pod, "POD", 0);
  wish.labels = labels_of(pod);
  wish.network = host_network ? "host" : facts.network;
  wish.host_ipc = is_true_at(pod, "spec.hostIPC");
  wish.host_pid = is_true_at(pod, "spec.hostPID");
  wish.share_processes = is_true_at(pod, "spec.shareProcessNamespace");
  if (!host_network) {
    wish.hostname = TRY(pod::name_of_pod(pod, facts.dns.cluster_domain)).hostname;
    wish.ports = host_ports(pod);
  } else if (has_own_lines(pod)) {
    wish.hosts = pod::hosts_file_of_machine(pod, facts.machine_hosts);
  }
  pod::PodDns dns = pod::dns_of(pod, facts.dns);
  wish.resolv_conf = resolv_conf_of(pod, dns.conf);
  request.cut_dns = std::move(dns.cut);
  wish.sysctls = pod::sysctls_of(pod);
  wish.cgroup_parent = pod::pod_group(facts.cgroup_root, pod);
  wish.limits = pod::pod_limits(pod);
  return request;
}

std::vector<std::string> addresses_of(const engine::SandboxState& sandbox) {
  std::vector<std::string> addresses;
  for (const network::Endpoint& endpoint : sandbox.endpoints)
    if (!endpoint.ipv4.empty()) addresses.push_back(endpoint.ipv4);
  for (const network::Endpoint& endpoint : sandbox.endpoints)
    if (!endpoint.ipv6.empty()) addresses.push_back(endpoint.ipv6);
  return addresses;
}

std::string sandbox_hosts(const json::Item& pod, const engine::SandboxState& sandbox,
                          std::string_view cluster_domain) {
  if (is_true_at(pod, "spec.hostNetwork")) return {};
  const auto name = pod::name_of_pod(pod, cluster_domain);
  if (!name || (name->domain.empty() && !has_own_lines(pod))) return {};
  return pod::hosts_file(pod, *name, addresses_of(sandbox));
}

bool reachable_from_pods(std::string_view resolv_conf) {
  const pod::ResolvConf conf = pod::parse_resolv_conf(resolv_conf);
  return std::ranges::any_of(conf.servers, [](const std::string& server) {
    const auto address = IpAddress::parse(server);
    return address && !address->is_loopback();
  });
}

}  // namespace podo::node
