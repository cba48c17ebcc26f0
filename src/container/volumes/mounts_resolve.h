// What a container has mounted: binds, volumes and tmpfs from every place where they can be asked for
// become one list of mount points, and before a start each gets a source on the host.
//
//   plan_mounts()     pure: --mount, -v, --volumes-from, the image's VOLUMEs -> MountPoints  (create)
//   make_mounts()     makes the volumes and missing folders they name              (create)
//   copy_up()         fills empty volumes with what the image has there            (before the first start)
//   ready_mounts()    where each lies on the host; subpaths are opened safely      (start)
//   release_mounts()  undoes ready_mounts()                                        (exit)
//
// HostConfig.Tmpfs is no mount point, as `inspect` has it: container/config/runtime_config.h mounts it.
//
// Errors are invalid in Docker's words: "Duplicate mount point: /x", `invalid mount config for type "bind":
// bind source path does not exist: /x`.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "container/config/container.h"
#include "container/config/runtime_config.h"
#include "container/volumes/volumes.h"

namespace podo::engine {

struct MountsPlan {
  struct Entry {
    MountPoint point;                          // without a source where it is a volume's
    docker::StringMap labels, driver_options;  // of a volume that is made for it
    bool make_source = false;                  // -v: a missing folder of the host is made
    bool must_exist = false;                   // --mount: it is an error
  };
  std::vector<Entry> entries;
};

// `volumes` are those of the config with the image's. `find_container` answers --volumes-from.
using FindContainer = std::function<Result<ContainerPtr>(std::string_view)>;
Result<MountsPlan> plan_mounts(const std::map<std::string, bool>& volumes,
                               const docker::HostConfig& host_config, const FindContainer& find_container);

Task<std::vector<MountPoint>> make_mounts(MountsPlan plan, Volumes& volumes, io::BlockingPool& pool);

// Blocking, for the pool: for each volume that wants it and is empty, what `rootfs` has at the destination,
// with owners, modes, times, extended attributes and links.
Result<> copy_up(const std::string& rootfs, std::span<const MountPoint> mounts);

// Blocking, for the pool. `folder`: RUN/containers/ID, where subpaths (and a shareable /dev/shm) get mounts
// of their own. Volumes with options must be mounted before.
Result<std::vector<ReadyMount>> ready_mounts(std::span<const MountPoint> mounts, const std::string& folder);
void release_mounts(const std::string& folder);
// A tmpfs at folder/shm for ipc mode shareable; its path. release_mounts() takes it away.
Result<std::string> make_shm(const std::string& folder, std::int64_t bytes);

}  // namespace podo::engine
