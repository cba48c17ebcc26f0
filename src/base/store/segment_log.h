// SegmentLog: the journal that is a log of segments on a disk.
//
// Writing:    one batch is one write into the current segment, with a sync if somebody waits for it. A
//             segment that is full is synced, and the next one is begun (segment_files.h).
// Flushing:   what was written without a sync is synced within LogOptions::flush_after.
// Revisions   that are shown before they are synced stay within those the log has reserved: an opening after
//             a crash goes on above them.
// Failing:    after a failed write or sync nobody knows what the file holds, whatever a later sync says: the
//             segment is left, and what was not known to be on the disk is written again into the next one.
//             When that fails too, the batch has failed, and the next one tries again.
// Compacting: when the log is some times larger than what lives in it, a new base is written beside
//             (base_file.h) and the segments before it are given back.
//
// Lives on its store's loop and owns the strands that do the last two.
#pragma once

#include "base/core/log.h"
#include "base/format/zstd.h"
#include "base/io/group.h"
#include "base/store/journal.h"
#include "base/store/log_reader.h"
#include "base/store/segment_files.h"

namespace podo::store {

struct LogOptions {
  std::uint64_t segment_bytes = 4 << 20;
  std::uint64_t log_bytes = 16 << 20;  // a log of less is not compacted
  unsigned log_per_live = 5;           // nor one that is less than so many times the bytes that live in it
  Duration flush_after = seconds(1);
  Revision reserved_at_once = 1 << 20;
  // Prefixes: only keys below them are ever written relaxed or in memory only. A crash then takes nothing of
  // all others, and their watches go on after it. Empty: any key may be.
  std::vector<std::string> not_durable = {};
  bool compress = true;                    // batches; bases always are
  std::uint64_t unsynced_bytes = 4 << 20;  // beyond it, a relaxed write waits for a sync
};

class SegmentLog final : public Journal {
 public:
  // `read` is what read_folder() returned for the folder, under `lock`.
  SegmentLog(io::Loop& loop, io::Disk& disk, podo::Log& log, std::string folder, const LogOptions& options,
             std::unique_ptr<io::Lock> lock, Sealing sealing, History& history, FolderRead read);
  Task<void> begin();  // once, before all else: what was read is on the disk, and what is not needed is gone

  void encode(std::span<const Change> changes, std::string& payload) override;
  bool may_show_unwritten(Revision revision) const override;
  Task<void> write(const Batch& batch) override;
  Task<void> flush() override;
  Task<void> close() override;
  Result<void> can_watch_from(const Range& range, Revision from) const override;
  Result<void> can_read_at(Revision at) const override;

  // A file of everything at the newest revision, complete and synced when this returns.
  Task<BaseWritten> back_up(std::string path);

  struct Counts {
    std::uint64_t base_bytes = 0;
    std::uint64_t log_bytes = 0;  // of batches after the base
    std::uint64_t batches = 0;    // written since the store was opened
    std::uint64_t compactions = 0;
  };
  Counts counts() const;

 private:
  // A batch that may not be on the disk yet.
  struct Unsynced {
    LogEnd before;
    BatchHeader header;
    std::string payload;
  };
  // Where a segment begins in the log. One without bytes was left before anything in it counted.
  struct Start {
    std::uint64_t segment = 0;
    LogEnd before;
    std::uint64_t bytes = 0;
  };
  class Turn;
  // Compresses payloads while that pays: what turned out larger than nine tenths is not tried for a while.
  class Packer {
   public:
    bool pack(std::string& payload);  // false: it stays as it is

   private:
    zstd::Compressor compressor_{1};
    unsigned pause_ = 0;
  };

  void sort_in(const SegmentRead& segment);
  static Failure as_told(const Error& error);  // to those who wait for the log
  static LogEnd after(const BatchHeader& header, const LogEnd& end, std::uint64_t size);
  bool needs_sync(const Batch& batch) const;
  BatchHeader header_of(const Batch& batch, bool sync) const;
  Task<void> append(BatchHeader header, std::string payload, bool sync);
  Task<void> put(BatchHeader header, const std::string& payload, bool sync);
  Task<bool> sync_current();
  Task<void> move_on();
  Task<void> write_again(const Segment& next, std::deque<Unsynced>& batches, LogEnd& end);
  Task<void> sync_unsynced();
  Task<void> asked_to_flush();
  Task<void> flush_later();
  Task<void> must_be_free(std::string path);

  Task<void> compact_when_due();
  std::uint64_t log_budget() const;
  void keep_spares();
  bool compaction_is_due() const;
  Start choose_cut() const;
  Task<void> compact_to(Start cut);
  Task<BaseWritten> write_base_file(std::string path, BaseHeader header);
  std::string path(std::string_view name) const { return text("{}/{}", folder_, name); }

  io::Loop& loop_;
  io::Disk& disk_;
  podo::Log& log_;
  std::string folder_;
  LogOptions options_;
  std::unique_ptr<io::Lock> lock_;
  Sealing sealing_;
  History& history_;
  SegmentFiles files_;
  BaseHeader base_;
  std::uint64_t base_file_;
  std::vector<std::string> leftovers_;
  std::vector<LostRevisions> lost_;
  Revision exact_from_;

  Segment current_;  // no file: the next batch begins one
  LogEnd end_;       // of what was written
  std::uint64_t unsynced_from_;
  Packer packer_;
  std::deque<Start> starts_;  // of the segments after the base
  std::uint64_t log_bytes_ = 0;
  std::deque<Unsynced> unsynced_;
  std::uint64_t unsynced_bytes_ = 0;
  std::uint64_t synced_through_ = 0;  // a batch number
  std::uint32_t epoch_;
  Revision opened_at_ = 0;
  Revision reserved_ = 0;  // up to here a revision may be shown before it is on the disk
  bool memory_announced_ = false;
  bool compaction_wanted_ = false;  // there is no room for the next segment
  bool compaction_failed_ = false;  // since a segment was begun
  bool flush_asked_ = false;
  std::uint64_t flushes_ = 0;
  std::optional<Error> flush_error_;  // of the last one
  bool broken_ = false;               // the current segment has failed
  Counts counts_;

  bool writing_ = false;  // one writer at a time, and
  bool syncing_ = false;  // one sync: a failure is told to one of several, and concerns them all
  io::Condition turn_{"its turn at the log"};
  io::Condition dirty_{"something to flush"};
  io::Condition flushed_{"a flush"};
  io::Condition grown_{"the log to grow"};
  io::TaskGroup group_;  // last: its strands use all of the above
};

}  // namespace podo::store
