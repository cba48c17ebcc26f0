#include "base/store/base_file.h"

#include "base/io/wait.h"

namespace podo::store {
namespace {

constexpr std::size_t block_bytes = 256 << 10;
constexpr std::size_t sync_bytes = 4 << 20;
constexpr std::size_t page_entries = 256;  // so much of the history is looked at in one turn

// --- writing ----------------------------------------------------------------------------------------------

class BlockWriter {
 public:
  BlockWriter(io::File& file, const BaseHeader& header) : file_(file), header_(header) {}

  std::string& entries() { return entries_; }
  void count_entry() { ++in_block_; }

  Task<void> put_block() {
    if (in_block_ == 0) co_return;
    BlockHeader block{.entries = in_block_};
    co_await put(encode_block(block, entries_, header_, written_));
    checksums_.push_back(block.checksum);
    total_ += std::exchange(in_block_, 0);
    entries_.clear();
  }
  Task<void> put(std::string bytes) {
    std::size_t size = bytes.size();
    co_await file_.write_at(written_, std::move(bytes));
    written_ += size;
    if (written_ - synced_ < sync_bytes) co_return;
    co_await file_.sync();  // a little at a time: the log's syncs wait behind it
    synced_ = written_;
  }
  Task<void> end() {
    co_await put_block();
    co_await put(encode(BaseTrailer{.blocks = checksums_.size(), .entries = total_}, checksums_));
    co_await file_.sync();
  }
  std::uint64_t total() const { return total_; }
  std::uint64_t written() const { return written_; }

 private:
  io::File& file_;
  const BaseHeader& header_;
  std::string entries_;
  std::uint32_t in_block_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t synced_ = 0;
  std::vector<std::uint64_t> checksums_;
};

void put_entry(const Entry& entry, Sealing& sealing, std::string& out) {
  BaseEntry record{
      .sealed = entry.block()->sealed, .key = entry.key(), .value = entry.value(), .stamp = entry.stamp()};
  std::string sealed;
  if (!record.sealed && sealing.covers(entry.key())) {
    sealed = sealing.seal(entry.key(), entry.modified(), entry.value());
    record.sealed = true;
    record.value = sealed;
  }
  encode(record, out);
}

// --- reading ----------------------------------------------------------------------------------------------

// Hands out the bytes of a file in order, a large piece at a time.
class FileWindow {
 public:
  explicit FileWindow(io::File& file) : file_(file) {}

  // The next bytes: `count` of them, or what there is.
  Task<std::string_view> look(std::size_t count) {
    constexpr std::size_t piece = 4 << 20;
    if (bytes_.size() - at_ < count) {
      std::string rest = bytes_.substr(at_);
      offset_ += at_;
      at_ = 0;
      bytes_ = std::move(rest);
      bytes_ += co_await file_.read_at(offset_ + bytes_.size(), std::max(piece, count - bytes_.size()));
    }
    co_return std::string_view(bytes_).substr(at_, count);
  }
  void pass(std::size_t count) { at_ += count; }
  std::uint64_t offset() const { return offset_ + at_; }

 private:
  io::File& file_;
  std::string bytes_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
};

Result<void> load_entries(std::string_view entries, std::uint32_t count, Revision newest, Sealing* sealing,
                          History& into, std::string& last_key) {
  WireReader in(entries);
  for (std::uint32_t i = 0; i < count; ++i) {
    BaseEntry entry = TRY(decode_base_entry(in));
    if (entry.key <= last_key) return corrupt("the keys are not in their order at {}", entry.key);
    if (entry.stamp.created > entry.stamp.modified || entry.stamp.modified > newest)
      return corrupt("{} has revisions {} and {} of {}", entry.key, entry.stamp.created, entry.stamp.modified,
                     newest);
    last_key = entry.key;
    std::string opened;
    bool opens = entry.sealed && sealing != nullptr;
    if (opens) opened = TRY(sealing->open(entry.key, entry.stamp.modified, entry.value));
    Entry loaded(entry.key, opens ? opened : entry.value, entry.stamp);
    loaded.block()->sealed = entry.sealed && !opens;
    into.load(std::move(loaded));
  }
  if (!in.at_end()) return corrupt("a block has more than its entries");
  return {};
}

class BaseReader {
 public:
  BaseReader(io::File& file, Sealing* sealing, OnDamage on_damage, History& into)
      : window_(file), sealing_(sealing), on_damage_(on_damage), into_(into) {}

  Task<BaseRead> read() {
    read_.header = co_await decode_base_header(co_await window_.look(BaseHeader::size));
    window_.pass(BaseHeader::size);
    while (co_await read_block()) co_await io::checkpoint();
    read_.bytes = window_.offset();
    into_.begin_at(read_.header.revision);
    co_return std::move(read_);
  }

