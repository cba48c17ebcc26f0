// The folder of one volume: made whole or not at all, so that what a crash left half made is made again.
//
//   disk    a folder, finished under another name (".NAME") and renamed
//   memory  a tmpfs, finished before it is attached
//   bind    a mount of a folder elsewhere (a local PersistentVolume), the group's before it is attached
//
// Blocking. Fine when it is there already.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/core/error.h"
#include "cluster/volumes/ownership.h"

namespace podo::volumes {

struct FolderWish {
  std::string path;  // .../volumes/KIND/NAME
  std::optional<Group> group = {};
  bool passes_mounts =
      false;  // what is mounted in it on one side is seen on the others: it is a shared mount
};

Result<> make_disk_folder(const FolderWish& wish);
Result<> make_memory_folder(const FolderWish& wish, std::optional<std::uint64_t> bytes_max);
Result<> make_bind_folder(const FolderWish& wish, const std::string& source, Writable writable);

// hostPath.type: what has to be at `path`, or is made there (DirectoryOrCreate, FileOrCreate).
// `hostPath type check failed: /x is not a directory`. `made_mode`: of a folder that is made.
Result<> check_host_path(const std::string& path, std::string_view type, mode_t made_mode = 0755);

}  // namespace podo::volumes
