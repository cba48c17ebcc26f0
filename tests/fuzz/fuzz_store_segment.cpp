// A folder whose log is anything at all is read or refused. An input is a recipe of segments, so that what
// stands behind the checksums is reached too:
//
//   recipe := how:byte ( step:byte ... )*
//   how    := bits 0-1: what damage is met with; bit 2: a budget for history
//   step   := 0: bytes as they are; 1: a batch that passes; 2: the same, its payload a frame; 3: the next
//             segment; 4: a batch with a byte changed; 5: zeros; else 1
#include <cstddef>
#include <cstdint>

#include "base/format/zstd.h"
#include "base/store/log_reader.h"
#include "store_input.h"

namespace podo::store {
namespace {

class Folder {
 public:
  explicit Folder(std::string_view input) : recipe_(input) {
    std::uint8_t how = recipe_.byte();
    on_damage_ = static_cast<OnDamage>(how % 3);
    budget_ = (how & 4) != 0 ? 1 << 16 : 0;
    bytes_.push_back(encode(SegmentHeader{.store = 1, .segment = 1}));
    while (!recipe_.at_end() && bytes_.size() < 8) step(recipe_.byte() % 8);
  }

  io::Task<void> read(io::Disk& disk) {
    co_await disk.make_folder("/store");
    BaseHeader base{.store = 1};
    std::string file = encode(base) + encode(BaseTrailer(), {});
    co_await put_file(disk, "/store/" + base_name(1), std::move(file));
    for (std::size_t i = 0; i < bytes_.size(); ++i)
      co_await put_file(disk, "/store/" + segment_name(i + 1), bytes_[i]);
    History history(budget_);
    Result<FolderRead> read = co_await read_folder(disk, "/store", nullptr, on_damage_, history).result();
    if (read) {
      ENSURE(on_damage_ != OnDamage::refuse || read->damages.empty());
      ENSURE(read->end.last == history.shown());
      judge(history);
    } else {
      ErrorKind kind = read.error().kind();
      ENSURE(kind == ErrorKind::corrupt || kind == ErrorKind::unsupported);
      ENSURE(read.error().message().size() < 6000);
    }
  }

 private:
  void step(std::uint8_t kind) {
    std::string& segment = bytes_.back();
    if (kind == 0) segment += recipe_.piece();
    else if (kind == 3) bytes_.push_back(encode(SegmentHeader{.store = 1, .segment = bytes_.size() + 1}));
    else if (kind == 5) segment.append(recipe_.piece().size() * 8, '\0');
    else put_batch(segment, kind);
  }

  void put_batch(std::string& segment, std::uint8_t kind) {
    BatchHeader header;
    header.number = recipe_.near(last_.number + 1);
    header.flags = recipe_.byte();
    header.previous = recipe_.near(last_.checksum);
    header.synced_through = recipe_.near(last_.number);
    header.epoch = static_cast<std::uint32_t>(recipe_.near(last_.epoch));
    header.before = recipe_.near(last_.last);
    header.last = recipe_.near(last_.last + 1);
    header.reserved_until = recipe_.near(header.last);
    std::string payload(recipe_.piece());
    header.raw_size = static_cast<std::uint32_t>(recipe_.near(payload.size()));
    if (kind == 2) {
      payload = zstd::compress(payload, 1);
      header.flags |= BatchHeader::packed_flag;
    }
    Place place{.store = 1, .segment = bytes_.size(), .offset = segment.size()};
    std::string batch = encode_batch(header, payload, place);
    if (kind == 4) batch[recipe_.byte() % batch.size()] ^= 1;
    segment += batch;
    last_ = header;
  }

  Recipe recipe_;
  OnDamage on_damage_ = OnDamage::refuse;
  std::uint64_t budget_ = 0;
  std::vector<std::string> bytes_;
  BatchHeader last_{.last = 1};
};

}  // namespace
}  // namespace podo::store

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace podo;
  store::Folder folder(std::string_view(reinterpret_cast<const char*>(data), size));
  io::SimulatedLoop loop(1);
  io::SimulatedDisk disk(loop);
  ENSURE(loop.run(folder.read(disk)).has_value());
  return 0;
}
