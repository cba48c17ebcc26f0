#include "base/store/log_reader.h"

#include <algorithm>
#include <charconv>

#include "base/io/wait.h"

namespace podo::store {
namespace {

constexpr std::string_view base_prefix = "base-";
constexpr std::string_view segment_prefix = "segment-";

std::string numbered(std::string_view prefix, std::uint64_t number) {
  std::string digits = text("{}", number);
  return text("{}{}{}", prefix, std::string(16 - std::min<std::size_t>(16, digits.size()), '0'), digits);
}

std::optional<std::uint64_t> number_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() != prefix.size() + 16) return {};
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return {};
  return number;
}

struct Position {
  std::size_t index = 0;  // of the segment, among those read
  std::uint64_t offset = SegmentHeader::size;
};

// The first batch that is there again behind one that is missing, although it had been on the disk.
struct Hole {
  BatchHeader next;
  Position at;
};

class FolderReader {
 public:
  FolderReader(io::Disk& disk, std::string folder, Sealing* sealing, OnDamage on_damage, History& into)
      : disk_(disk), folder_(std::move(folder)), sealing_(sealing), on_damage_(on_damage), into_(into) {}

  Task<FolderRead> read() {
    co_await look_around();
    co_await read_newest_base();
    for (SegmentRead& segment : read_.segments) co_await look_at_first_batch(segment);
    Position at;
    if (!read_.damages.empty() && on_damage_ == OnDamage::stop_before) at.index = read_.segments.size();
    while (at.index < read_.segments.size() && co_await read_segment(at)) co_await io::checkpoint();
    read_.unsynced_from = unsynced_.empty() ? read_.end.offset : unsynced_.front().second;
    co_return std::move(read_);
  }

 private:
  std::string path(std::string_view name) const { return text("{}/{}", folder_, name); }
  Place place(const SegmentRead& segment, std::uint64_t offset) const {
    return {.store = read_.base.store, .segment = segment.segment, .offset = offset};
  }

  Task<void> look_around() {
    for (const std::string& name : co_await disk_.list(folder_)) {
      if (auto base = number_of(name, base_prefix)) bases_.push_back(*base);
      else if (auto segment = number_of(name, segment_prefix)) segments_.push_back(*segment);
      else if (name.ends_with(".new")) read_.leftovers.push_back(name);
    }
    if (bases_.empty())
      co_await not_found("{} holds no store{}", folder_,
                         segments_.empty() ? "" : ": there are segments of a log, but the base is missing");
  }

  Task<void> read_newest_base() {
    read_.base_file = bases_.back();
    bases_.pop_back();
    for (std::uint64_t older : bases_) read_.leftovers.push_back(base_name(older));
    std::string name = base_name(read_.base_file);
    std::unique_ptr<io::File> file = co_await disk_.open(path(name));
    Result<BaseRead> base = co_await read_base(*file, sealing_, on_damage_, into_).result();
    if (!base) co_await Failure(std::move(base).error().within(path(name)));
    for (std::string& damage : base->damages) read_.damages.push_back(text("{}: {}", path(name), damage));
    read_.base = base->header;
    read_.base_bytes = base->bytes;
    read_.exact_from = base->header.exact_from;
    read_.end = {.segment = base->header.segment,
                 .offset = SegmentHeader::size,
                 .number = base->header.number,
                 .checksum = base->header.previous,
                 .epoch = base->header.epoch,
                 .flags = base->header.flags,
                 .last = base->header.revision,
                 .reserved_until = base->header.reserved_until,
                 .wall_ns = base->header.wall_ns};
    for (std::uint64_t segment : segments_) {
      if (segment < base->header.segment) read_.spares.push_back(segment);
      else read_.segments.emplace_back().segment = segment;
    }
  }

  Task<std::string> bytes_of(const SegmentRead& segment) {
    return io::read_file(disk_, path(segment_name(segment.segment)), std::size_t{1} << 31);
  }

