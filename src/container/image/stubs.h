// Places to mount something on, in a layer of their own over an image's, so that they are in nobody's
// changes: the files and folders themselves, and copies of the folders they lie in, which look as they did.
// Symlinks of the image are followed as the mount will follow them, those that lead nowhere too. Blocking
// calls.
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"
#include "container/image/merged_layers.h"

namespace podo::image {

// `stubs`: absolute paths, a folder's with '/' at its end. `into` is an empty folder, and stays empty (false)
// when there is everything already.
Result<bool> make_stubs(MergedLayers& below, const std::vector<std::string>& stubs, const std::string& into);

}  // namespace podo::image
