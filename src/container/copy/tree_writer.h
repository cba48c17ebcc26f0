// Files made in a tree of other people, one at a time: what is in the way of a file is replaced, never
// written through; owner, mode, times and extended attributes as a COPY's options say. Paths are those of the
// tree, without '/' in front and without symlinks. Blocking; one thread at a time.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "container/copy/files.h"
#include "container/copy/mode.h"
#include "container/copy/open_folders.h"
#include "container/copy/xattrs.h"

namespace podo::builder {

class TreeWriter {
 public:
  // `keep_owner`: files without an owner in `options` keep theirs, else they become 0:0.
  static Result<TreeWriter> open(int root, const PutOptions& options, bool keep_owner);

  // Where a path leads in the tree, symlinks at its end included; "" its top.
  Result<std::string> follow(std::string_view path) const;
  Result<bool> is_folder(const std::string& path) const;
  Result<> make_folders(const std::string& path);  // those that are missing; --chmod is about them, too
  // A copy of `name` in the folder `from`, which was seen as `status`. A folder that is there is kept, with
  // the attributes of the new one.
  Result<> copy(int from, const std::string& name, const struct stat& status, const std::string& to);
  // A file of bytes, or of what is in the open file `content`.
  Result<> write(std::string_view bytes, const struct stat& status, const std::string& to);
  Result<> write_from(int content, const struct stat& status, const std::string& to);
  Result<> finish();  // times of folders

  static timespec now();

 private:
  TreeWriter(int root, const PutOptions& options, bool keep_owner, ModeChange mode)
      : root_(root),
        options_(options),
        keep_owner_(keep_owner),
        owner_(options.owner.value_or(Owner{})),
        mode_(std::move(mode)),
        folders_(root) {}
  Result<> copy_folder(int from, const std::string& name, const struct stat& status, const std::string& to);
  Result<> copy_file(int from, const std::string& name, const struct stat& status, const std::string& to);
  Result<> copy_link(int from, const std::string& name, const struct stat& status, const std::string& to);
  Result<> make_device(const struct stat& status, const std::string& to);
  Result<io::Fd> new_file(const std::string& to);
  Result<bool> link_to_first(const struct stat& status, const std::string& to);
  template <class Make>
  Result<> make_node(const std::string& to, const Make& make);
  Result<> clear_place(int folder, const std::string& name, const std::string& shown);
  Result<> set_attributes(int file, const struct stat& status, const Xattrs& attributes);
  void touched(std::string_view folder);
  timespec time_of(const timespec& time) const;  // not later than the options allow

  int root_;
  const PutOptions& options_;
  bool keep_owner_;
  Owner owner_;
  ModeChange mode_;
  OpenFolders folders_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;  // files of several names, and the first copied
  std::map<std::string, timespec, std::less<>> folder_times_;
};

}  // namespace podo::builder
