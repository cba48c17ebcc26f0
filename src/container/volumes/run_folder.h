// RUN/containers/ID and RUN/sandboxes/ID: what one life of a container or sandbox needs, gone when it ended.
#pragma once

#include <string>

#include "base/core/error.h"

namespace podo::engine {

// With an empty rootfs in it; fine if there. On a tmpfs: no need to leave the loop for it.
Result<> make_run_folder(const std::string& folder);

// Removes files and folders, but enters nothing that is mounted in there, and leaves it. Blocking.
Result<void> remove_run_folder(const std::string& folder);

}  // namespace podo::engine
