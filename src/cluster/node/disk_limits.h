// Disk limits: a pod whose emptyDir on the disk holds more than its sizeLimit is evicted. Only such volumes
// are looked at, every ten seconds; those in memory are limited by their file system.
//
// Lives on the loop; the folders are read on the pool.
#pragma once

#include "base/io/blocking_pool.h"
#include "cluster/node/pod_table.h"

namespace podo::node {

// Until it is cancelled. `pods_folder`: DATA/pods, see volumes/pod_folder.h.
Task<void> keep_disk_limits(io::BlockingPool& pool, PodTable& pods, std::string pods_folder);

struct LimitedVolume {
  std::string name, limit;  // as it stands in the pod: "10Mi"
  std::uint64_t bytes = 0;
};
std::vector<LimitedVolume> limited_volumes(const json::Item& pod);

}  // namespace podo::node
