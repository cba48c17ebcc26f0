// The log maker of Store: one folder of one process, everything in memory and in a log on a disk.
//
//   auto store = co_await open_log_store({.disk = disk, ...}, "/var/lib/podo/store", {});
//   ... any Store calls ...
//   co_await store->close();
//
// Life: as a Store's. One that is destroyed without close() may have a write on its way: in the same process
// its folder is opened again when its disk has come to rest.
//
// Opening reads the folder (log_reader.h), or makes it, and locks it: conflict, when another process has it
// open. Corrupt, when what was on the disk is damaged; the message says what is lost and how to go on.
#pragma once

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/store/local_store.h"
#include "base/store/segment_log.h"

namespace podo::store {

// What the store stands on; all of it outlives the store.
struct LogStoreGround {
  io::Disk& disk;
  Random& random;
  podo::Log& log;
};

struct LogStoreOptions {
  StoreOptions store;
  LogOptions log;
};

class LogStore final : public LocalStore {
 public:
  // Everything at the newest revision, in one file that is complete or not there; commits go on meanwhile.
  // `path` is on the store's disk. restore_store() (admin.h) makes a store of it.
  Task<BaseWritten> back_up(std::string path) { return log_.back_up(std::move(path)); }
  SegmentLog::Counts counts() const { return log_.counts(); }

  LogStore(io::Loop& loop, LogStoreGround ground, const LogStoreOptions& options,
           std::unique_ptr<History> history, std::unique_ptr<SegmentLog> log, SegmentLog& same_log)
      : LocalStore(loop, ground.random, options.store, std::move(history), std::move(log)), log_(same_log) {}

 private:
  SegmentLog& log_;  // the journal
};

Task<std::unique_ptr<LogStore>> open_log_store(LogStoreGround ground, std::string folder,
                                               LogStoreOptions options = {}, Sealing sealing = {});

// An empty store, or what `history` holds: a base, in a folder that has none.
Task<void> make_store_folder(io::Disk& disk, std::string folder, BaseHeader header, History& history,
                             Sealing& sealing);

}  // namespace podo::store
