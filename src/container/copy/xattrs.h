// The extended attributes that go with a file when it is copied: what an image may carry and means something
// on another machine (user.*, security.capability), never overlayfs's own.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/core/error.h"

namespace podo::builder {

using Xattrs = std::vector<std::pair<std::string, std::string>>;  // in the order of their names

Result<Xattrs> carried_xattrs(int file);  // open for reading
// What the file system there does not take is left out.
Result<> set_xattrs(int file, const Xattrs& attributes);

}  // namespace podo::builder
