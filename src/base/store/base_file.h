// A base or a backup as a file: written entry by entry, read block by block. Lives on the loop of its File.
#pragma once

#include "base/io/disk.h"
#include "base/store/base_format.h"
#include "base/store/history.h"
#include "base/store/sealing.h"

namespace podo::store {

// What a damaged file is met with.
enum class OnDamage : std::uint8_t {
  refuse,       // corrupt, with a sentence that says what is lost and how to go on
  stop_before,  // what comes before the damage is read
  skip,         // what comes after it, too
};

// Writes what `history` holds at header.revision, which the caller has pinned, in slices: others have their
// turns in between. Durability::memory stays out. The file is synced at the end.
struct BaseWritten {
  BaseHeader header;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};
Task<BaseWritten> write_base(io::File& file, BaseHeader header, History& history, Sealing& sealing);

// Without `sealing` sealed values stay as they are, and are marked so.
struct BaseRead {
  BaseHeader header;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> damages;  // sentences; only when damage is not refused
};
Task<BaseRead> read_base(io::File& file, Sealing* sealing, OnDamage on_damage, History& into);

}  // namespace podo::store
