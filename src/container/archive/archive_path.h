// Paths of `docker cp` in a container's file tree. What a user names is walked inside the tree, symlinks
// included; a last part that is a symlink is itself what is meant, unless '/' or "/." follows it.
//
// Blocking calls without state.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"
#include "base/io/fd.h"
#include "container/archive/archive.h"

namespace podo::engine {

// "/a/../b/c/." -> folder "/b/c", name "."; "/" -> folder "/", name ".".
struct NamedPath {
  std::string folder, name;
  std::string shown;  // what clients are told it is called: "c", ".", "/"
};
NamedPath split_named(std::string_view path);

// Where a path leads when every symlink is followed, dangling ones too: always absolute and clean. Text only:
// what is opened by it is opened inside the tree again.
Result<std::string> follow_links(int root, std::string_view path);

Result<io::Fd> open_inside(int root, const std::string& path, int flags);  // no link at the end is followed

std::uint32_t go_file_mode(std::uint32_t mode);  // st_mode -> os.FileMode

}  // namespace podo::engine
