// What the patterns of a COPY name in a tree. A path is cleaned by its text first ("./x/../y" is "y", the top
// is its own parent), then walked inside the tree, symlinks included: "COPY link/f" takes what the link leads
// to, as long as it is in the tree. Names with wildcards are matched name by name, as filepath.Match does for
// whole paths; a symlink to a folder is not entered for that. Blocking.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "base/core/error.h"
#include "container/copy/files.h"

namespace podo::builder {

struct NamedSource {
  std::string path;      // in the tree, without symlinks; "" is its top
  std::string name;      // what it is called in a folder: the pattern's last part, or what matched it
  bool matched = false;  // by a wildcard
  struct stat status = {};
};

bool has_wildcard(std::string_view pattern);
// Of one pattern. Empty: a wildcard matched nothing.
Result<std::vector<NamedSource>> find_sources(int root, const Tree& tree, std::string_view pattern,
                                              bool follow_folder);
Failure source_not_found(const Tree& tree, std::string_view pattern);

// --parents: the folder behind which paths are kept ("/x" of "x/./y/*", else the top), and what is taken from
// it ("y/*").
struct ParentsPattern {
  std::string folder, pattern;
};
ParentsPattern split_parents(std::string_view pattern);

}  // namespace podo::builder
