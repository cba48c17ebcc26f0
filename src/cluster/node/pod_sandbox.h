// What the sandbox of a pod asks of the engine: a pure function of the pod and the machine's files.
#pragma once

#include <string>
#include <vector>

#include "cluster/pod/dns.h"
#include "container/sandbox/sandbox.h"

namespace podo::node {

struct SandboxFacts {
  std::string cgroup_root, network;  // network: what pods are attached to
  pod::DnsFacts dns;
  std::string machine_hosts;  // the text of the machine's /etc/hosts
};

struct SandboxRequest {
  engine::SandboxWish wish;
  std::vector<std::string> cut_dns;  // what Events say (DNSConfigForming)
};
// Unsupported: a user namespace of its own (hostUsers: false).
Result<SandboxRequest> sandbox_request(const json::Item& pod, const SandboxFacts& facts);

// Its /etc/hosts once its addresses are known; "" when what the engine made of name and address is right.
std::string sandbox_hosts(const json::Item& pod, const engine::SandboxState& sandbox,
                          std::string_view cluster_domain);
std::vector<std::string> addresses_of(const engine::SandboxState& sandbox);  // IPv4 first

// False: all of its servers are on the machine's loopback, or there is none.
bool reachable_from_pods(std::string_view resolv_conf);

}  // namespace podo::node
