#include "base/store/local_store.h"

#include <algorithm>

#include "base/core/ensure.h"
#include "base/io/wait.h"

namespace podo::store {
namespace {

constexpr std::size_t round_bytes = 1 << 20;  // beyond it the next round begins: one write stays short

}  // namespace

struct LocalStore::Round {
  Batch batch;
  bool done = false;
  std::unique_ptr<Error> error;
  io::Condition ended{"a commit"};
};

// Wakes the strand that ends leases.
class LocalStore::Alarm final : public io::Timer {
 public:
  explicit Alarm(io::Condition& rings) : rings_(rings) {}
  using Timer::cancel;
  using Timer::set;

 private:
  void fired() override { rings_.notify_one(); }
  io::Condition& rings_;
};

LocalStore::LocalStore(io::Loop& loop, Random& random, const StoreOptions& options,
                       std::unique_ptr<History> history, std::unique_ptr<Journal> journal)
    : loop_(loop),
      random_(random),
      limits_(options.limits),
      history_(std::move(history)),
      journal_(std::move(journal)),
      watchers_(loop, *history_),
      group_(loop) {
  group_.spawn(end_leases(), "end leases");
  if (journal_ != nullptr) group_.spawn(commit_rounds(), "commit");
}

LocalStore::~LocalStore() = default;

Result<void> LocalStore::usable() const {
  if (closed_) return cancelled("the store was closed");
  return {};
}

Result<void> LocalStore::readable(Revision at) const {
  TRY(usable());
  if (at != 0 && journal_ != nullptr) TRY(journal_->can_read_at(at));
  return {};
}

// --- reading ----------------------------------------------------------------------------------------------

Task<std::optional<Entry>> LocalStore::find(std::string key, Revision at) {
  co_await readable(at);
  Entry entry = co_await history_->find(key, at);
  if (!entry) co_return std::nullopt;
  co_return entry;
}

Task<Page> LocalStore::range(Range range, std::size_t limit, Revision at) {
  co_await readable(at);
  co_return co_await history_->range(range, limit, at);
}

Task<std::uint64_t> LocalStore::count(Range range, Revision at) {
  co_await readable(at);
  co_return co_await history_->count(range, at);
}

Task<Status> LocalStore::status() {
  co_await usable();
  co_return history_->status();
}

Task<std::unique_ptr<Watch>> LocalStore::watch(Range range, Revision from) {
  co_await usable();
  Revision shown = history_->shown();
  if (from == 0) from = shown + 1;
  if (from > shown + 1) co_return invalid("revision {} is in the future: the store is at {}", from, shown);
  if (from <= history_->oldest())
    co_return not_found("revision {} is compacted: a watch may begin at {}", from, history_->oldest() + 1);
  if (journal_ != nullptr) co_await journal_->can_watch_from(range, from);
  co_return watchers_.open(std::move(range), from);
}

Task<void> LocalStore::compact(Revision oldest) {
  co_await usable();
  co_await history_->compact(oldest);
}

// --- committing -------------------------------------------------------------------------------------------

Task<Outcome> LocalStore::commit(Transaction transaction) {
  co_await io::checkpoint();
  co_await usable();
  co_await check(transaction, limits_);
  co_await leases_exist(transaction);
  Joined joined = co_await join(std::move(transaction), limits_);
  if (joined.round != nullptr) co_await finish(std::move(joined.round));
  co_return std::move(joined.outcome);
}

Result<void> LocalStore::leases_exist(const Transaction& transaction) const {
  for (const auto* operations : {&transaction.then, &transaction.otherwise})
    for (const Operation& operation : *operations)
      if (operation.lease != 0 && !leases_.has(operation.lease))
        return not_found("there is no lease {}", operation.lease);
  return {};
}

// Stages a transaction and puts it into a batch, in one step: no other may come between, for batches hold
// transactions in the order of their revisions. An answer that changes nothing may rest on changes that are
// not on the disk yet: it waits for those. No round: there is nothing to wait for.
Result<LocalStore::Joined> LocalStore::join(Transaction transaction, const Limits& limits) {
  Durability durability = transaction.durability;
  Staged staged = TRY(history_->stage(std::move(transaction), limits));
  follow_leases(staged.changes);
  Joined joined{.outcome = std::move(staged.outcome), .round = nullptr};
  Revision tip = history_->tip();
  if (journal_ == nullptr) {
    show(tip);
    return joined;
  }
  if (!staged.changes.empty()) {
    std::string payload;
    journal_->encode(staged.changes, payload);
    if (payload.empty() && rounds_.empty() && journal_->may_show_unwritten(tip)) {
      show(tip);
      return joined;
    }
    Batch& batch = filling_batch();
    ENSURE(tip > batch.last);
    batch.last = tip;
    batch.payload += payload;
    batch.durable |= durability == Durability::durable && !payload.empty();
    batch.in_memory |= std::any_of(staged.changes.begin(), staged.changes.end(),
                                   [](const Change& change) { return change.entry.block()->in_memory_only; });
    work_.notify_one();
  }
  if (!rounds_.empty()) joined.round = rounds_.back();
  return joined;
}

Batch& LocalStore::filling_batch() {
  bool taken = rounds_.empty() || (writing_ && rounds_.size() == 1);
  if (taken || rounds_.back()->batch.payload.size() > round_bytes)
    rounds_.push_back(std::make_shared<Round>());
  return rounds_.back()->batch;
}

Task<void> LocalStore::finish(std::shared_ptr<Round> round) {
  while (!round->done) co_await round->ended.wait();
  if (round->error != nullptr) co_await Failure(Error(*round->error));
}

Task<void> LocalStore::commit_rounds() {
  for (;;) {
    while (rounds_.empty()) co_await work_.wait();
    writing_ = true;
    Result<void> written = co_await journal_->write(rounds_.front()->batch).result();
    writing_ = false;
    if (!written) {
      give_up(written.error());
    } else {
      show(rounds_.front()->batch.last);
      end_round({});
    }
    if (rounds_.empty()) idle_.notify_all();
  }
}

void LocalStore::end_round(std::unique_ptr<Error> error) {
  std::shared_ptr<Round> round = std::move(rounds_.front());
  rounds_.pop_front();
  round->done = true;
  round->error = std::move(error);
  round->ended.notify_all();
}

void LocalStore::show(Revision revision) {
  std::uint64_t first_event = history_->end_of_events();
  history_->show(revision);
  watchers_.shown(first_event);
}

// Nothing of the round that failed has happened, nor of those that were staged on top of it.
void LocalStore::give_up(const Error& error) {
  history_->roll_back();
  leases_.detach_all();
  Result<Page> all = history_->range(Range::prefix(""), 0, 0);
  for (const Entry& entry : all->entries)
    if (entry.lease() != 0) leases_.attach(entry.lease(), entry.key());
  while (!rounds_.empty()) end_round(std::make_unique<Error>(error));
}

Task<void> LocalStore::flush() {
  co_await usable();
  if (journal_ == nullptr) co_return;
  if (!rounds_.empty()) co_await finish(rounds_.back());
  co_await journal_->flush();
}

Task<void> LocalStore::close() {
  co_await usable();
  closed_ = true;
  leases_changed_.notify_one();
  watchers_.close();
  if (journal_ == nullptr) co_return;
  while (!rounds_.empty()) co_await idle_.wait();
  co_await journal_->close();
}

// --- leases -----------------------------------------------------------------------------------------------

Task<LeaseId> LocalStore::grant(Duration time_to_live, LeaseId id) {
  co_await usable();
  while (id == 0 || (id >> 63) != 0) id = random_.next() >> 1;  // clients keep it in a signed number
  co_await leases_.grant(id, time_to_live, loop_.clock().now());
  leases_changed_.notify_one();
  co_return id;
}

Task<Lease> LocalStore::keep_alive(LeaseId id) {
  co_await usable();
  co_await leases_.keep_alive(id, loop_.clock().now());
  co_return co_await leases_.look_at(id, loop_.clock().now());
}

Task<Lease> LocalStore::lease(LeaseId id) {
  co_await usable();
  co_return co_await leases_.look_at(id, loop_.clock().now());
}

Task<void> LocalStore::revoke(LeaseId id) {
  co_await usable();
  co_await leases_.end(id);
  Result<void> erased = co_await erase_keys_of(id).result();
  if (erased) co_return;
  leases_.erase_later(id);
  leases_changed_.notify_one();
  co_await std::move(erased);
}

// Those it has in the very step in which they are erased: a key may have lost the lease meanwhile.
Task<void> LocalStore::erase_keys_of(LeaseId id) {
  Transaction transaction{.durability = Durability::memory};
  for (const std::string& key : leases_.keys(id)) transaction.then.push_back(erase(Range::key(key)));
  Limits none{.transaction_bytes = SIZE_MAX, .store_bytes = UINT64_MAX};
  Joined joined = co_await join(std::move(transaction), none);
  if (joined.round != nullptr) co_await finish(std::move(joined.round));
  leases_.forget(id);
}

void LocalStore::follow_leases(std::span<const Change> changes) {
  for (const Change& change : changes) {
    if (change.previous && change.previous.lease() != 0)
      leases_.detach(change.previous.lease(), change.entry.key());
    if (change.entry.lease() != 0) leases_.attach(change.entry.lease(), change.entry.key());
  }
}

Task<void> LocalStore::end_leases() {
  Alarm alarm(leases_changed_);
  while (!closed_) {
    leases_.end_overdue(loop_.clock().now());
    if (std::optional<LeaseId> id = leases_.next_to_erase()) {
      Result<void> erased = co_await erase_keys_of(*id).result();
      if (!erased) co_await io::sleep(seconds(1));  // the disk failed: the keys wait for it
      continue;
    }
    if (std::optional<Monotonic> next = leases_.next_end()) alarm.set(loop_, *next);
    co_await leases_changed_.wait();
  }
}

}  // namespace podo::store
