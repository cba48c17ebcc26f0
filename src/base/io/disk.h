// Disk: the door to stored bytes. Two makers keep its contract (testsuite/disk_suite.h): SystemDisk (files of
// this machine, on a BlockingPool) and SimulatedDisk, which can lose, tear and refuse.
//
// What survives a crash:
//   bytes of a file            those before its last sync(); of later ones each sector by itself: its new
//                              bytes, its old ones, any it had between them, or anything at all
//   the file's size            that of its last sync(), or one between it and the newest
//   a name (create, rename,    once the folder that holds it was synced; before that, it may or may not
//   remove, make_folder)
// Synced bytes that no later write changes survive, also beside later ones in their sector.
//
// Errors: not_found, already_exists, conflict (a folder is not empty; a lock is taken), exhausted (ENOSPC),
// internal (EIO). After a failed append or write a part of the bytes may stand in the file. After a failed
// sync the bytes since the last good one may be lost although they still read back, and a later sync that
// succeeds does not save them: write them again, elsewhere.
//
// A Task that is cancelled: what it asked for may not happen, or happen, or go on for a while afterwards; its
// outcome is dropped. So shield (combine.h) a write whose place is to be used again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/io/task.h"

namespace podo::io {

// Bytes that a write and its caller hold together, so that nobody copies them; they never change.
class SharedBytes {
 public:
  SharedBytes(std::string bytes) : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}
  SharedBytes(const char* bytes) : SharedBytes(std::string(bytes)) {}
  std::string_view view() const { return *bytes_; }
  std::size_t size() const { return bytes_->size(); }

 private:
  std::shared_ptr<const std::string> bytes_;
};

// Lives on one loop. Several Files may be open on the same file. Calls under way at the same time have no
// order: a sync() covers the writes that had returned when it was called.
class File {
 public:
  virtual ~File() = default;
  // Fewer than `count` bytes only at the end of the file.
  virtual Task<std::string> read_at(std::uint64_t offset, std::size_t count) = 0;
  virtual Task<void> append(std::string bytes) = 0;
  // Overwrites, and extends the file when it is too short; a gap reads as zeros.
  virtual Task<void> write_at(std::uint64_t offset, SharedBytes bytes) = 0;
  virtual Task<void> write_at_and_sync(std::uint64_t offset, SharedBytes bytes) = 0;  // both, for one wait
  // For bytes that will be overwritten in small pieces, each with a sync.
  virtual Task<void> write_zeros(std::uint64_t offset, std::uint64_t count);
  virtual Task<void> truncate(std::uint64_t size) = 0;  // shorter only; longer is invalid
  virtual Task<std::uint64_t> size() = 0;
  virtual Task<void> sync() = 0;  // bytes and size, not the name
};

struct OpenOptions {
  enum class Create : std::uint8_t { no, if_missing, must_be_new };
  Create create = Create::no;
  unsigned permissions = 0600;  // of a created file, before the umask
};

// Held until it is destroyed or its process has died.
class Lock {
 public:
  virtual ~Lock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;
  virtual Task<std::unique_ptr<File>> open(std::string path, OpenOptions options = {}) = 0;
  virtual Task<void> rename(std::string from, std::string to) = 0;  // replaces `to`
  virtual Task<void> remove(std::string path) = 0;                  // a file, or an empty folder
  virtual Task<void> make_folder(std::string path) = 0;
  virtual Task<void> sync_folder(std::string path) = 0;
  virtual Task<std::vector<std::string>> list(std::string folder) = 0;  // names, sorted
  // Locks the file at `path`, which is made if it is missing and should then stay where it is. While somebody
  // else holds the lock, also in this process: conflict, at once.
  virtual Task<std::unique_ptr<Lock>> lock(std::string path) = 0;
};

// The whole file; one of more than `bytes_max` bytes is ErrorKind::exhausted.
Task<std::string> read_file(Disk& disk, std::string path, std::size_t bytes_max);

// After it, and after a crash at any point of it, the file has its old bytes or the new ones, all of them;
// once it has returned, the new ones. Writes to "PATH.new" beside it meanwhile: one writer a path at a time.
// Once begun it is not cancelled: the next writer must not meet the rest of this one's work.
Task<void> write_file_atomically(Disk& disk, std::string path, std::string bytes,
                                 unsigned permissions = 0600);

// The folder that holds `path`: "/a" for "/a/b", "." for "b".
std::string folder_of(std::string_view path);

}  // namespace podo::io
