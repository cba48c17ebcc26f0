// The build cache in GET /system/df. Private to container/docker.
#pragma once

#include "container/docker/call.h"

namespace podo::docker {

// "BuildCache": [...], into an object that is open; gives the bytes that nothing else shares.
std::uint64_t write_build_cache(json::Writer& out, const Call& call);

}  // namespace podo::docker
