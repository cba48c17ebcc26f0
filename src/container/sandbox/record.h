// A sandbox as the store keeps it, under "sandbox/ID": JSON.
//
//   record := {"complete": bool, "removing": bool, "lost": bool, "created": ns, "boot": boot id,
//              "id", "name", "hostname", "network", "cgroup_parent", "hosts", "resolv_conf",
//              "share_processes": bool, "host_ipc": bool, "host_pid": bool,
//              "host_config": HostConfig          its limits, sysctls and /dev/shm's size (model/docker)
//              "labels": {name: value}, "wished_ports": [PublishedPort...], "ports": [PublishedPort...],
//              "init": {"pid", "start"}}          the first process of a shared PID namespace
//
// Members that are absent have their default, unknown ones are ignored.
#pragma once

#include <string>

#include "base/format/json.h"
#include "container/sandbox/sandbox.h"

namespace podo::engine {

struct SandboxRecord {
  SandboxState state;   // without endpoints, which are the networks'
  std::string boot_id;  // of the kernel that has its namespaces
  bool complete = true, removing = false;
  int init_pid = 0;
  std::uint64_t init_start = 0;  // as in ProcessStat
};

std::string encode_sandbox(const SandboxRecord& record);
Result<SandboxRecord> decode_sandbox(const json::Document& document);

}  // namespace podo::engine
