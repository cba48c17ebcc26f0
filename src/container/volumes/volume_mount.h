// Volumes of the local driver that are mounts of something else: options type, device and o, as mount(8)
// takes them ("o=addr=10.0.0.1,ro").
//
// A few system calls; a network file system may make mount_volume() wait.
#pragma once

#include "base/core/error.h"
#include "container/config/container.h"

namespace podo::engine {

Result<> check_volume_options(std::string_view name, const docker::StringMap& options);
Result<> mount_volume(const Volume& volume);    // fine if mounted
Result<> unmount_volume(const Volume& volume);  // fine if not
bool is_mount_point(const std::string& path);

// "ro,nosuid,addr=1.2.3.4" -> MS_* and what is left for the file system.
struct MountOptions {
  unsigned long flags = 0;
  std::string data;
};
MountOptions split_mount_options(std::string_view options);

}  // namespace podo::engine
