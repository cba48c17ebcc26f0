// What the prune calls of all resources share. Private to container/docker.
#pragma once

#include "container/docker/call.h"
#include "container/docker/filters.h"

namespace podo::docker {

struct Pruned {
  std::vector<std::string> names;
  std::uint64_t bytes = 0;
};
enum class Empty : std::uint8_t { null, list };  // how no names are written: Docker is of two minds

// {"ContainersDeleted":[...],"SpaceReclaimed":0}
std::string pruned_json(std::string_view key, const Pruned& pruned, Empty empty);
// The instant of the filter "until": what is younger stays. Without one everything is old enough.
Result<Wall> prune_until(const Filters& filters, Wall now);
void tell_pruned(const Call& call, std::string type, std::uint64_t bytes);

}  // namespace podo::docker