  // A first look at all segments: what one begins with makes the end of those before it void.
  Task<void> look_at_first_batch(SegmentRead& segment) {
    std::unique_ptr<io::File> file = co_await disk_.open(path(segment_name(segment.segment)));
    segment.file_bytes = co_await file->size();
    std::string head = co_await file->read_at(0, SegmentHeader::size + BatchHeader::size);
    Result<SegmentHeader> header = decode_segment_header(head);
    if (!header && header.error().kind() == ErrorKind::unsupported)
      co_await Failure(std::move(header).error().within(path(segment_name(segment.segment))));
    if (head.size() < SegmentHeader::size + BatchHeader::size) co_return;
    WireReader in(std::string_view(head).substr(SegmentHeader::size + 8));
    std::uint64_t size = encoded_size(in.le32());
    if (SegmentHeader::size + size > segment.file_bytes) co_return;
    head = co_await file->read_at(0, SegmentHeader::size + size);
    std::optional<BatchView> first = batch_at(head, place(segment, SegmentHeader::size));
    if (!first) co_return;
    segment.first_batch = first->header.number;
  }

  // The first batch of the segments behind number `i`: those from it on do not count here.
  std::uint64_t void_from(std::size_t i) const {
    std::uint64_t from = UINT64_MAX;
    for (++i; i < read_.segments.size(); ++i)
      if (read_.segments[i].first_batch != 0) from = std::min(from, read_.segments[i].first_batch);
    return from;
  }

  // Moves on to where the next batch is expected. False: the log has ended.
  Task<bool> read_segment(Position& at) {
    SegmentRead& segment = read_.segments[at.index];
    std::string bytes = co_await bytes_of(segment);
    const std::uint64_t limit = void_from(at.index);
    for (;;) {
      std::optional<BatchView> batch = batch_at(bytes, place(segment, at.offset));
      if (batch && follows(batch->header)) {
        if (batch->header.number >= limit) break;
        if (segment.used_bytes == 0) {
          segment.start = read_.end;
          unsynced_.clear();  // it is only begun when all before it is synced
        }
        co_await apply(*batch);
        note_synced(batch->header, at.offset);
        at.offset += encoded_size(batch->payload.size());
        segment.used_bytes = at.offset - SegmentHeader::size;
        read_.end.segment = segment.segment;
        read_.end.offset = at.offset;
        continue;
      }
      if (limit == read_.end.number + 1) break;
      std::optional<Hole> hole = co_await find_hole(at, bytes);
      if (!hole) measure_tail(bytes, at.offset);
      if (!hole) co_return false;
      co_await damaged(*hole, at);
      if (on_damage_ == OnDamage::stop_before) co_return false;
      read_.end.number = hole->next.number - 1;
      stepped_over_ = true;
      bool elsewhere = hole->at.index != at.index;
      at = hole->at;
      if (elsewhere) co_return true;
    }
    at = {.index = at.index + 1};
    co_return true;
  }

  bool follows(const BatchHeader& header) const {
    const LogEnd& end = read_.end;
    if (header.number != end.number + 1) return false;
    if (stepped_over_) return true;
    bool goes_on = header.epoch == end.epoch ? header.before == end.last : header.before >= end.last;
    return goes_on && header.previous == end.checksum;
  }

  void note_synced(const BatchHeader& header, std::uint64_t offset) {
    unsynced_.emplace_back(header.number, offset);
    while (!unsynced_.empty() && unsynced_.front().first <= header.synced_through) unsynced_.pop_front();
  }

  // A later batch that was written when the expected one was known to be on the disk; or the first one of a
  // later segment that has the expected number and yet follows another batch than the one before.
  Task<std::optional<Hole>> find_hole(Position at, std::string_view bytes) {
    const std::uint64_t expected = read_.end.number + 1;
    std::string later;
    if (at.offset != SegmentHeader::size) at.offset += 1;
    for (; at.index < read_.segments.size(); at = {.index = at.index + 1}) {
      if (bytes.empty()) bytes = later = co_await bytes_of(read_.segments[at.index]);
      Place from = place(read_.segments[at.index], at.offset);
      for (auto batch = find_batch(bytes, from); batch; batch = find_batch(bytes, from)) {
        bool strange = batch->offset == SegmentHeader::size && batch->header.number == expected;
        if (batch->header.synced_through >= expected || (strange && !follows(batch->header)))
          co_return Hole{.next = batch->header, .at = {.index = at.index, .offset = batch->offset}};
        from.offset = batch->offset + 1;
      }
      bytes = {};
    }
    co_return std::nullopt;
  }

