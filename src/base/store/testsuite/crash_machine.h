// CrashMachine: a simulated machine with one store, which lives through openings and crashes while several
// strands write, flush, compact and hold leases. All of it is drawn from two seeds: what happens, and what
// crashes leave. Small segments, so that in a short life the log moves on, goes round and is compacted.
#pragma once

#include "base/io/combine.h"
#include "base/store/log_store.h"
#include "base/store/testsuite/crash_writer.h"
#include "base/store/testsuite/disk_spoiler.h"

namespace podo::store {

enum class LifeEnd : std::uint8_t { power_cut, process_death, clean_close, close_under_load };

class CrashMachine {
 public:
  CrashMachine(std::uint64_t seed, std::uint64_t crash_seed, bool has_faults = false)
      : random(seed),
        loop(seed),
        disk(loop, {.sector_bytes = random.below(3) == 0 ? 4096u : 512u, .fates_seed = crash_seed}),
        has_faults_(has_faults),
        store_random_(seed + 1),
        spoiler_(disk, random) {
    const std::uint64_t segment = std::uint64_t{8192} << random.below(2);
    options_.store.history_bytes = random.below(3) == 0 ? 8 * segment : 8 << 20;
    options_.log = {.segment_bytes = segment,
                    .log_bytes = segment * (1 + random.below(3)),
                    .log_per_live = static_cast<unsigned>(random.below(3)),
                    .flush_after = milliseconds(static_cast<std::int64_t>(1 + random.below(20))),
                    .reserved_at_once = 1 + random.below(50),
                    .compress = seed % 2 == 0,
                    .unsynced_bytes = segment / (1 + random.below(4))};
    WorkloadOptions& workload = writers_.workload;
    workload.keys = 6;
    workload.large_bytes = random.below(4) == 0 ? segment + segment / 4 : segment / 2;
    workload.relaxed_percent = static_cast<unsigned>(random.below(80));
    constexpr unsigned memory_percents[] = {0, 0, 10, 50};
    workload.memory_percent = memory_percents[random.below(4)];
    writers_.leases = workload.memory_percent > 0 && random.below(2) == 0;
    writers_.equal_sizes = random.below(5) == 0;
    if (writers_.equal_sizes) workload.relaxed_percent = 85;
    strands_ = static_cast<int>(1 + random.below(5));
  }

  // One opening, judged, and what follows until the end. The power may go at any point of it, if the disk was
  // told so; afterwards it is back.
  Task<void> live(LifeEnd end, int calls) {
    co_await open();
    bool closed = co_await write_some(end, calls);
    compactions += store_->counts().compactions;
    bool has_power = disk.powered();
    store_.reset();
    if (closed) ledger.lasts_through(ledger.told());
    if (has_power && end == LifeEnd::process_death) ledger.process_died();
    bool crashes_too = closed && random.below(2) == 0;
    if (!has_power || end == LifeEnd::power_cut || crashes_too) crash();
  }

  SeededRandom random;
  io::SimulatedLoop loop;
  io::SimulatedDisk disk;
  RecoveryCheck ledger;
  std::uint64_t crashes = 0;
  std::uint64_t compactions = 0;

 private:
  void crash() {
    disk.crash();
    ledger.power_went();
    ++crashes;
  }

  Task<void> open() {
    if (has_faults_ && random.below(3) == 0) spoiler_.spoil();
    while (store_ == nullptr) {
      LogStoreGround ground{.disk = disk, .random = store_random_, .log = log_};
      Result<std::unique_ptr<LogStore>> opened = co_await open_log_store(ground, "/store", options_).result();
      if (opened) store_ = *std::move(opened);
      else if (!disk.powered()) crash();
      else if (!has_faults_ || opened.error().kind() == ErrorKind::corrupt)
        co_await Failure(std::move(opened).error());
      else spoiler_.repair();
    }
    spoiler_.repair();
    co_await ledger.check(*store_, random);
  }

  // True: it was closed well.
  Task<bool> write_some(LifeEnd end, int calls) {
    auto watch = co_await store_->watch(Range::prefix(""), ledger.opened_at() + 1);
    io::TaskGroup followers(loop), writers(loop);
    followers.spawn(follow(*watch), "follow");
    for (int strand = 0; strand < strands_; ++strand)
      writers.spawn(write(strand, random.next(), calls / strands_ + 1), text("write {}", strand));
    if (has_faults_) writers.spawn(spoiler_.run(4), "spoil");
    if (end == LifeEnd::power_cut || end == LifeEnd::clean_close) co_await writers.join();
    else co_await io::sleep(microseconds(static_cast<std::int64_t>(random.below(50'000))));
    if (end == LifeEnd::close_under_load) {
      Result<void> closed = co_await store_->close().result();
      co_await writers.join();
      co_return closed.has_value();
    }
    if (has_faults_ && end != LifeEnd::process_death) co_await write_on();
    followers.cancel();
    co_await followers.join();
    while (ledger.seen() < (co_await store_->status()).revision) co_await ledger.see(co_await watch->next());
    if (end != LifeEnd::clean_close) co_return false;
    co_return (co_await store_->close().result()).has_value();
  }

  Task<void> follow(Watch& watch) {
    for (;;) {
      Result<Events> events = co_await watch.next().result();
      if (!events && events.error().kind() == ErrorKind::cancelled) co_return;
      co_await ledger.see(co_await std::move(events));
    }
  }

  Task<void> write(int strand, std::uint64_t seed, int calls) {
    CrashWriter writer(*store_, disk, ledger, strand, seed, writers_);
    co_await writer.run(calls);
  }

  // With a sound disk the store is as good as ever.
  Task<void> write_on() {
    spoiler_.repair();
    CrashWriter writer(*store_, disk, ledger, strands_, random.next(), writers_);
    bool goes_on = co_await writer.commit({}) || co_await writer.commit({});
    if (!goes_on && disk.powered()) co_await internal("the disk is sound, and the store writes no more");
  }

  bool has_faults_;
  SeededRandom store_random_;
  DiskSpoiler spoiler_;
  SilentLog log_;
  LogStoreOptions options_;
  CrashWriter::Options writers_;
  int strands_ = 1;
  std::unique_ptr<LogStore> store_;
};

}  // namespace podo::store
