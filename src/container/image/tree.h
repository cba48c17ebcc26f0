// File trees of other people, walked by descriptor: no symlink in them is followed, no path of them is
// trusted. Blocking calls without state.
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/io/fd.h"

namespace podo::image {

struct NamedKind {
  std::string name;
  unsigned char kind;  // DT_*
};

// Of the directory, without "." and "..", in the order of their names.
Result<std::vector<NamedKind>> list_folder(int folder);
Result<io::Fd> open_folder(int parent, const char* name);  // the folder itself, not what a symlink names

// What `name` is and everything below it; fine if there is nothing. Deep trees do not use the stack. A mount
// below it fails the call (EXDEV, EBUSY) and is never entered.
Result<> remove_tree(int parent, const std::string& name);
Result<> remove_tree(const std::string& path);
Result<std::uint64_t> tree_bytes(const std::string& path);  // of the files' contents; a hard-linked one once

// Everything below a folder, parents first, by name in each folder.
class TreeWalk {
 public:
  static constexpr std::size_t depth_max = 500;  // each level holds a descriptor; deeper is exhausted
  struct Found {
    std::string path, name;  // path from the folder the walk began at: "etc/passwd"
    struct stat status = {};
    int parent = -1;  // in which `name` is
    io::Fd folder;    // it, if it is one
  };
  static Result<TreeWalk> open(const std::string& path);
  Result<const Found*> next();           // null at the end; valid until the next call
  void stay_out() { descend_ = false; }  // of the folder found last

 private:
  struct Level {
    io::Fd folder;
    std::vector<NamedKind> left;  // the next one at the end
    std::size_t path_bytes;
  };
  std::vector<Level> levels_;
  Found found_;
  bool descend_ = false;
};

Result<> make_folders(const std::string& path, mode_t mode);  // with its parents; fine if they are there

// overlayfs's marks.
inline bool is_whiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }
bool is_opaque(int folder);
Result<> set_opaque(int folder, bool opaque = true);

}  // namespace podo::image
