// SimulatedDisk: files in memory, in virtual time, that remember what has reached the platter. crash() is a
// power cut: it keeps what Disk's contract promises, and of the rest what the seed decides:
//
//   bytes since the last sync   of each file by itself, one of the fates of simulated_bytes.h
//   names not yet synced        the first few of the changes; a file whose folder is lost is lost with it
//   locks                       released
//
// Operations that were under way fail, and so do all on files opened before: open them again.
//
// A test that wants every crash there is runs once without one and asks for points(): each call that changes
// the disk has one before its effect and one after it, when its caller does not know yet. Then, from the same
// seed, it runs with crash_after(1), crash_after(2), ... and, for each, with several seeds of the fates.
//
// Lives on its SimulatedLoop; one disk a simulated machine. The root folder "/" exists.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "base/io/disk.h"
#include "base/io/simulated_bytes.h"
#include "base/io/simulated_loop.h"

namespace podo::io {

class SimulatedDisk final : public Disk {
 public:
  struct Settings {
    std::size_t sector_bytes = 512;  // or 4096; a power of two
    std::optional<std::uint64_t> fates_seed =
        std::nullopt;  // of what crashes leave; else drawn from the loop
  };
  SimulatedDisk(SimulatedLoop& loop, Settings settings);
  explicit SimulatedDisk(SimulatedLoop& loop) : SimulatedDisk(loop, Settings()) {}

  Task<std::unique_ptr<File>> open(std::string path, OpenOptions options = {}) override;
  Task<void> rename(std::string from, std::string to) override;
  Task<void> remove(std::string path) override;
  Task<void> make_folder(std::string path) override;
  Task<void> sync_folder(std::string path) override;
  Task<std::vector<std::string>> list(std::string folder) override;
  Task<std::unique_ptr<Lock>> lock(std::string path) override;

  // The power goes, if it has not gone yet, and comes back.
  void crash();
  // The power goes at the n-th of the points still to come, n > 0, and stays away until crash(): that call,
  // all under way and all later ones fail as unavailable.
  void crash_after(std::uint64_t n) { cut_at_ = points_ + n; }
  bool powered() const { return powered_; }
  std::uint64_t points() const { return points_; }

  // clang-format off
  enum class Call : std::uint8_t {
    list, read, open, rename, remove, make_folder, sync_folder, append, write, truncate, sync, lock, end
  };
  // clang-format on
  // The next such call fails with this errno; an append or a write has then put down a part of its bytes.
  void fail_next(Call call, int error);
  // So many of a million such calls fail with EIO.
  void fail_sometimes(Call call, unsigned per_million);
  // What makes files longer than so many bytes in all fails with ENOSPC, after what fits was written. To
  // overwrite takes no room.
  void limit_bytes(std::uint64_t bytes_max) { bytes_max_ = bytes_max; }

 private:
  friend class SimulatedFile;
  struct Node {
    bool folder;
    SimulatedBytes bytes;
    std::weak_ptr<void> holder = {};  // of the lock
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  using Change = std::vector<std::pair<std::string, std::shared_ptr<Node>>>;  // null: the name goes

  Task<void> pass(Call call);
  Result<void> fault(Call call);
  std::shared_ptr<Node> new_node(bool folder) const;
  Result<std::shared_ptr<Node>> find(const std::string& path) const;
  Result<std::shared_ptr<Node>> open_now(const std::string& path, OpenOptions::Create create);
  Result<void> folder_exists(const std::string& path) const;
  static void apply(const Change& change, Names& names);
  void change(Change change);
  void cut_power();
  Result<void> write_now(Node& node, Call call, std::size_t offset, std::string_view bytes);
  Result<void> sync_now(Node& node, SimulatedBytes::Mark mark);
  std::uint64_t bytes_free() const;

  SimulatedLoop& loop_;
  const std::size_t sector_bytes_;
  SeededRandom fates_;
  Names names_;
  Names synced_names_;
  std::vector<Change> unsynced_;
  bool powered_ = true;
  std::uint64_t cuts_ = 0;  // of the power, so far
  std::uint64_t points_ = 0;
  std::uint64_t cut_at_ = 0;  // the power goes at this point
  std::uint64_t bytes_max_ = UINT64_MAX;
  struct Fault {
    int next_errno = 0;
    unsigned per_million = 0;
  };
  std::array<Fault, static_cast<std::size_t>(Call::end)> faults_;
};

}  // namespace podo::io
