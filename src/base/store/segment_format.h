// A segment of the log, as bytes. Pure functions; docs/store_format.md is the page for readers without C++.
//
//   segment     := header batch* unused
//   header      := magic:8 format:le32 zero:le32 store:le64 segment:le64 zeros checksum:le64      512 bytes
//   batch       := checksum:le64 payload_size:le32 flags:le32 number:le64 previous:le64 synced_through:le64
//                  epoch:le32 raw_size:le32 before:le64 last:le64 reserved_until:le64 wall_ns:le64
//                  payload_checksum:le64 ( payload | frame ) padding                to a multiple of 8 bytes
//   payload     := transaction*
//   transaction := revision:varint change_count:varint change*
//   change      := kind:byte key:sized [ created:varint version:varint ] [ value:sized ]
//   sized       := size:varint byte*
//
//   kind        bit 0: erase (no value), bit 1: stamped (created and version follow), bit 2: sealed value
//   flags       bit 0: changes of this epoch were shown that are in no batch (Durability::memory)
//               bit 1: compressed: a Zstandard frame stands for a payload of raw_size bytes
//   checksum    XXH3-64 of the rest of the header, with a seed made of store, segment and offset: what stands
//               elsewhere, or stood here when the file had another number, does not pass. The payload has one
//               of its own, so that a search for batches is not led by what looks like a large size
//
// A batch is one group commit. Batches are numbered without a gap over all segments, and name the
// checksum of the one before. `synced_through` is the number of a batch known to be on the disk when this one
// was written. Revisions ascend, from above `before` to `last`; `before` is `last` of the batch before, or
// more in the first batch of an epoch (an opening that wrote): see docs/store_format.md, "Revisions".
//
// A segment whose first batch is number n makes void every batch from n on that stands in an earlier segment.
#pragma once

#include <optional>
#include <string>

#include "base/core/error.h"
#include "base/store/entry.h"
#include "base/store/wire.h"

namespace podo::store {

inline constexpr std::uint32_t format_version = 1;

struct SegmentHeader {
  static constexpr std::size_t size = 512;
  std::uint32_t format = format_version;
  std::uint64_t store = 0;  // a number drawn when the store was made
  std::uint64_t segment = 0;
};
std::string encode(const SegmentHeader& header);
Result<SegmentHeader> decode_segment_header(
    std::string_view bytes);  // corrupt, or unsupported: a newer format

struct BatchHeader {
  static constexpr std::size_t size = 88;
  static constexpr std::uint32_t memory_flag = 1;
  static constexpr std::uint32_t packed_flag = 2;
  std::uint64_t checksum = 0;  // filled by encode_batch
  std::uint32_t payload_size = 0;
  std::uint32_t flags = 0;
  std::uint64_t number = 0;
  std::uint64_t previous = 0;
  std::uint64_t synced_through = 0;
  std::uint32_t epoch = 0;
  std::uint32_t raw_size = 0;
  Revision before = 0;
  Revision last = 0;
  Revision reserved_until = 0;
  std::int64_t wall_ns = 0;
  std::uint64_t payload_checksum = 0;  // filled by encode_batch
};

struct Place {
  std::uint64_t store = 0;
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
};

std::size_t encoded_size(std::size_t payload_size);  // of a batch
std::string encode_batch(BatchHeader& header, std::string_view payload, const Place& place);

struct BatchView {
  BatchHeader header;
  std::string_view payload;  // or the frame
  std::uint64_t offset = 0;
};
Result<std::string> unpacked(const BatchView& batch);  // of one that is packed: its payload
// The batch at place.offset of a segment's bytes; none when what stands there is not one.
std::optional<BatchView> batch_at(std::string_view segment, const Place& place);
// The next one from place.offset on, wherever it begins.
std::optional<BatchView> find_batch(std::string_view segment, Place place);

struct LoggedChange {
  bool erased = false;
  bool stamped = false;
  bool sealed = false;
  std::string_view key;
  std::string_view value;
  std::uint64_t created = 0;
  std::uint64_t version = 0;
};
void encode(const LoggedChange& change, std::string& out);
Result<LoggedChange> decode_change(WireReader& in);  // views into what is read

struct LoggedTransaction {
  Revision revision = 0;
  std::uint64_t changes = 0;  // so many follow
};
void encode(const LoggedTransaction& transaction, std::string& out);
Result<LoggedTransaction> decode_transaction(WireReader& in);

}  // namespace podo::store
