// What a container changed in its image, read off the upper folder of its overlay, in Docker's manner: a
// folder counts as modified when something in it was made or removed, not when only a file in it was written.
#pragma once

#include <vector>

#include "container/image/images.h"

namespace podo::image {

Result<std::vector<Change>> overlay_changes(const Snapshot& snapshot);  // by path
// The same for a container that has a copy: `layers` from the lowest, put together, against its tree.
Result<std::vector<Change>> copy_changes(const Snapshot& snapshot, const std::vector<std::string>& layers);

}  // namespace podo::image