 private:
  // False at the end, or at what stands for it.
  Task<bool> read_block() {
    const std::uint64_t offset = window_.offset();
    std::string_view head = co_await window_.look(BaseTrailer::size);
    if (is_trailer(head)) {
      Result<BaseTrailer> trailer = decode_trailer(head, checksums_);
      window_.pass(BaseTrailer::size);
      if (!trailer && read_.damages.empty()) co_await damaged(offset, trailer.error().message());
      co_return false;
    }
    if (head.size() < BlockHeader::size) {
      co_await damaged(offset, "it is cut off");
      co_return false;
    }
    if (co_await is_good_block(decode_block_header(head))) {
      co_await load_block();
      co_return true;
    }
    if (on_damage_ != OnDamage::skip) {
      co_await damaged(offset, "a block does not match its checksum");
      co_return false;
    }
    std::string last_key = last_key_;
    bool more = co_await find_next_block();
    if (more) co_await load_block();
    read_.damages.push_back(text("damaged from byte {} to byte {}: the values {} are lost", offset,
                                 window_.offset(), between(last_key, more ? first_key_ : "")));
    co_return more;
  }

  Task<bool> is_good_block(BlockHeader block) {
    if (!could_be_block(block)) co_return false;
    std::size_t size = BlockHeader::size + block.packed_size;
    std::string_view bytes = co_await window_.look(size);
    co_return bytes.size() == size&& block_is_good(bytes, read_.header, window_.offset());
  }

  Task<void> load_block() {
    BlockHeader block = decode_block_header(co_await window_.look(BlockHeader::size));
    std::string_view bytes = co_await window_.look(BlockHeader::size + block.packed_size);
    std::string entries = co_await entries_of_block(bytes);
    WireReader in(entries);
    first_key_ = (co_await decode_base_entry(in)).key;
    co_await load_entries(entries, block.entries, read_.header.revision, sealing_, into_, last_key_);
    read_.entries += block.entries;
    checksums_.push_back(block.checksum);
    window_.pass(bytes.size());
  }

  // Behind the one that is damaged, wherever it begins; its size cannot be trusted. What looks like a block
  // and is none costs a checksum each: there is an end to that.
  Task<bool> find_next_block() {
    constexpr std::size_t piece = 1 << 20;
    std::uint64_t patience = std::uint64_t{1} << 30;  // bytes
    window_.pass(1);
    for (;;) {
      std::string_view bytes = co_await window_.look(piece);
      std::size_t at = 0;
      while (at + BlockHeader::size <= bytes.size() && !could_be_block(decode_block_header(bytes.substr(at))))
        ++at;
      window_.pass(std::min(at, bytes.size()));
      if (bytes.size() < BlockHeader::size) co_return false;
      if (at + BlockHeader::size > bytes.size()) continue;
      BlockHeader block = decode_block_header(bytes.substr(at));
      if (block.packed_size > patience) co_return false;
      patience -= block.packed_size;
      if (co_await is_good_block(block)) co_return true;
      window_.pass(1);
    }
  }

  static std::string between(std::string_view last, std::string_view next) {
    if (last.empty() && next.empty()) return "of all keys";
    if (next.empty()) return text("after key {}", last);
    if (last.empty()) return text("before key {}", next);
    return text("after key {} and before key {}", last, next);
  }

  Result<void> damaged(std::uint64_t offset, std::string_view how) {
    std::string sentence =
        text("damaged at byte {}: the values {} are lost ({})", offset, between(last_key_, ""), how);
    if (on_damage_ == OnDamage::refuse) return corrupt("{}", sentence);
    read_.damages.push_back(std::move(sentence));
    return {};
  }

  FileWindow window_;
  Sealing* sealing_;
  OnDamage on_damage_;
  History& into_;
  BaseRead read_;
  std::vector<std::uint64_t> checksums_;
  std::string first_key_;  // of the last block that was read, and
  std::string last_key_;
};

}  // namespace

Task<BaseWritten> write_base(io::File& file, BaseHeader header, History& history, Sealing& sealing) {
  BlockWriter writer(file, header);
  co_await writer.put(encode(header));
  Range rest = Range::prefix("");
  for (bool more = true; more;) {
    Page page = co_await history.range(rest, page_entries, header.revision);
    for (const Entry& entry : page.entries) {
      if (entry.block()->in_memory_only) continue;
      put_entry(entry, sealing, writer.entries());
      writer.count_entry();
      if (writer.entries().size() >= block_bytes) co_await writer.put_block();
    }
    more = page.more;
    if (more) rest.from = Range::key(page.entries.back().key()).to;
    co_await io::yield();
  }
  co_await writer.end();
  co_return BaseWritten{.header = header, .entries = writer.total(), .bytes = writer.written()};
}

Task<BaseRead> read_base(io::File& file, Sealing* sealing, OnDamage on_damage, History& into) {
  BaseReader reader(file, sealing, on_damage, into);
  co_return co_await reader.read();
}

}  // namespace podo::store
