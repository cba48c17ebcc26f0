// Folders of a tree by their path, opened once: files come in the order of their folders, so the last few
// descriptors serve nearly all of them. Paths have no symlinks; one that turned up meanwhile is an error.
// Blocking; one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::builder {

class OpenFolders {
 public:
  explicit OpenFolders(int root) : root_(root) {}  // borrowed
  Result<int> get(std::string_view path);          // "" the top; valid until the next call
  void forget() { kept_.clear(); }                 // something was renamed or removed

 private:
  struct Kept {
    std::string path;
    io::Fd folder;
  };
  static constexpr std::size_t kept_max = 16;
  int root_;
  std::vector<Kept> kept_;  // the one used last at the end
};

// "a/b/c" -> "a/b", "c"; "c" -> "", "c".
struct SplitPath {
  std::string_view folder;
  std::string name;
};
SplitPath split_path(std::string_view path);
std::string join_path(std::string_view folder, std::string_view name);  // without '/' where one is empty

}  // namespace podo::builder
