// Digests of files that have not changed since they were read, by what stat(2) says of them. The kernel
// changes a file's ctime with every write, so device, inode, size, mtime and ctime name a content - except
// within one tick of the file system's clock: a file that changed shortly before it was read is not kept.
//
// Bounded: of two generations the older one is forgotten when the younger is full; what is found moves to the
// younger. One cache serves all folders of this machine that are built in place; the context of an archive
// has one of its own, fed while it is unpacked.
//
//   file   := magic:"podo stat cache 1\n" count:le64 record* sha256 of all before:32
//   record := device:le64 inode:le64 size:le64 mtime:le64 ctime:le64 digest:32       times in nanoseconds
//
// Any thread; load() and save() block.
#pragma once

#include <sys/stat.h>

#include <array>
#include <compare>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/core/clock.h"
#include "base/core/error.h"

namespace podo::builder {

class StatCache {
 public:
  using FileDigest = std::array<char, 32>;  // of content and extended attributes: what select() puts there

  explicit StatCache(std::size_t files_max = 100'000) : generation_max_(files_max / 2 + 1) {}

  std::optional<FileDigest> find(const struct stat& status);
  // `status` was taken before and after reading, which began at `read_at`.
  void keep(const struct stat& status, Wall read_at, const FileDigest& digest);
  // Of a file that nobody else can have written to.
  void keep_own(const struct stat& status, const FileDigest& digest);
  void forget(const struct stat& status);
  std::size_t size() const;

  // What is damaged or absent is an empty cache: nothing depends on it.
  void load(const std::string& path);
  Result<> save(const std::string& path) const;  // PATH.new, then renamed

 private:
  struct Key {
    std::uint64_t device, inode, size;
    std::int64_t mtime, ctime;
    bool operator==(const Key&) const = default;
  };
  struct HashOfKey {
    std::size_t operator()(const Key& key) const;
  };
  using Generation = std::unordered_map<Key, FileDigest, HashOfKey>;
  static Key key_of(const struct stat& status);
  void keep_locked(const Key& key, const FileDigest& digest);

  mutable std::mutex mutex_;  // guards what follows
  Generation young_, old_;
  const std::size_t generation_max_;
};

}  // namespace podo::builder
