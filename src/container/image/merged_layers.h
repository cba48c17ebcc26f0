// Layers as overlayfs shows them together, read without mounting them: what lies at a path, and in which
// layer. A folder is made of those of the same name in several layers, down to the first that is opaque, or
// that has something else or a whiteout there. Blocking calls; one thread at a time.
#pragma once

#include <sys/stat.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::image {

class MergedLayers {
 public:
  static Result<MergedLayers> open(const std::vector<std::string>& folders_from_topmost);
  struct Found {
    struct stat status;
    int layer;  // a folder in which `path` is this
  };
  // `path` is relative and clean ("etc/passwd", no symlink in it is followed); nothing when it is hidden or
  // was never there.
  std::optional<Found> find(const std::string& path);
  Result<std::string> link_of(const std::string& path);  // where the symlink there leads

 private:
  const std::vector<int>& folder(const std::string& path);  // the layers that are part of it, by descriptor

  std::vector<io::Fd> layers_;
  std::map<std::string, std::vector<int>> folders_;  // those that were asked for
};

}  // namespace podo::image
