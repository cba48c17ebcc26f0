// subPath of a volumeMount: a file or folder inside a volume whose contents belong to somebody who may be
// hostile. It is looked up so that no link leads out of the volume, and what was found is pinned by a mount
// of its own: should the name lead elsewhere later, the container's mount does not.
//
// Blocking. Errors tell of the machine's files, so users are shown others (see mounts_of.cpp).
#pragma once

#include <string>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::volumes {

// A relative path without "..". Folders that are missing are made, the last one with the mode of the volume's
// root.
Result<io::Fd> open_or_make_sub_path(const std::string& volume, const std::string& sub_path);

// Mounted on `target`, a file or folder that is made for it. What is pinned there stays if it is the same.
Result<> pin(const io::Fd& what, const std::string& target);

}  // namespace podo::volumes
