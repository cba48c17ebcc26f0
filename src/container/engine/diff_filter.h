// What `docker diff` does not tell: files and folders in a container's tree that are there only because the
// engine mounts something on them. Pure.
#pragma once

#include <vector>

#include "container/config/container.h"

namespace podo::engine {

std::vector<image::Change> without_mount_places(std::vector<image::Change> changes);

}  // namespace podo::engine
