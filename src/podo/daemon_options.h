// What `podo serve` can be told: flags, and the file /etc/podo/podo.yaml beside them (flags win).
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"
#include "container/registry_client/registry.h"
#include "podo/registry_options.h"

namespace podo {

struct DaemonOptions {
  std::string data = "/var/lib/podo", run = "/run/podo";
  std::vector<std::string> hosts;  // "tcp://127.0.0.1:2376", "unix:///path"; besides RUN/docker.sock
  std::string socket_group;        // who besides root may connect to RUN/docker.sock
  std::string tls_certificate, tls_key, tls_client_ca;
  bool insecure_tcp = false;  // TCP without TLS was asked for in so many words
  std::string cgroup_parent;
  std::string log_driver = "json-file";
  std::vector<std::string> log_options;    // "max-size=10m"
  std::vector<std::string> address_pools;  // CIDRs that networks are cut from
  image::RegistryRules registries;
  std::uint64_t build_cache_bytes = 20ull << 30;
  RegistryOptions registry;               // served beside the engine, when it has an address
  std::string listen = "127.0.0.1:6443";  // of the Kubernetes API; "none": there is no cluster
  bool api_only = false;                  // the API alone: nothing makes true what its objects declare
  bool no_node = false;                   // the cluster has no node in this process
  std::string node_name;                  // "": the machine's name
  std::string static_pods_folder;         // its files are pods of the node
  std::string node_listen = "none";       // ADDRESS:PORT of the node's API, over TLS
  std::string service_cidr = "10.96.0.0/16,fd00:10:96::/112";  // ranges of Services' addresses
  std::string cluster_domain = "cluster.local";
  bool no_traffic = false;  // Services, names and policies are somebody else's
  std::string kubeconfig;   // of a cluster elsewhere that this machine is a node of
  std::string token_file, audit_policy_file, audit_log_file;
  bool stop_containers = false;  // when the daemon is told to end
  bool debug = false;
};

// Flags of `podo serve` from argv[first] on. Invalid: what is wrong, and what was meant.
Result<DaemonOptions> read_daemon_options(int count, char** words, int first);
extern const char serve_help[];

}  // namespace podo
