// A layer's tar members become files of one folder, as overlayfs wants a lower layer:
//
//   .wh.NAME        -> NAME, a character device 0/0, which hides what lower layers call so
//   .wh..wh..opq    -> trusted.overlay.opaque on its folder: nothing of lower layers shows in it
//   other .wh..wh.* -> nothing (aufs kept its own affairs there)
//
// Whatever the layer says, nothing outside of the folder is touched: parents are opened by openat2 with the
// folder as their root, which absolute symlinks and ".." cannot leave; the last part of a name is made,
// replaced or linked in that parent without following it. Names that lead above the root are refused. Of
// extended attributes only those an image may set are set (user.*, security.capability, POSIX ACLs), never
// overlayfs's own.
//
// A later member replaces an earlier one of the same name. Owners, modes and times are the members'; the
// times of folders are set last. Blocking calls; one thread at a time. Errors name the member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/format/tar.h"
#include "base/io/fd.h"

namespace podo::image {

struct LayerLimits {
  std::uint64_t bytes_max, entries_max;
};

class LayerWriter {
 public:
  static Result<LayerWriter> open(const std::string& folder, const LayerLimits& limits);  // an empty folder

  Result<> add(const tar::Entry& entry);
  Result<> write(std::uint64_t offset, std::string_view bytes);  // of the file added last
  Result<> finish();
  std::uint64_t bytes() const { return bytes_; }  // of files' contents

 private:
  struct Parent {
    std::string path;
    io::Fd folder;
  };
  struct FolderTime {
    std::string path;
    std::int64_t seconds;
    std::uint32_t nanoseconds;
  };
  // A member's name, without "." and "..": "" is the root.
  struct Name {
    std::string parent, last;
  };
  static constexpr std::size_t parents_kept = 16;

  LayerWriter(io::Fd root, const LayerLimits& limits) : root_(std::move(root)), limits_(limits) {}
  static Result<Name> name_of(std::string_view path);
  Result<> add_named(const tar::Entry& entry);
  Result<int> parent(const std::string& path);
  Result<io::Fd> make_parent(const std::string& path);
  Result<> hide(const std::string& parent_path, std::string_view whiteout);
  Result<> make_node(int parent, const std::string& name, const tar::Entry& entry);
  Result<> make_file(int parent, const std::string& name, const tar::Entry& entry);
  Result<> make_folder(int parent, const std::string& name, const tar::Entry& entry);
  Result<> make_hard_link(const std::string& parent_path, const std::string& name, const tar::Entry& entry);
  Result<> clear_place(int parent, const std::string& name);
  Result<> finish_file();
  static Result<> set_attributes(int fd, const tar::Entry& entry);

  io::Fd root_;
  LayerLimits limits_;
  std::vector<Parent> parents_;  // the one used last at the end
  std::vector<FolderTime> folder_times_;
  std::size_t folder_path_bytes_ = 0;
  io::Fd file_;
  tar::Entry file_entry_;
  std::uint64_t file_end_ = 0;
  std::uint64_t bytes_ = 0, entries_ = 0;
};

}  // namespace podo::image
