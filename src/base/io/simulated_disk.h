// SimulatedDisk: files in memory, in virtual time, that remember what has reached the platter. crash() is a
// power cut: it keeps what Disk's contract promises, and of the rest what the seed decides:
//
//   bytes since the last sync   nothing, a prefix, any of their sectors (the others read as zeros), or all
//   names not yet synced        the first few of the changes; a file whose folder is lost is lost with it
//   bytes of a failed sync      lost, although a later sync succeeds
//
// Operations that were under way fail, and so do all on files opened before: open them again.
// Lives on its SimulatedLoop; one disk a simulated machine. The root folder "/" exists.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "base/io/disk.h"
#include "base/io/simulated_loop.h"

namespace podo::io {

class SimulatedDisk final : public Disk {
 public:
  explicit SimulatedDisk(SimulatedLoop& loop);

  Task<std::unique_ptr<File>> open(std::string path, OpenOptions options = {}) override;
  Task<void> rename(std::string from, std::string to) override;
  Task<void> remove(std::string path) override;
  Task<void> make_folder(std::string path) override;
  Task<void> sync_folder(std::string path) override;
  Task<std::vector<std::string>> list(std::string folder) override;
  Task<std::unique_ptr<Lock>> lock(std::string path) override;

  static constexpr std::size_t sector_bytes = 512;
  // clang-format off
  enum class Call : std::uint8_t {
    open, rename, remove, make_folder, sync_folder, list, read, append, truncate, sync,
    write, lock
  };
  // clang-format on

  void crash();
  // The next such call fails with this errno; an append has then written a part of its bytes.
  void fail_next(Call call, int error);
  // So many of a million such calls fail with EIO.
  void fail_sometimes(Call call, unsigned per_million);
  // Appends beyond so many bytes in all files write what fits and fail with ENOSPC.
  void limit_bytes(std::uint64_t bytes_max) { bytes_max_ = bytes_max; }

 private:
  friend class SimulatedFile;
  struct Node {
    bool folder = false;
    std::string bytes;
    std::weak_ptr<Lock> holder;
    std::size_t synced = 0;                        // bytes[0, synced) survive, unless lost
    std::optional<std::string> before_truncation;  // the synced bytes, until the truncation is synced
    std::vector<std::pair<std::size_t, std::size_t>> lost;  // [from, to) of failed syncs
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  using Change = std::vector<std::pair<std::string, std::shared_ptr<Node>>>;  // null: the name goes

  Task<void> spend_time(Call call);
  Result<void> fault(Call call);
  Result<std::shared_ptr<Node>> find(const std::string& path) const;
  Result<void> folder_exists(const std::string& path) const;
  static void apply(const Change& change, Names& names);
  void change(Change change);
  void survive(Node& node);
  std::string surviving_tail(const Node& node);
  Result<void> append_now(Node& node, const std::string& bytes);
  Result<void> write_now(Node& node, std::size_t offset, std::string_view bytes);
  Result<void> sync_now(Node& node);
  std::uint64_t bytes_used() const;

  SimulatedLoop& loop_;
  Names names_;
  Names synced_names_;
  std::vector<Change> unsynced_;
  std::uint64_t crashes_ = 0;
  std::uint64_t bytes_max_ = UINT64_MAX;
  struct Fault {
    int next_errno = 0;
    unsigned per_million = 0;
  };
  std::array<Fault, 12> faults_;
};

}  // namespace podo::io
