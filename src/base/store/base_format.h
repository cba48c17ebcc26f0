// A base: everything a store held at one revision, in one file, as bytes. A backup is such a file. Pure
// functions; docs/store_format.md is the page for readers without C++.
//
//   base    := header block* trailer
//   header  := magic:8 format:le32 zero:le32 store:le64 revision:le64 segment:le64 number:le64 previous:le64
//              epoch:le32 flags:le32 reserved_until:le64 exact_from:le64 wall_ns:le64
//              zeros checksum:le64                                                            128 bytes
//   block   := checksum:le64 size:le32 raw_size:le32 entries:le32 zero:le32 ( entry* | frame )
//   entry   := kind:byte key:sized created:varint modified:varint version:varint value:sized   keys ascend
//   trailer := magic:8 blocks:le64 entries:le64 checksum:le64
//
//   size      of what follows in the block; below raw_size: a Zstandard frame of raw_size bytes of entries
//   kind      bit 0: sealed value
//   checksum  XXH3-64: of the header before it; of a block after it, seeded by the header's checksum plus the
//             block's offset in the file; of all blocks' checksums and the trailer's counts
//
// The log goes on in `segment`, with batch number + 1, which names the checksum `previous`.
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/store/entry.h"
#include "base/store/wire.h"

namespace podo::store {

struct BaseHeader {
  static constexpr std::size_t size = 128;
  std::uint32_t format = 1;
  std::uint64_t store = 0;
  Revision revision = 1;
  std::uint64_t segment = 1;  // 0: a backup, which no log follows
  std::uint64_t number = 0;
  std::uint64_t previous = 0;
  std::uint32_t epoch = 0;
  std::uint32_t flags = 0;  // of that batch
  Revision reserved_until = 1;
  Revision exact_from = 0;  // watches from here on miss nothing
  std::int64_t wall_ns = 0;
  std::uint64_t checksum = 0;  // filled by encode
};
std::string encode(BaseHeader& header);
Result<BaseHeader> decode_base_header(std::string_view bytes);  // corrupt, or unsupported: a newer format

struct BaseEntry {
  bool sealed = false;
  std::string_view key;
  std::string_view value;
  Stamp stamp;
};
void encode(const BaseEntry& entry, std::string& out);
Result<BaseEntry> decode_base_entry(WireReader& in);

struct BlockHeader {
  static constexpr std::size_t size = 24;
  static constexpr std::size_t largest = 64 << 20;  // in bytes, raw or packed; one value is the least in it
  std::uint64_t checksum = 0;
  std::uint32_t packed_size = 0;
  std::uint32_t raw_size = 0;
  std::uint32_t entries = 0;
};
std::string encode_block(BlockHeader& header, std::string_view entries, const BaseHeader& base,
                         std::uint64_t offset);
Result<std::string> entries_of_block(std::string_view block);  // a good one's, as they were encoded
BlockHeader decode_block_header(std::string_view bytes);       // of BlockHeader::size bytes
bool could_be_block(const BlockHeader& header);                // its sizes go together
// The whole block with its header.
bool block_is_good(std::string_view block, const BaseHeader& base, std::uint64_t offset);

struct BaseTrailer {
  static constexpr std::size_t size = 32;
  std::uint64_t blocks = 0;
  std::uint64_t entries = 0;
};
bool is_trailer(std::string_view bytes);  // begins as one does; a block would, once in 2^64
std::string encode(const BaseTrailer& trailer, const std::vector<std::uint64_t>& checksums);
Result<BaseTrailer> decode_trailer(std::string_view bytes, const std::vector<std::uint64_t>& checksums);

}  // namespace podo::store