  // What is missing before a batch in the middle of a later segment stood in that one.
  Result<void> damaged(const Hole& hole, Position at) {
    if (hole.at.index != at.index && hole.at.offset > SegmentHeader::size) at = {.index = hole.at.index};
    std::uint64_t batches = hole.next.number - read_.end.number - 1;
    std::string what = batches == 1 ? std::string("one batch") : text("{} batches", batches);
    std::string sentence = text(
        "{} is damaged at byte {}: {} of changes after revision {} and up to revision {} are lost; what "
        "follows "
        "is there",
        path(segment_name(read_.segments[at.index].segment)), at.offset, what, read_.end.last,
        hole.next.before);
    if (on_damage_ == OnDamage::refuse)
      return corrupt(
          "{}. Restore a backup (podo store restore), or keep what there is: podo store repair {} keeps "
          "everything "
          "before the damage, with --skip everything after it as well",
          sentence, folder_);
    read_.damages.push_back(std::move(sentence));
    return {};
  }

  void measure_tail(std::string_view bytes, std::uint64_t offset) {
    if (offset + BatchHeader::size > bytes.size()) return;
    WireReader in(bytes.substr(offset + 8));
    std::uint64_t size = encoded_size(in.le32());
    in.le32();
    if (in.le64() == read_.end.number + 1)
      read_.torn_bytes = std::min<std::uint64_t>(size, bytes.size() - offset);
  }

  Result<void> apply(const BatchView& batch) {
    const BatchHeader& header = batch.header;
    LogEnd& end = read_.end;
    if (header.before < into_.shown() || header.last < header.before)
      return corrupt("batch {} goes from revision {} to {} after {}", header.number, header.before,
                     header.last, into_.shown());
    if (header.epoch != end.epoch) begin_epoch(header);
    into_.skip_to(header.before);
    Revision revision = header.before;
    std::string raw;
    bool packed = (header.flags & BatchHeader::packed_flag) != 0;
    if (packed) raw = TRY(unpacked(batch));
    WireReader in(packed ? raw : batch.payload);
    while (!in.at_end()) {
      LoggedTransaction transaction = TRY(decode_transaction(in));
      if (transaction.revision <= revision || transaction.revision > header.last)
        return corrupt("batch {} has revision {} after {}", header.number, transaction.revision, revision);
      revision = transaction.revision;
      for (std::uint64_t n = 0; n < transaction.changes; ++n)
        TRY(apply_change(TRY(decode_change(in)), revision));
      into_.show(revision);
    }
    into_.skip_to(header.last);
    end.number = header.number;
    end.checksum = header.checksum;
    end.epoch = header.epoch;
    end.flags = header.flags;
    end.last = header.last;
    end.reserved_until = header.reserved_until;
    end.wall_ns = header.wall_ns;
    stepped_over_ = false;
    ++read_.batches;
    return {};
  }

  Result<void> apply_change(const LoggedChange& change, Revision revision) {
    History::Replayed replayed{
        .key = change.key,
        .value = change.value,
        .erased = change.erased,
        .sealed = change.sealed,
        .stamp = {.created = change.created, .modified = revision, .version = change.version}};
    std::string opened;
    if (change.sealed && sealing_ != nullptr) {
      opened = TRY(sealing_->open(change.key, revision, change.value));
      replayed.value = opened;
      replayed.sealed = false;
    }
    into_.replay(replayed);
    return {};
  }

  // The store was opened again here. What it had shown of the revisions in between, it had lost.
  void begin_epoch(const BatchHeader& header) {
    const LogEnd& end = read_.end;
    if ((end.flags & BatchHeader::memory_flag) != 0) read_.exact_from = header.before + 1;
    if (end.reserved_until > end.last)
      read_.lost.push_back({.after = end.last, .through = end.reserved_until});
  }

  io::Disk& disk_;
  std::string folder_;
  Sealing* sealing_;
  OnDamage on_damage_;
  History& into_;
  std::vector<std::uint64_t> bases_;
  std::vector<std::uint64_t> segments_;
  FolderRead read_;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> unsynced_;  // number, and offset in its segment
  bool stepped_over_ = false;
};

}  // namespace

std::string base_name(std::uint64_t number) { return numbered(base_prefix, number); }
std::string segment_name(std::uint64_t number) { return numbered(segment_prefix, number); }

Task<FolderRead> read_folder(io::Disk& disk, std::string folder, Sealing* sealing, OnDamage on_damage,
                             History& into) {
  FolderReader reader(disk, std::move(folder), sealing, on_damage, into);
  co_return co_await reader.read();
}

}  // namespace podo::store
