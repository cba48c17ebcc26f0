// One volume as lists show it. Private to container/docker.
#pragma once

#include "container/docker/call.h"

namespace podo::docker {

struct VolumeUsage {
  std::int64_t bytes = -1, containers = -1;
};
void write_volume(json::Writer& out, const engine::Volume& volume, const std::optional<VolumeUsage>& usage);

}  // namespace podo::docker
