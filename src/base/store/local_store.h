// LocalStore: the Store that holds everything in the memory of one process. What makes it last, or does not,
// is its Journal: none for the memory maker, the log for the log maker.
//
// The path of a change: commit() checks it -> History::stage() evaluates it at the tip -> it joins the open
// batch -> the committing strand writes the batch through the journal -> History::show() -> watchers wake,
// and everyone in the batch has an answer. While one batch is on its way to the disk the next one fills: the
// more writers wait, the more share one sync.
//
// Lives on one loop; owns the strands that commit and that end leases.
#pragma once

#include <deque>

#include "base/core/random.h"
#include "base/io/condition.h"
#include "base/io/group.h"
#include "base/store/history.h"
#include "base/store/journal.h"
#include "base/store/leases.h"
#include "base/store/watchers.h"

namespace podo::store {

struct StoreOptions {
  Limits limits;
  std::uint64_t history_bytes = 8 << 20;  // of memory, for what only the past needs
};

class LocalStore : public Store {
 public:
  LocalStore(io::Loop& loop, Random& random, const StoreOptions& options, std::unique_ptr<History> history,
             std::unique_ptr<Journal> journal);
  ~LocalStore() override;

  Task<std::optional<Entry>> find(std::string key, Revision at) override;
  Task<Page> range(Range range, std::size_t limit, Revision at) override;
  Task<std::uint64_t> count(Range range, Revision at) override;
  Task<Outcome> commit(Transaction transaction) override;
  Task<std::unique_ptr<Watch>> watch(Range range, Revision from) override;
  Task<void> compact(Revision oldest) override;
  Task<Status> status() override;
  Task<LeaseId> grant(Duration time_to_live, LeaseId id) override;
  Task<Lease> keep_alive(LeaseId id) override;
  Task<Lease> lease(LeaseId id) override;
  Task<void> revoke(LeaseId id) override;
  Task<void> flush() override;
  Task<void> close() override;

 protected:
  History& history() { return *history_; }

 private:
  struct Round;  // a batch, and who waits for it
  struct Joined {
    Outcome outcome;
    std::shared_ptr<Round> round;  // that makes it true; null when it is
  };
  class Alarm;

  Result<void> usable() const;
  Result<void> readable(Revision at) const;
  Result<void> leases_exist(const Transaction& transaction) const;
  Result<Joined> join(Transaction transaction, const Limits& limits);
  Task<void> finish(std::shared_ptr<Round> round);
  Batch& filling_batch();
  void show(Revision revision);
  void end_round(std::unique_ptr<Error> error);
  void give_up(const Error& error);
  void follow_leases(std::span<const Change> changes);
  Task<void> commit_rounds();
  Task<void> end_leases();
  Task<void> erase_keys_of(LeaseId id);

  io::Loop& loop_;
  Random& random_;
  Limits limits_;
  std::unique_ptr<History> history_;
  std::unique_ptr<Journal> journal_;
  LeaseTable leases_;
  Watchers watchers_;
  std::deque<std::shared_ptr<Round>> rounds_;  // the last one fills, the first is on its way to the disk if
  bool writing_ = false;                       // this says so
  io::Condition work_{"something to commit"};
  io::Condition idle_{"the last commit"};
  io::Condition leases_changed_{"a lease"};
  bool closed_ = false;
  io::TaskGroup group_;  // last: its strands use all of the above
};

}  // namespace podo::store
