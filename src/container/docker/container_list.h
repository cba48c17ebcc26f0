// One container as lists show it. Private to container/docker.
#pragma once

#include "container/docker/call.h"

namespace podo::docker {

void write_listed(json::Writer& out, const Call& call, const engine::Container& container,
                  const std::optional<engine::Usage>& usage);

}  // namespace podo::docker
