// Reading a store's folder: the newest base, then the log after it, into a History. Writes nothing, so it
// also serves who looks at a store that another process has open (see read_folder_in_use).
//
//   base-0000000000000007       the state at one revision (base_format.h)
//   segment-0000000000000041    the log after it, in pieces (segment_format.h)
//
// Where a batch does not pass its checksum the log has ended, unless something proves that the batch had been
// on the disk: a later batch says it was synced, or stands in a later segment, which is only begun when all
// before it is synced. The first is a torn tail: what a crash left of a write that nobody was told of. The
// second is damage, and is refused.
#pragma once

#include "base/store/base_file.h"
#include "base/store/segment_format.h"

namespace podo::store {

// A revision that may have been shown and is lost: after < revision <= through.
struct LostRevisions {
  Revision after = 0;
  Revision through = 0;
};

// Where a log stands.
struct LogEnd {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;  // the first byte after the last batch
  std::uint64_t number = 0;  // of the last batch, and what it says
  std::uint64_t checksum = 0;
  std::uint32_t epoch = 0;
  std::uint32_t flags = 0;
  Revision last = 0;
  Revision reserved_until = 0;
  std::int64_t wall_ns = 0;
};

struct SegmentRead {
  std::uint64_t segment = 0;
  std::uint64_t first_batch = 0;  // 0: nothing is in it
  std::uint64_t file_bytes = 0;
  std::uint64_t used_bytes = 0;  // of batches that count
  LogEnd start;                  // where the log stood before the first of them
};

struct FolderRead {
  BaseHeader base;
  std::uint64_t base_file = 0;
  std::uint64_t base_bytes = 0;
  std::vector<SegmentRead> segments;  // from base.segment on, by number
  std::vector<std::uint64_t> spares;  // segments before that: their bytes are of no use any more
  std::vector<std::string>
      leftovers;  // names of files that were being made when the store stopped, old bases
  LogEnd end;
  std::uint64_t unsynced_from = 0;  // an offset of end.segment: what is behind it may not be on the disk yet
  std::uint64_t torn_bytes = 0;     // of the tail that was dropped
  std::uint64_t batches = 0;
  Revision exact_from = 0;  // watches from before it may miss what was only in memory
  std::vector<LostRevisions> lost;
  std::vector<std::string> damages;  // sentences; only when damage is not refused
};

std::string base_name(std::uint64_t number);
std::string segment_name(std::uint64_t number);

// Fails: not_found: there is no store; corrupt: damage, when it is to be refused; unsupported: a newer
// format. `into` is new.
Task<FolderRead> read_folder(io::Disk& disk, std::string folder, Sealing* sealing, OnDamage on_damage,
                             History& into);

}  // namespace podo::store
