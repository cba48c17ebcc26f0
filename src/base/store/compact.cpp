// How a log that has grown becomes a base and the end of itself: when, and from where on it is kept.
#include <algorithm>

#include "base/io/loop.h"
#include "base/store/segment_log.h"

namespace podo::store {

std::uint64_t SegmentLog::log_budget() const {
  return std::max(options_.log_bytes, options_.log_per_live * history_.status().bytes);
}

bool SegmentLog::compaction_is_due() const { return compaction_wanted_ || log_bytes_ >= log_budget(); }

// As many as the log may yet take before it is compacted: those of one that goes round are never filled anew.
void SegmentLog::keep_spares() {
  const std::uint64_t budget = log_budget();
  files_.keep_spares(budget - std::min(budget, log_bytes_) + options_.segment_bytes);
}

Task<void> SegmentLog::compact_when_due() {
  for (;;) {
    keep_spares();
    co_await grown_.wait();
    Start cut = choose_cut();
    const bool frees = !starts_.empty() && cut.segment > starts_.front().segment;
    if (!compaction_is_due() || !frees || cut.before.last < history_.oldest()) continue;
    compaction_wanted_ = false;
    History::Pin pin(history_, cut.before.last);
    Result<void> compacted = co_await compact_to(cut).result();
    compaction_failed_ = !compacted;
    if (!compacted) log_.error("the log could not be compacted: {}", compacted.error().message());
  }
}

// The first segment before which nothing is needed: history in memory begins before it, so that it is there
// again after an opening. When that frees too little, the current one; the next may be there, but nothing is
// in it yet. Much was erased: what remains is then half of what the log may have now, not of what it has.
SegmentLog::Start SegmentLog::choose_cut() const {
  const std::uint64_t kept = std::min(log_bytes_, log_budget()) / 2;
  std::uint64_t behind = log_bytes_;
  for (const Start& start : starts_) {
    if (start.bytes > 0 && start.before.last >= history_.oldest() && behind <= kept) return start;
    behind -= start.bytes;
  }
  const auto is_current = [this](const Start& start) { return start.segment == current_.number; };
  const auto current = std::ranges::find_if(starts_, is_current);
  return current != starts_.end() ? *current : Start{};
}

Task<void> SegmentLog::compact_to(Start cut) {
  BaseHeader header{.store = base_.store,
                    .revision = cut.before.last,
                    .segment = cut.segment,
                    .number = cut.before.number,
                    .previous = cut.before.checksum,
                    .epoch = cut.before.epoch,
                    .flags = cut.before.flags,
                    .reserved_until = cut.before.reserved_until,
                    .exact_from = exact_from_,
                    .wall_ns = cut.before.wall_ns};
  std::string name = path(base_name(base_file_ + 1));
  (void)co_await disk_.remove(name + ".new").result();  // of a compaction that failed
  BaseWritten written = co_await write_base_file(name, header);
  std::string old = path(base_name(base_file_++));
  base_ = written.header;
  counts_.base_bytes = written.bytes;
  ++counts_.compactions;
  (void)co_await disk_.remove(old).result();  // what stays is removed by the next opening
  while (starts_.front().segment < cut.segment) {
    log_bytes_ -= starts_.front().bytes;
    files_.give_back(starts_.front().segment);
    starts_.pop_front();
  }
}

// Complete under its name, or not there. The caller has pinned the revision.
Task<BaseWritten> SegmentLog::write_base_file(std::string path, BaseHeader header) {
  std::string unfinished = path + ".new";
  std::unique_ptr<io::File> file =
      co_await disk_.open(unfinished, {.create = io::OpenOptions::Create::must_be_new});
  Result<BaseWritten> written = co_await write_base(*file, header, history_, sealing_).result();
  if (!written) (void)co_await disk_.remove(unfinished).result();
  BaseWritten done = co_await std::move(written);
  co_await disk_.rename(unfinished, path);
  co_await disk_.sync_folder(io::folder_of(path));
  co_return done;
}

}  // namespace podo::store
