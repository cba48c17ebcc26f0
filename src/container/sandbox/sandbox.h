// Sandbox: the namespaces that several containers share (a pod): network and IPC, host name, shared memory,
// perhaps processes, and a control group above theirs. No process holds them: they are pinned by bind mounts
// below RUN/sandboxes/ID and RUN/netns/ID, so they outlive the daemon and every container in them. Only a
// shared PID namespace needs a first process, a tiny one of ours that outlives the daemon too.
//
// A container joins with network_mode, ipc_mode, uts_mode and (when processes are shared) pid_mode
// "sandbox:ID" of its HostConfig, whatever of the sandbox is the host's. Its hosts, hostname and resolv.conf
// then are the sandbox's, its control group lies in the sandbox's; it publishes and attaches nothing.
//
// Life: Sandboxes::make (whole or not at all) -> containers come and go -> Sandboxes::remove (conflict while
// one of its containers runs). What lasts is in the store ("sandbox/ID", relaxed). After a reboot, or
// when its first process was killed, the namespaces are gone: such a sandbox is `lost`, no container can be
// started in it, and it is only to be removed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "container/network/networks.h"
#include "model/docker/container_config.h"

namespace podo::engine {

struct SandboxWish {
  std::string id;        // [a-zA-Z0-9_-], of the caller: a pod's uid
  std::string name;      // what its network knows it by
  std::string hostname;  // "": the machine's, with the host's network only
  std::string network;   // a network's name; "host": the machine's namespaces of network and names
  bool host_ipc = false, host_pid = false;
  bool share_processes = false;               // its containers see each other's
  std::vector<network::PublishedPort> ports;  // of the host
  std::string hosts;                          // contents of /etc/hosts; "": made from host name and addresses
  std::string resolv_conf;  // of /etc/resolv.conf; "": as other containers of the network have it
  docker::StringMap sysctls, labels;
  std::string cgroup_parent;  // "/podo/kubepods/burstable/podUID": made, and removed with the sandbox; "":
                              // one of its own in the engine's
  docker::Resources limits;   // of that group; unset: none
  std::int64_t shm_bytes = 64 << 20;
};

struct SandboxState {
  SandboxWish wish;
  Wall created;
  bool lost = false;
  std::vector<network::Endpoint> endpoints;  // empty with the host's network
  std::vector<network::PublishedPort> ports;
};
using SandboxPtr = std::shared_ptr<const SandboxState>;

}  // namespace podo::engine
