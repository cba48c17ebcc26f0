#include "base/store/segment_format.h"

#include <algorithm>

#include "base/core/ensure.h"
#include "base/crypto/checksum.h"
#include "base/format/zstd.h"

namespace podo::store {
namespace {

constexpr std::string_view magic = "podoseg\n";
constexpr std::size_t raw_bytes_max = 64 << 20;  // several times the largest transaction
constexpr std::uint8_t erase_bit = 1;
constexpr std::uint8_t stamped_bit = 2;
constexpr std::uint8_t sealed_bit = 4;

// One seed for each place of each segment of each store.
std::uint64_t seed_of(const Place& place) {
  std::string bytes;
  put_le64(bytes, place.store);
  put_le64(bytes, place.segment);
  put_le64(bytes, place.offset);
  return crypto::checksum(bytes);
}

void put_le64_at(std::string& bytes, std::size_t offset, std::uint64_t value) {
  for (unsigned i = 0; i < 8; ++i) bytes[offset + i] = static_cast<char>(value >> (8 * i));
}

BatchHeader decode_batch_header(std::string_view bytes) {
  WireReader in(bytes);
  BatchHeader header;
  header.checksum = in.le64();
  header.payload_size = in.le32();
  header.flags = in.le32();
  header.number = in.le64();
  header.previous = in.le64();
  header.synced_through = in.le64();
  header.epoch = in.le32();
  header.raw_size = in.le32();
  header.before = in.le64();
  header.last = in.le64();
  header.reserved_until = in.le64();
  header.wall_ns = static_cast<std::int64_t>(in.le64());
  header.payload_checksum = in.le64();
  return header;
}

}  // namespace

// --- the header of a segment ------------------------------------------------------------------------------

std::string encode(const SegmentHeader& header) {
  std::string bytes(magic);
  put_le32(bytes, header.format);
  put_le32(bytes, 0);
  put_le64(bytes, header.store);
  put_le64(bytes, header.segment);
  bytes.resize(SegmentHeader::size - 8, '\0');
  put_le64(bytes, crypto::checksum(bytes));
  return bytes;
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes) {
  if (bytes.size() < SegmentHeader::size)
    return corrupt("its header is cut off after {} bytes", bytes.size());
  bytes = bytes.substr(0, SegmentHeader::size);
  WireReader in(bytes);
  if (in.take(magic.size()) != magic) return corrupt("it does not begin as a segment does");
  SegmentHeader header;
  header.format = in.le32();
  in.le32();
  header.store = in.le64();
  header.segment = in.le64();
  WireReader end(bytes.substr(SegmentHeader::size - 8));
  if (end.le64() != crypto::checksum(bytes.substr(0, SegmentHeader::size - 8)))
    return corrupt("its header does not match its checksum");
  if (header.format > format_version)
    return unsupported("it is of format {}, this program knows those up to {}: use a newer one",
                       header.format, format_version);
  return header;
}

// --- batches ----------------------------------------------------------------------------------------------

std::size_t encoded_size(std::size_t payload_size) { return (BatchHeader::size + payload_size + 7) / 8 * 8; }

std::string encode_batch(BatchHeader& header, std::string_view payload, const Place& place) {
  ENSURE(payload.size() <= UINT32_MAX);
  header.payload_size = static_cast<std::uint32_t>(payload.size());
  std::string bytes;
  bytes.reserve(encoded_size(payload.size()));
  put_le64(bytes, 0);
  put_le32(bytes, header.payload_size);
  put_le32(bytes, header.flags);
  put_le64(bytes, header.number);
  put_le64(bytes, header.previous);
  put_le64(bytes, header.synced_through);
  put_le32(bytes, header.epoch);
  put_le32(bytes, header.raw_size);
  put_le64(bytes, header.before);
  put_le64(bytes, header.last);
  put_le64(bytes, header.reserved_until);
  put_le64(bytes, static_cast<std::uint64_t>(header.wall_ns));
  header.payload_checksum = crypto::checksum(payload);
  put_le64(bytes, header.payload_checksum);
  ENSURE(bytes.size() == BatchHeader::size);
  header.checksum = crypto::checksum(std::string_view(bytes).substr(8), seed_of(place));
  put_le64_at(bytes, 0, header.checksum);
  bytes += payload;
  bytes.resize(encoded_size(payload.size()), '\0');
  return bytes;
}

Result<std::string> unpacked(const BatchView& batch) {
  if (batch.header.raw_size > raw_bytes_max)
    return corrupt("batch {} claims to have {} bytes", batch.header.number, batch.header.raw_size);
  return zstd::decompress(batch.payload, batch.header.raw_size);
}

std::optional<BatchView> batch_at(std::string_view segment, const Place& place) {
  if (place.offset > segment.size() || segment.size() - place.offset < BatchHeader::size) return {};
  std::string_view bytes = segment.substr(place.offset);
  BatchHeader header = decode_batch_header(bytes);
  if (header.number == 0 || header.payload_size > bytes.size() - BatchHeader::size) return {};
  std::string_view checked = bytes.substr(8, BatchHeader::size - 8);
  if (crypto::checksum(checked, seed_of(place)) != header.checksum) return {};
  std::string_view payload = bytes.substr(BatchHeader::size, header.payload_size);
  if (crypto::checksum(payload) != header.payload_checksum) return {};
  return BatchView{.header = header, .payload = payload, .offset = place.offset};
}

// Most of what it looks at was never written: zeros are passed in one step.
std::optional<BatchView> find_batch(std::string_view segment, Place place) {
  place.offset = (place.offset + 7) / 8 * 8;
  while (place.offset + BatchHeader::size <= segment.size()) {
    std::size_t written = segment.find_first_not_of('\0', place.offset);
    if (written == std::string_view::npos) return {};
    std::size_t first = written < BatchHeader::size ? 0 : (written - BatchHeader::size) / 8 * 8 + 8;
    place.offset = std::max<std::uint64_t>(place.offset, first);
    if (std::optional<BatchView> batch = batch_at(segment, place)) return batch;
    place.offset += 8;
  }
  return {};
}

// --- what is in a batch -----------------------------------------------------------------------------------

void encode(const LoggedChange& change, std::string& out) {
  unsigned kind = (change.erased ? erase_bit : 0u) | (change.stamped ? stamped_bit : 0u) |
                  (change.sealed ? sealed_bit : 0u);
  out.push_back(static_cast<char>(kind));
  put_sized(out, change.key);
  if (change.stamped) {
    put_varint(out, change.created);
    put_varint(out, change.version);
  }
  if (!change.erased) put_sized(out, change.value);
}

Result<LoggedChange> decode_change(WireReader& in) {
  LoggedChange change;
  std::uint8_t kind = in.byte();
  if (kind > (erase_bit | stamped_bit | sealed_bit)) return corrupt("there is no change of kind {}", kind);
  change.erased = (kind & erase_bit) != 0;
  change.stamped = (kind & stamped_bit) != 0;
  change.sealed = (kind & sealed_bit) != 0;
  change.key = in.sized();
  if (change.stamped) {
    change.created = in.varint();
    change.version = in.varint();
  }
  if (!change.erased) change.value = in.sized();
  if (!in.good()) return corrupt("a change is cut off");
  if (change.key.empty() || (change.stamped && change.version == 0))
    return corrupt("a change has no key or version");
  return change;
}

void encode(const LoggedTransaction& transaction, std::string& out) {
  put_varint(out, transaction.revision);
  put_varint(out, transaction.changes);
}

Result<LoggedTransaction> decode_transaction(WireReader& in) {
  LoggedTransaction transaction{.revision = in.varint(), .changes = in.varint()};
  if (!in.good() || transaction.revision == 0) return corrupt("a transaction is cut off");
  return transaction;
}

}  // namespace podo::store
