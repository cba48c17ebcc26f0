#include "base/store/segment_log.h"

#include <algorithm>

#include "base/core/ensure.h"
#include "base/io/combine.h"
#include "base/io/loop.h"
#include "base/io/wait.h"

namespace podo::store {

// Holds `flag` up while it lives.
class SegmentLog::Turn {
 public:
  Turn(bool& flag, io::Condition& condition) : flag_(flag), condition_(condition) { flag_ = true; }
  Turn(const Turn&) = delete;
  ~Turn() {
    flag_ = false;
    condition_.notify_all();
  }

 private:
  bool& flag_;
  io::Condition& condition_;
};

SegmentLog::SegmentLog(io::Loop& loop, io::Disk& disk, podo::Log& log, std::string folder,
                       const LogOptions& options, std::unique_ptr<io::Lock> lock, Sealing sealing,
                       History& history, FolderRead read)
    : loop_(loop),
      disk_(disk),
      log_(log),
      folder_(std::move(folder)),
      options_(options),
      lock_(std::move(lock)),
      sealing_(std::move(sealing)),
      history_(history),
      files_(disk, folder_, read.base.store, options.segment_bytes),
      base_(read.base),
      base_file_(read.base_file),
      leftovers_(std::move(read.leftovers)),
      lost_(std::move(read.lost)),
      exact_from_(read.exact_from),
      end_(read.end),
      unsynced_from_(read.unsynced_from),
      synced_through_(read.end.number),
      epoch_(read.end.epoch + 1),
      group_(loop) {
  bool had_memory = (end_.flags & BatchHeader::memory_flag) != 0;
  if (end_.reserved_until > end_.last) lost_.push_back({.after = end_.last, .through = end_.reserved_until});
  if (end_.reserved_until > end_.last || had_memory) history_.skip_to(end_.reserved_until + 1);
  if (had_memory) exact_from_ = history_.shown() + 1;
  opened_at_ = reserved_ = history_.shown();
  if (read.torn_bytes > 0)
    log_.info(
        "{}: a write that was cut off by a crash, of {} bytes, was dropped; nobody was told it would last",
        path(segment_name(end_.segment)), read.torn_bytes);
  files_.number_from(base_.segment);
  for (std::uint64_t spare : read.spares) files_.give_back(spare);
  for (const SegmentRead& segment : read.segments) sort_in(segment);
  counts_.base_bytes = read.base_bytes;
}

void SegmentLog::sort_in(const SegmentRead& segment) {
  files_.number_from(segment.segment + 1);
  bool whole = segment.file_bytes == options_.segment_bytes;
  if (segment.used_bytes > 0 || segment.segment < end_.segment) {
    starts_.push_back({.segment = segment.segment, .before = segment.start, .bytes = segment.used_bytes});
    log_bytes_ += segment.used_bytes;
    current_ = {.number = segment.segment, .file = nullptr, .bytes = segment.file_bytes};
  } else if (whole) {  // under its number, a batch that was cut off in it could become whole again
    files_.give_back(segment.segment);
  } else {
    leftovers_.push_back(segment_name(segment.segment));
  }
}

Task<void> SegmentLog::begin() {
  co_await disk_.sync_folder(folder_);  // what was renamed just before a crash
  for (const std::string& name : std::exchange(leftovers_, {})) {
    Result<void> removed = co_await disk_.remove(path(name)).result();
    if (!removed && removed.error().kind() != ErrorKind::not_found) co_await std::move(removed);
  }
  if (current_.number != 0) {
    current_.file = co_await disk_.open(path(segment_name(current_.number)));
    // What was read may so far be in memory only, and after a sync that failed the next one does not help. Of
    // a batch that was cut off the begin may be there, and would be whole again with the end of another one.
    std::string tail = co_await current_.file->read_at(unsynced_from_, end_.offset - unsynced_from_);
    std::uint64_t behind = current_.bytes - std::min(current_.bytes, end_.offset);
    tail.append(std::min<std::uint64_t>(BatchHeader::size, behind), '\0');
    co_await current_.file->write_at(unsynced_from_, std::move(tail));
    co_await current_.file->sync();
  }
  keep_spares();
  group_.spawn(files_.run(), "prepare segments");
  group_.spawn(flush_later(), "flush the log");
  group_.spawn(compact_when_due(), "compact the log");
}

// --- what is asked before it is written -------------------------------------------------------------------

void SegmentLog::encode(std::span<const Change> changes, std::string& payload) {
  std::vector<LoggedChange> logged;
  std::deque<std::string> sealed;
  for (const Change& change : changes) {
    const Entry::Block& block = *change.entry.block();
    bool was_logged = change.previous && !change.previous.block()->in_memory_only;
    bool erases = change.entry.erased();
    if ((erases || block.in_memory_only) && !was_logged) continue;
    LoggedChange record;
    record.erased = erases || block.in_memory_only;
    record.key = change.entry.key();
    if (!record.erased) {
      record.value = change.entry.value();
      record.stamped = change.previous && !was_logged;
      record.created = change.entry.created();
      record.version = change.entry.version();
      record.sealed = sealing_.covers(record.key);
      if (record.sealed)
        record.value = sealed.emplace_back(sealing_.seal(record.key, change.entry.modified(), record.value));
    }
    logged.push_back(record);
  }
  if (logged.empty()) return;
  put_varint(payload, changes.front().entry.modified());
  put_varint(payload, logged.size());
  for (const LoggedChange& record : logged) store::encode(record, payload);
}

bool SegmentLog::may_show_unwritten(Revision revision) const {
  return memory_announced_ && revision <= reserved_ && !broken_;  // broken: a batch of it may be on the disk
}

Result<void> SegmentLog::can_read_at(Revision at) const {
  for (const LostRevisions& lost : lost_)
    if (at > lost.after && at <= lost.through)
      return not_found("revision {} was lost in a crash: the last before it that is kept is {}", at,
                       lost.after);
  return {};
}

Result<void> SegmentLog::can_watch_from(const Range& range, Revision from) const {
  const auto meets = [&range](const std::string& prefix) { return range.meets(Range::prefix(prefix)); };
  const std::vector<std::string>& losable = options_.not_durable;
  if (!losable.empty() && std::ranges::none_of(losable, meets)) return {};
  TRY(can_read_at(from - 1));
  if (from >= exact_from_) return {};
  return not_found(
      "a watch from {} would miss what was in memory only when the store was closed: it may begin at {}",
      from, exact_from_);
}

// --- writing ----------------------------------------------------------------------------------------------

bool SegmentLog::needs_sync(const Batch& batch) const {
  return batch.durable || broken_ || batch.last > reserved_ || (batch.in_memory && !memory_announced_) ||
         unsynced_bytes_ + batch.payload.size() > options_.unsynced_bytes;
}

BatchHeader SegmentLog::header_of(const Batch& batch, bool sync) const {
  bool announces = batch.in_memory && !memory_announced_;
  bool reserves = sync && !batch.durable && (batch.last > reserved_ || announces);
  BatchHeader header;
  header.flags = memory_announced_ || batch.in_memory ? BatchHeader::memory_flag : 0u;
  header.number = end_.number + 1;
  header.epoch = epoch_;
  header.before = end_.epoch == epoch_ ? end_.last : opened_at_;
  header.last = batch.last;
  header.reserved_until = std::max(reserved_, batch.last) + (reserves ? options_.reserved_at_once : 0);
  header.wall_ns = loop_.clock().wall().ns;
  return header;
}

Task<void> SegmentLog::write(const Batch& batch) {
  while (writing_) co_await turn_.wait();
  Turn writing(writing_, turn_);
  bool sync = needs_sync(batch);
  if (!sync && batch.payload.empty()) co_return;  // only in memory, and within what is reserved
  BatchHeader header = header_of(batch, sync);
  std::string payload = batch.payload;
  header.raw_size = static_cast<std::uint32_t>(payload.size());
  if (options_.compress && packer_.pack(payload)) header.flags |= BatchHeader::packed_flag;
  Result<void> written = co_await append(header, std::move(payload), sync).result();
  if (!written) co_await as_told(written.error());
}

Failure SegmentLog::as_told(const Error& error) {
  bool is_told_so = error.kind() == ErrorKind::exhausted || error.kind() == ErrorKind::cancelled;
  return fail(is_told_so ? error.kind() : ErrorKind::unavailable,
              text("the store cannot write: {}", error.message()), error.system_errno());
}

bool SegmentLog::Packer::pack(std::string& payload) {
  constexpr std::size_t worthwhile = 512;  // of less, there is nothing to gain
  constexpr unsigned pause = 64;
  if (payload.size() < worthwhile || pause_ > 0) {
    pause_ -= pause_ > 0 ? 1 : 0;
    return false;
  }
  std::string frame = compressor_.compress(payload);
  if (frame.size() > payload.size() / 10 * 9) {
    pause_ = pause;
    return false;
  }
  payload = std::move(frame);
  return true;
}

// One write; after one that failed another, into the next segment. When that fails for want of room, the
// first may still be there.
Task<void> SegmentLog::append(BatchHeader header, std::string payload, bool sync) {
  Result<void> written = co_await put(header, payload, sync).result();
  if (written) co_return;
  if (written.error().kind() != ErrorKind::unavailable) co_await std::move(written);
  log_.warn("{}: {}; the log goes on in the next segment", path(segment_name(current_.number)),
            written.error().message());
  written = co_await put(header, payload, sync).result();
  if (written) co_return;
  co_await fail(ErrorKind::unavailable, written.error().message(), written.error().system_errno());
}

// Unavailable: it may be in the segment that was left. Any other error: it is not. After a failure it is
// synced: only then does it stand for sure in place of the batch of its number that failed.
Task<void> SegmentLog::put(BatchHeader header, const std::string& payload, bool sync) {
  const std::uint64_t size = encoded_size(payload.size());
  std::optional<Turn> syncing;
  for (;;) {
    while (sync && syncing_) co_await turn_.wait();
    bool fits = end_.offset + size <= current_.bytes || end_.offset == SegmentHeader::size;
    if (current_.file != nullptr && !broken_ && fits) break;
    sync = sync || broken_;
    co_await move_on();
  }
  if (sync) syncing.emplace(syncing_, turn_);
  header.previous = end_.checksum;
  header.synced_through = synced_through_;
  std::string bytes = encode_batch(header, payload,
                                   {.store = base_.store, .segment = current_.number, .offset = end_.offset});
  io::File& file = *current_.file;
  Result<void> written = co_await (sync ? file.write_at_and_sync(end_.offset, std::move(bytes))
                                        : file.write_at(end_.offset, std::move(bytes)))
                             .result();
  if (!written) {
    broken_ = true;  // while it is this one's turn: the sync of another would succeed
    co_await fail(ErrorKind::unavailable, written.error().message(), written.error().system_errno());
  }
  if (!sync) {
    unsynced_.push_back({.before = end_, .header = header, .payload = payload});
    unsynced_bytes_ += size;
    dirty_.notify_one();
  } else {
    unsynced_.clear();
    unsynced_bytes_ = 0;
    synced_through_ = header.number;
    reserved_ = header.reserved_until;
    memory_announced_ = (header.flags & BatchHeader::memory_flag) != 0;
  }
  end_ = after(header, end_, size);
  starts_.back().bytes += size;
  log_bytes_ += size;
  keep_spares();
  if (log_bytes_ >= log_budget() && !compaction_failed_) grown_.notify_one();  // also when less lives now
  ++counts_.batches;
}

LogEnd SegmentLog::after(const BatchHeader& header, const LogEnd& end, std::uint64_t size) {
  return {.segment = end.segment,
          .offset = end.offset + size,
          .number = header.number,
          .checksum = header.checksum,
          .epoch = header.epoch,
          .flags = header.flags,
          .last = header.last,
          .reserved_until = header.reserved_until,
          .wall_ns = header.wall_ns};
}

// The next segment becomes the current one. A later segment proves that everything before it is on the disk:
// so the one that is left is synced, or what it may have lost is written again.
Task<void> SegmentLog::move_on() {
  co_await sync_current();
  Result<Segment> taken = co_await files_.take().result();
  bool full = !taken && taken.error().kind() == ErrorKind::exhausted;
  compaction_wanted_ = full && !compaction_failed_;  // it may give segments back
  if (compaction_wanted_) grown_.notify_one();
  Segment next = co_await std::move(taken);
  std::deque<Unsynced> again = unsynced_;
  LogEnd end = again.empty() ? end_ : again.front().before;
  end.segment = next.number;
  end.offset = SegmentHeader::size;
  starts_.push_back({.segment = next.number, .before = end, .bytes = 0});
  if (!again.empty()) co_await write_again(next, again, end);
  current_ = std::move(next);
  end_ = end;
  starts_.back().bytes = end.offset - SegmentHeader::size;
  log_bytes_ += starts_.back().bytes;
  synced_through_ = end.number;
  unsynced_.clear();
  unsynced_bytes_ = 0;
  broken_ = false;
  compaction_failed_ = false;
  grown_.notify_one();
}

// The first batch comes last: when it stands there, those of the segment that was left are void.
Task<void> SegmentLog::write_again(const Segment& next, std::deque<Unsynced>& batches, LogEnd& end) {
  const std::uint64_t synced_through = end.number;
  std::string first, others;
  for (Unsynced& batch : batches) {
    batch.header.previous = end.checksum;
    batch.header.synced_through = synced_through;
    std::string bytes = encode_batch(batch.header, batch.payload,
                                     {.store = base_.store, .segment = next.number, .offset = end.offset});
    end = after(batch.header, end, bytes.size());
    if (first.empty()) first = std::move(bytes);
    else others += bytes;
  }
  if (!others.empty()) co_await next.file->write_at(SegmentHeader::size + first.size(), std::move(others));
  co_await next.file->write_at(SegmentHeader::size, std::move(first));
  co_await next.file->sync();
}

// --- flushing ---------------------------------------------------------------------------------------------

// Writers go on meanwhile, as long as they need no sync themselves. False: the segment has failed.
Task<bool> SegmentLog::sync_current() {
  while (syncing_) co_await turn_.wait();
  if (broken_ || unsynced_.empty()) co_return !broken_;
  Turn syncing(syncing_, turn_);
  std::uint64_t through = end_.number;
  Result<void> synced = co_await current_.file->sync().result();
  if (!synced) {
    broken_ = true;
    if (synced.error().kind() == ErrorKind::cancelled) co_return Failure(std::move(synced).error());
    log_.warn("{}: {}; the log goes on in the next segment", path(segment_name(current_.number)),
              synced.error().message());
    co_return false;
  }
  synced_through_ = std::max(synced_through_, through);
  while (!unsynced_.empty() && unsynced_.front().header.number <= through) {
    unsynced_bytes_ -= encoded_size(unsynced_.front().payload.size());
    unsynced_.pop_front();
  }
  co_return true;
}

Task<void> SegmentLog::sync_unsynced() {
  if (co_await sync_current()) co_return;
  while (writing_) co_await turn_.wait();
  Turn writing(writing_, turn_);
  if (broken_ && !unsynced_.empty()) co_await move_on();
}

Task<void> SegmentLog::asked_to_flush() {
  while (!flush_asked_) co_await dirty_.wait();
}

Task<void> SegmentLog::flush_later() {
  for (;;) {
    while (unsynced_.empty()) co_await dirty_.wait();
    (void)co_await io::deadline(asked_to_flush(), options_.flush_after).result();
    flush_asked_ = false;
    Result<void> flushed = co_await sync_unsynced().result();
    if (!flushed) log_.error("the store cannot flush its log and tries again: {}", flushed.error().message());
    flush_error_.reset();
    if (!flushed) flush_error_ = std::move(flushed).error();
    ++flushes_;
    flushed_.notify_all();
  }
}

// The strand above does it: whoever asks may be cancelled, a write to a segment may not.
Task<void> SegmentLog::flush() {
  const std::uint64_t through = end_.number;
  while (!unsynced_.empty() && unsynced_.front().header.number <= through) {
    flush_asked_ = true;
    dirty_.notify_all();
    for (std::uint64_t before = flushes_; flushes_ == before;) co_await flushed_.wait();
    if (flush_error_) co_await as_told(*flush_error_);
  }
}

// The last batch of a clean end says that nothing beyond it was shown.
Task<void> SegmentLog::close() {
  co_await flush();
  while (writing_ || syncing_) co_await turn_.wait();
  Turn writing(writing_, turn_);
  Revision shown = history_.shown();
  if (end_.epoch == epoch_ && (reserved_ > shown || shown > end_.last)) {
    BatchHeader header = header_of({.last = shown, .payload = {}, .durable = true}, true);
    header.reserved_until = shown;
    Result<void> ended = co_await append(header, {}, true).result();
    if (!ended) co_await as_told(ended.error());
  }
  group_.cancel();
}

// --- backing up --------------------------------------------------------------------------------------------

Task<void> SegmentLog::must_be_free(std::string path) {
  if (path.starts_with(folder_ + "/")) co_await invalid("{} is in the store's own folder", path);
  Result<std::unique_ptr<io::File>> there = co_await disk_.open(path).result();
  if (there) co_await already_exists("{} is there already", path);
  if (there.error().kind() != ErrorKind::not_found) co_await Failure(std::move(there).error());
}

Task<BaseWritten> SegmentLog::back_up(std::string path) {
  co_await must_be_free(path);
  History::Pin pin(history_, history_.shown());
  BaseHeader header{.store = base_.store,
                    .revision = history_.shown(),
                    .segment = 0,
                    .number = 0,
                    .previous = 0,
                    .epoch = 0,
                    .flags = 0,
                    .reserved_until = history_.shown(),
                    .exact_from = history_.shown() + 1,
                    .wall_ns = loop_.clock().wall().ns};
  co_return co_await write_base_file(std::move(path), header);
}

SegmentLog::Counts SegmentLog::counts() const {
  Counts counts = counts_;
  counts.log_bytes = log_bytes_;
  return counts;
}

}  // namespace podo::store
