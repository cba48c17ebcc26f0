// A base, or a backup, that is anything at all is read or refused. An input is a recipe, so that what stands
// behind the checksums is reached too:
//
//   recipe := how:byte ( bytes | header ( step:byte ... )* )
//   how    := bits 0-1: what damage is met with; bit 2: all that follows are the file's bytes
//   step   := 0: bytes as they are; 1: a block that passes; 2: a block with a byte changed; 3: the trailer;
//             4: a block with a frame of anything; else 1
#include <cstddef>
#include <cstdint>

#include "base/crypto/checksum.h"
#include "base/store/base_file.h"
#include "store_input.h"

namespace podo::store {
namespace {

class Base {
 public:
  explicit Base(std::string_view input) : recipe_(input) {
    std::uint8_t how = recipe_.byte();
    on_damage_ = static_cast<OnDamage>(how % 3);
    if ((how & 4) != 0) {
      bytes_ = input.substr(1);
      return;
    }
    header_.revision = recipe_.near(100);
    bytes_ = encode(header_);
    while (!recipe_.at_end()) step(recipe_.byte() % 8);
  }

  io::Task<void> read(io::Disk& disk) {
    co_await put_file(disk, "/base", bytes_);
    std::unique_ptr<io::File> file = co_await disk.open("/base");
    History history(0);
    Result<BaseRead> read = co_await read_base(*file, nullptr, on_damage_, history).result();
    if (!read) {
      ErrorKind kind = read.error().kind();
      ENSURE(kind == ErrorKind::corrupt || kind == ErrorKind::unsupported);
      ENSURE(read.error().message().size() < 6000);
      co_return;
    }
    ENSURE(on_damage_ != OnDamage::refuse || read->damages.empty());
    ENSURE(read->entries == history.status().entries && read->bytes <= bytes_.size() + (64 << 20));
    judge(history);
  }

 private:
  void step(std::uint8_t kind) {
    if (kind == 0) bytes_ += recipe_.piece();
    else if (kind == 3)
      bytes_ += encode(BaseTrailer{.blocks = checksums_.size(), .entries = entries_}, checksums_);
    else put_block(kind);
  }

  void put_block(std::uint8_t kind) {
    std::string entries;
    BlockHeader block;
    for (std::uint8_t n = recipe_.byte() % 16; block.entries < n; ++block.entries) put_entry(entries);
    entries += recipe_.piece();
    block.entries = static_cast<std::uint32_t>(recipe_.near(block.entries));
    std::string bytes = encode_block(block, entries, header_, bytes_.size());
    if (kind == 4) {
      std::uint64_t size = recipe_.near(bytes.size() - BlockHeader::size);
      for (unsigned i = 0; i < 4; ++i) bytes[12 + i] = static_cast<char>(size >> (8 * i));
      block.checksum = crypto::checksum(std::string_view(bytes).substr(8), header_.checksum + bytes_.size());
      for (unsigned i = 0; i < 8; ++i) bytes[i] = static_cast<char>(block.checksum >> (8 * i));
    }
    if (kind == 2) bytes[recipe_.byte() % bytes.size()] ^= 1;
    entries_ += block.entries;
    checksums_.push_back(block.checksum);
    bytes_ += bytes;
  }

  void put_entry(std::string& entries) {
    key_ += recipe_.piece();
    BaseEntry entry{.sealed = false, .key = key_, .value = recipe_.piece(), .stamp = {}};
    entry.stamp.created = recipe_.near(2);
    entry.stamp.modified = recipe_.near(3);
    entry.stamp.version = recipe_.near(1);
    encode(entry, entries);
  }

  Recipe recipe_;
  OnDamage on_damage_ = OnDamage::refuse;
  BaseHeader header_{.store = 1};
  std::string bytes_;
  std::string key_;
  std::uint64_t entries_ = 0;
  std::vector<std::uint64_t> checksums_;
};

}  // namespace
}  // namespace podo::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo;
  store::Base base(std::string_view(reinterpret_cast<const char*>(data), size));
  io::SimulatedLoop loop(1);
  io::SimulatedDisk disk(loop);
  ENSURE(loop.run(base.read(disk)).has_value());
  return 0;
}
