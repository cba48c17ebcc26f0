#include "base/store/base_format.h"

#include "base/crypto/checksum.h"
#include "base/format/zstd.h"
#include "base/store/segment_format.h"

namespace podo::store {
namespace {

constexpr std::string_view magic = "podobas\n";
constexpr std::string_view trailer_magic = "podoend\n";

std::uint64_t checksum_of_all(const BaseTrailer& trailer, const std::vector<std::uint64_t>& checksums) {
  std::string bytes;
  for (std::uint64_t checksum : checksums) put_le64(bytes, checksum);
  put_le64(bytes, trailer.blocks);
  put_le64(bytes, trailer.entries);
  return crypto::checksum(bytes);
}

}  // namespace

std::string encode(BaseHeader& header) {
  std::string bytes(magic);
  put_le32(bytes, header.format);
  put_le32(bytes, 0);
  put_le64(bytes, header.store);
  put_le64(bytes, header.revision);
  put_le64(bytes, header.segment);
  put_le64(bytes, header.number);
  put_le64(bytes, header.previous);
  put_le32(bytes, header.epoch);
  put_le32(bytes, header.flags);
  put_le64(bytes, header.reserved_until);
  put_le64(bytes, header.exact_from);
  put_le64(bytes, static_cast<std::uint64_t>(header.wall_ns));
  bytes.resize(BaseHeader::size - 8, '\0');
  header.checksum = crypto::checksum(bytes);
  put_le64(bytes, header.checksum);
  return bytes;
}

Result<BaseHeader> decode_base_header(std::string_view bytes) {
  if (bytes.size() < BaseHeader::size) return corrupt("its header is cut off after {} bytes", bytes.size());
  bytes = bytes.substr(0, BaseHeader::size);
  WireReader in(bytes);
  if (in.take(magic.size()) != magic) return corrupt("it does not begin as a base or a backup does");
  BaseHeader header;
  header.format = in.le32();
  in.le32();
  header.store = in.le64();
  header.revision = in.le64();
  header.segment = in.le64();
  header.number = in.le64();
  header.previous = in.le64();
  header.epoch = in.le32();
  header.flags = in.le32();
  header.reserved_until = in.le64();
  header.exact_from = in.le64();
  header.wall_ns = static_cast<std::int64_t>(in.le64());
  WireReader end(bytes.substr(BaseHeader::size - 8));
  header.checksum = end.le64();
  if (header.checksum != crypto::checksum(bytes.substr(0, BaseHeader::size - 8)))
    return corrupt("its header does not match its checksum");
  if (header.format > format_version)
    return unsupported("it is of format {}, this program knows those up to {}: use a newer one",
                       header.format, format_version);
  return header;
}

void encode(const BaseEntry& entry, std::string& out) {
  out.push_back(entry.sealed ? '\1' : '\0');
  put_sized(out, entry.key);
  put_varint(out, entry.stamp.created);
  put_varint(out, entry.stamp.modified);
  put_varint(out, entry.stamp.version);
  put_sized(out, entry.value);
}

Result<BaseEntry> decode_base_entry(WireReader& in) {
  BaseEntry entry;
  std::uint8_t kind = in.byte();
  if (kind > 1) return corrupt("there is no entry of kind {}", kind);
  entry.sealed = kind == 1;
  entry.key = in.sized();
  entry.stamp.created = in.varint();
  entry.stamp.modified = in.varint();
  entry.stamp.version = in.varint();
  entry.value = in.sized();
  if (!in.good() || entry.key.empty() || entry.stamp.version == 0) return corrupt("an entry is cut off");
  return entry;
}

std::string encode_block(BlockHeader& header, std::string_view entries, const BaseHeader& base,
                         std::uint64_t offset) {
  std::string bytes;
  std::string frame = zstd::compress(entries, 1);
  std::string_view packed = frame.size() < entries.size() ? std::string_view(frame) : entries;
  header.packed_size = static_cast<std::uint32_t>(packed.size());
  header.raw_size = static_cast<std::uint32_t>(entries.size());
  bytes.reserve(BlockHeader::size + packed.size());
  put_le64(bytes, 0);
  put_le32(bytes, header.packed_size);
  put_le32(bytes, header.raw_size);
  put_le32(bytes, header.entries);
  put_le32(bytes, 0);
  bytes += packed;
  header.checksum = crypto::checksum(std::string_view(bytes).substr(8), base.checksum + offset);
  for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<char>(header.checksum >> (8 * i));
  return bytes;
}

BlockHeader decode_block_header(std::string_view bytes) {
  WireReader in(bytes);
  BlockHeader header;
  header.checksum = in.le64();
  header.packed_size = in.le32();
  header.raw_size = in.le32();
  header.entries = in.le32();
  return header;
}

bool could_be_block(const BlockHeader& header) {
  constexpr std::uint32_t least = 6;  // bytes of an entry
  return header.packed_size > 0 && header.packed_size <= header.raw_size &&
         header.raw_size <= BlockHeader::largest && header.entries > 0 &&
         header.entries <= header.raw_size / least;
}

bool block_is_good(std::string_view block, const BaseHeader& base, std::uint64_t offset) {
  return decode_block_header(block).checksum == crypto::checksum(block.substr(8), base.checksum + offset);
}

Result<std::string> entries_of_block(std::string_view block) {
  BlockHeader header = decode_block_header(block);
  std::string_view packed = block.substr(BlockHeader::size, header.packed_size);
  if (header.packed_size == header.raw_size) return std::string(packed);
  if (header.raw_size > BlockHeader::largest)
    return corrupt("a block of {} bytes is too large", header.raw_size);
  return zstd::decompress(packed, header.raw_size);
}

bool is_trailer(std::string_view bytes) { return bytes.starts_with(trailer_magic); }

std::string encode(const BaseTrailer& trailer, const std::vector<std::uint64_t>& checksums) {
  std::string bytes(trailer_magic);
  put_le64(bytes, trailer.blocks);
  put_le64(bytes, trailer.entries);
  put_le64(bytes, checksum_of_all(trailer, checksums));
  return bytes;
}

Result<BaseTrailer> decode_trailer(std::string_view bytes, const std::vector<std::uint64_t>& checksums) {
  if (bytes.size() < BaseTrailer::size || !is_trailer(bytes)) return corrupt("its end is cut off");
  WireReader in(bytes.substr(trailer_magic.size()));
  BaseTrailer trailer{.blocks = in.le64(), .entries = in.le64()};
  if (trailer.blocks != checksums.size() || in.le64() != checksum_of_all(trailer, checksums))
    return corrupt("its blocks are not those its end counts");
  return trailer;
}

}  // namespace podo::store
