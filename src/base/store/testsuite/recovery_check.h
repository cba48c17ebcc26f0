// RecoveryCheck: whether what is found in a store after a crash fits the Ledger of what was asked of it.
//
//   kept     the transactions on the disk are the first ones there were, each whole; all that had to last are
//            among them, and none of the impossible
//   past     what is read at an older revision is what was there, or the revision is refused
//   watches  one that had seen everything through a revision goes on as if nothing had happened, or is
//            refused; that only when it had seen what is lost, what was in memory only, or what is compacted
#pragma once

#include "base/store/testsuite/ledger.h"

namespace podo::store {

class RecoveryCheck : public Ledger {
 public:
  struct Counts {
    std::uint64_t unanswered = 0;  // transactions found that nobody had been told of
    std::uint64_t losses = 0;      // crashes that took what had been shown
    std::uint64_t past_reads = 0;
    std::uint64_t resumed = 0;  // watches
    std::uint64_t refused = 0;
  };
  Counts counts;

  // After each opening.
  Task<void> check(Store& store, Random& random) {
    Status status = co_await store.status();
    Page found = co_await store.range(Range::prefix(""));
    co_await take_in(found.entries, status);
    for (int i = 0; i < 3; ++i) co_await check_read(store, status, some_revision(status, random));
    for (Revision at : {status.oldest, kept_, told_}) co_await check_read(store, status, at);
    for (int i = 0; i < 2; ++i) co_await check_watch(store, status, some_revision(status, random));
    for (Revision at : {status.oldest, kept_, told_, status.revision})
      co_await check_watch(store, status, at);
    begin_anew(found.entries, status);
  }

 private:
  // Between two openings: revisions that nobody will be told of again.
  struct Gap {
    Revision kept = 0;                // there until here
    std::optional<Revision> lost_at;  // the first change that had been shown and is lost
    Revision told = 0;                // shown before the crash until here
    Revision after = 0;               // where the store went on
    bool has(Revision at) const { return at > kept && at < after; }
  };

  // Which of the transactions without an answer happened, and which of the others were lost.
  Result<void> take_in(const std::vector<Entry>& found, const Status& status) {
    if (status.revision < told_)
      return internal("revisions go back: {} was told, and the store is at {}", told_, status.revision);
    kept_ = 1;
    for (const Entry& entry : found) {
      kept_ = std::max(kept_, entry.modified());
      if (entry.modified() <= acted_ || !entry.key().starts_with(marker_prefix)) continue;
      std::optional<std::uint64_t> id = number_in(entry);
      if (!id) return internal("{} is no marker", described(entry));
      counts.unanswered += known_.contains(entry.modified()) ? 0 : 1;
      TRY(know(entry.modified(), *id));
    }
    Revision lasts = std::max(lasts_, system_has_);
    if (kept_ < lasts) return internal("revision {} is lost: what is kept ends at {}", lasts, kept_);
    const auto known = known_;
    for (const auto& [revision, id] : known)
      if (revision > acted_ && revision <= kept_) TRY(act(revision, id));
    gaps_.push_back({.kept = kept_, .lost_at = {}, .told = told_, .after = status.revision});
    auto lost = logged_.upper_bound(kept_);
    if (lost != logged_.end()) gaps_.back().lost_at = *lost;
    counts.losses += gaps_.back().lost_at ? 1 : 0;
    timeline_.cut_after(kept_);
    remember_memory(status);
    TRY(no_difference(difference(timeline_.at(kept_), found)));
    return check_totals(found, status);
  }

  // A watch that saw, or would have to see, what was in memory only cannot go on.
  void remember_memory(const Status& status) {
    if (asked_in_memory_) may_miss_before_ = status.revision;
    bool alive = full_.range(Range::prefix("")).entries.size() != full_.lasting().size();
    misses_before_ = std::max(misses_before_, alive ? status.revision : newest_in_memory_);
  }

  static Result<void> check_totals(const std::vector<Entry>& found, const Status& status) {
    std::uint64_t bytes = 0;
    for (const Entry& entry : found) bytes += entry.size();
    if (status.entries == found.size() && status.bytes == bytes) return {};
    return internal("{} entries of {} bytes are counted, there are {} of {}", status.entries, status.bytes,
                    found.size(), bytes);
  }

  static Revision some_revision(const Status& status, Random& random) {
    Revision lowest = status.oldest - std::min<Revision>(status.oldest - 1, 2);
    return lowest + random.below(status.revision - lowest + 1);
  }

  bool may_be_gone(Revision at, const Status& status) const {
    return at < status.oldest ||
           std::any_of(gaps_.begin(), gaps_.end(), [&](const Gap& gap) { return gap.has(at); });
  }
  bool is_gone(Revision at, const Status& status) const {
    return at < status.oldest ||
           std::any_of(
               gaps_.begin(), gaps_.end(),
               [&](const Gap& gap) { return gap.lost_at && at >= *gap.lost_at && at <= gap.told; });
  }

  Task<void> check_read(Store& store, const Status& status, Revision at) {
    if (at == 0) co_return;
    Result<Page> page = co_await store.range(Range::prefix(""), 0, at).result();
    if (page) {
      if (is_gone(at, status)) co_await internal("revision {} is read, and was lost", at);
      std::string wrong = difference(timeline_.at(at), page->entries);
      if (!wrong.empty()) co_await internal("at revision {}: {}", at, wrong);
      ++counts.past_reads;
      co_return;
    }
    if (page.error().kind() != ErrorKind::not_found || !may_be_gone(at, status))
      co_await internal("revision {} is not read: {}", at, page.error().message());
  }

  // Of one that had seen everything through `seen`.
  Task<void> check_watch(Store& store, const Status& status, Revision seen) {
    Result<std::unique_ptr<Watch>> watch = co_await store.watch(Range::prefix(""), seen + 1).result();
    if (!watch) {
      bool may = may_be_gone(seen, status) || seen < may_miss_before_;
      if (watch.error().kind() != ErrorKind::not_found || !may)
        co_await internal("a watch that saw {} is refused: {}", seen, watch.error().message());
      ++counts.refused;
      co_return;
    }
    if (is_gone(seen, status) || seen < misses_before_)
      co_await internal("a watch that saw {} may go on, and misses what is gone", seen);
    Result<std::vector<Event>> events = co_await events_through(**watch, status.revision).result();
    if (!events && (co_await store.status()).oldest > seen) co_return;  // compacted meanwhile
    std::string wrong = difference(timeline_.events_after(seen), co_await std::move(events));
    if (!wrong.empty()) co_await internal("a watch from {} on: {}", seen + 1, wrong);
    ++counts.resumed;
  }

  void begin_anew(const std::vector<Entry>& found, const Status& status) {
    for (; decided_ < asked_.size(); ++decided_)
      if (!asked_[decided_].expected) asked_[decided_].impossible = true;
    known_.clear();
    logged_.clear();
    full_.begin_at(found, status.revision);
    opened_at_ = seen_ = acted_ = told_ = status.revision;
    lasts_ = kept_;
    system_has_ = 0;
    asked_in_memory_ = false;
  }

  Revision kept_ = 1;
  std::vector<Gap> gaps_;
  Revision may_miss_before_ = 0;
  Revision misses_before_ = 0;
  std::size_t decided_ = 0;
};

}  // namespace podo::store
