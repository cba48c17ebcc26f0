// Devices of the host that a container gets: --device and --gpus.
//
// Blocking (stat): for the pool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "model/docker/container_config.h"

namespace podo::engine {

// A node in the container and the cgroup rule for it.
struct HostDevice {
  char type = 'c';
  std::string path;  // in the container
  std::int64_t major = 0, minor = 0;
  std::uint32_t file_mode = 0, uid = 0, gid = 0;
  std::string access = "rwm";
};

// Every node that `resources.devices` names (a folder stands for all nodes below it), with `privileged` every node
// of the host's /dev instead. not_found in Docker's words: "error gathering device information while adding
// custom device "/dev/x": no such file or directory". Device requests: `could not select device driver "" with
// capabilities: [[gpu]]`.
Result<std::vector<HostDevice>> host_devices(const docker::Resources& resources, bool privileged);

// The number of the device at a host's path, for blkio limits.
struct DeviceNumber {
  std::int64_t major = 0, minor = 0;
};
Result<DeviceNumber> device_number(const std::string& path);

}  // namespace podo::engine
