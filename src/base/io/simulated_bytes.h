// SimulatedBytes: the bytes of one file of a SimulatedDisk. Reads see the newest; of every sector written
// since the last good sync it also knows what the sector held before, so that a crash can leave any of that.
// crash() draws one of these for the file:
//
//   nothing      the bytes of the last good sync
//   prefix       the first few of the written sectors, as after a tear
//   scattered    each written sector by itself: newest or synced (the disk wrote in another order)
//   everything   the newest bytes
//   reordered    each sector as it stood at any moment since the sync
//   garbage      the same, or random bytes in it
//
// The model's assumptions. A sector is written whole or not at all. A byte that no write since the sync has
// changed survives, also when its sector was written for others beside it, or with the same value. A longer
// file may keep its old size, or a size between, or the new one with zeros for sectors that were lost. A
// truncation is lost with all that came after it, or not at all.
//
// After a failed sync the written bytes read back as before, but whether the platter has them stays open, for
// each sector until a crash decides it or its bytes are written again and synced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/random.h"

namespace podo::io {

class SimulatedBytes {
 public:
  explicit SimulatedBytes(std::size_t sector_bytes) : sector_bytes_(sector_bytes) {}

  std::size_t size() const { return bytes_.size(); }
  std::string read(std::size_t offset, std::size_t count) const;

  void write(std::size_t offset, std::string_view bytes);
  void truncate(std::size_t size, Random& fates);
  // A sync that began at `mark` and succeeds: what was written since then is not in it.
  struct Mark {
    std::uint64_t writes = 0;
    std::size_t size = 0;
  };
  Mark mark() const { return {writes_, bytes_.size()}; }
  void sync(Mark mark);
  void fail_sync();
  void crash(Random& fates);

 private:
  enum class Fate : std::uint8_t { nothing, prefix, scattered, everything, reordered, garbage };
  struct Version {
    std::uint64_t until_write = 0;  // the number of the write that replaced it
    std::string bytes;              // what is missing at their end is zeros
  };
  struct Sector {                        // its newest bytes stand in bytes_
    std::vector<Version> before;         // what it held since the last good sync, oldest first
    std::optional<std::string> without;  // the newest bytes without those of failed syncs
  };

  std::string newest(std::size_t index) const;
  void write_sector(std::size_t index, std::size_t offset, std::string_view piece);
  void settle(Random& fates);
  std::string left_of(std::size_t index, const Sector& sector, Fate fate, Random& fates) const;
  std::string spoiled(const std::vector<std::string>& held, Random& fates) const;
  std::size_t size_left(Fate fate, Random& fates) const;
  void replace_sector(std::size_t index, std::string_view bytes);

  std::size_t sector_bytes_;
  std::string bytes_;
  std::size_t size_synced_ = 0;
  std::uint64_t writes_ = 0;
  std::map<std::size_t, Sector> written_;             // by index
  std::optional<std::string> if_truncation_is_lost_;  // what a crash leaves then
};

}  // namespace podo::io
