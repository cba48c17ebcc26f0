// Devices of the host that a container gets: --device and --gpus.
//
// Blocking (stat): for the pool.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "model/docker/container_config.h"
#include "model/oci/spec.h"

namespace podo::engine {

// A node in the container and the cgroup rule for it.
struct HostDevice {
  char type = 'c';
  std::string path;  // in the container
  std::int64_t major = 0, minor = 0;
  std::uint32_t file_mode = 0, uid = 0, gid = 0;
  std::string access = "rwm";
};

struct DeviceNumber {
  std::int64_t major = 0, minor = 0;
};

struct HostDevices {
  std::vector<HostDevice> nodes;
  std::map<std::string, DeviceNumber, std::less<>> block;  // by the paths that block I/O limits name
};

// Every node that `resources.devices` names (a folder stands for all nodes below it), with `privileged` every
// node of the host's /dev instead. Errors in Docker's words: `error gathering device information while adding
// custom device "/dev/x": no such file or directory`, `could not select device driver "" with capabilities:
// [[gpu]]`.
Result<HostDevices> host_devices(const docker::Resources& resources, bool privileged);

// "c 1:3 rwm", "b *:* m", "a *:* rwm"
Result<oci::DeviceRule> parse_device_rule(std::string_view rule);

}  // namespace podo::engine
