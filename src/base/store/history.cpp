#include "base/store/history.h"

#include <algorithm>

#include "base/core/ensure.h"

namespace podo::store {
namespace {

constexpr std::uint64_t event_overhead = sizeof(Change) + sizeof(Entry::Block);

// The version that was the newest at revision `at`: null when the key was not there then.
Entry::Block* as_of(Entry::Block* newest, Revision at) {
  Entry::Block* block = newest;
  while (block != nullptr && block->stamp.modified > at) block = block->previous;
  return block != nullptr && block->stamp.version != 0 ? block : nullptr;
}

template <class T>
bool compares(const T& left, Condition::Relation relation, const T& right) {
  switch (relation) {
    case Condition::Relation::equal: return left == right;
    case Condition::Relation::not_equal: return left != right;
    case Condition::Relation::less: return left < right;
    case Condition::Relation::greater: return left > right;
  }
  return false;
}

std::uint64_t field_of(const Entry::Block* block, Condition::Field field) {
  if (block == nullptr) return 0;
  switch (field) {
    case Condition::Field::version: return block->stamp.version;
    case Condition::Field::created: return block->stamp.created;
    case Condition::Field::modified: return block->stamp.modified;
    case Condition::Field::lease: return block->stamp.lease;
    case Condition::Field::value: break;
  }
  return 0;
}

std::uint64_t history_cost(const Change& change) {
  return event_overhead + (change.previous ? change.previous.size() : 0) +
         (change.entry.erased() ? sizeof(Entry::Block) + change.entry.size() : 0);
}

}  // namespace

History::~History() {
  events_.clear();
  staged_.clear();
  for (auto cursor = index_.lower_bound(""); !cursor.at_end(); cursor.next())
    for (Entry::Block* block = cursor.block(); block != nullptr;)
      block = Entry::adopt(block).block()->previous;  // the count of the index, or of the version after it
}

// --- staging ----------------------------------------------------------------------------------------------

Result<Staged> History::stage(Transaction transaction, const Limits& limits) {
  Staged staged;
  staged.outcome.met = std::all_of(transaction.conditions.begin(), transaction.conditions.end(),
                                   [&](const Condition& condition) { return holds(condition); });
  auto& operations = staged.outcome.met ? transaction.then : transaction.otherwise;
  TRY(has_room(operations, limits));
  TRY(is_loggable(operations, limits));
  Revision revision = tip_ + 1;
  for (Operation& operation : operations) {
    bool in_memory_only = operation.lease != 0 || transaction.durability == Durability::memory;
    staged.outcome.replies.push_back(perform(operation, revision, in_memory_only, staged.changes));
  }
  for (const Change& change : staged.changes) {
    count_in(at_tip_, change);
    staged_.push_back(change);
  }
  if (!staged.changes.empty()) tip_ = revision;
  staged.outcome.revision = tip_;
  for (Page& page : staged.outcome.replies) page.revision = tip_;
  return staged;
}

bool History::holds(const Condition& condition) {
  Entry::Block** place = index_.find(condition.key);
  Entry::Block* block = place != nullptr ? as_of(*place, tip_) : nullptr;
  if (condition.field != Condition::Field::value)
    return compares(field_of(block, condition.field), condition.relation, condition.number);
  if (block == nullptr) return false;
  Entry entry = Entry::share(block);
  return compares(entry.value(), condition.relation, std::string_view(condition.value));
}

Result<void> History::has_room(const std::vector<Operation>& operations, const Limits& limits) {
  if (limits.store_bytes == UINT64_MAX) return {};
  std::uint64_t more = 0;
  std::uint64_t less = 0;
  for (const Operation& operation : operations) {
    if (operation.kind != Operation::Kind::put) continue;
    more += operation.range.from.size() + operation.value.size();
    Entry::Block** place = index_.find(operation.range.from);
    Entry::Block* block = place != nullptr ? as_of(*place, tip_) : nullptr;
    if (block != nullptr) less += std::uint64_t{block->key_size} + block->value_size;
  }
  if (more <= less || at_tip_.bytes + more - less <= limits.store_bytes) return {};
  return exhausted("the store is full: {} of {} bytes are in use; erase something first", at_tip_.bytes,
                   limits.store_bytes);
}

// What an erasure names in a log is every key of its range.
Result<void> History::is_loggable(const std::vector<Operation>& operations, const Limits& limits) {
  std::size_t bytes = 0;
  for (const Operation& operation : operations) {
    if (operation.kind != Operation::Kind::erase) continue;
    for (const Entry& entry : page_of(operation.range, 0, tip_).entries) bytes += entry.key().size() + 4;
    if (bytes > limits.transaction_bytes)
      return invalid(
          "the keys of the erased range have more than the {} bytes a transaction may have: erase it in "
          "several",
          limits.transaction_bytes);
  }
  return {};
}

Page History::perform(Operation& operation, Revision revision, bool in_memory_only,
                      std::vector<Change>& changes) {
  if (operation.kind == Operation::Kind::read) return page_of(operation.range, operation.limit, revision);
  Page page;
  if (operation.kind == Operation::Kind::erase) {
    page = page_of(operation.range, 0, revision);
    for (const Entry& entry : page.entries) {
      Entry tombstone = Entry::erased_at(entry.key(), revision);
      tombstone.block()->in_memory_only = entry.block()->in_memory_only;
      changes.push_back(set(std::move(tombstone), index_.find(entry.key())));
    }
    return page;
  }
  Entry::Block** place = index_.find(operation.range.from);
  Entry::Block* before = place != nullptr ? as_of(*place, revision) : nullptr;
  Entry entry(operation.range.from, operation.value,
              {.created = before != nullptr ? before->stamp.created : revision,
               .modified = revision,
               .version = before != nullptr ? before->stamp.version + 1 : 1,
               .lease = operation.lease});
  entry.block()->in_memory_only = in_memory_only;
  page.entries.push_back(entry);
  changes.push_back(set(std::move(entry), place));
  return page;
}

Change History::set(Entry entry, Entry::Block** place) {
  Change change{.entry = entry, .previous = {}};
  if (place == nullptr) {
    index_.insert(entry.release());
    return change;
  }
  if ((*place)->stamp.version != 0) change.previous = Entry::share(*place);
  entry.block()->previous = *place;
  *place = entry.release();
  return change;
}

void History::count_in(Totals& totals, const Change& change) const {
  if (change.previous) {
    --totals.entries;
    totals.bytes -= change.previous.size();
  }
  if (change.entry.erased()) return;
  ++totals.entries;
  totals.bytes += change.entry.size();
}

void History::show(Revision revision) {
  trim();  // first: what is shown now must still be there when those who wait for it wake up
  while (!staged_.empty() && staged_.front().entry.modified() <= revision) {
    count_in(at_shown_, staged_.front());
    history_bytes_ += history_cost(staged_.front());
    staged_.front().entry.block()->event = end_of_events();
    events_.push_back(std::move(staged_.front()));
    staged_.pop_front();
  }
  put_away_past();
  shown_ = std::max(shown_, revision);
}

// Versions that changes have made the past move to where that lies together. Some changes later: who watches
// has the version where it was by then, and keeps no chunk of the past by holding it.
void History::put_away_past() {
  constexpr std::uint64_t later = 256;
  for (put_away_ = std::max(put_away_, events_before_); put_away_ + later < end_of_events(); ++put_away_) {
    Change& change = events_[put_away_ - events_before_];
    put_away_previous(change);
    if (change.entry.erased()) put_away_erasure(change);
  }
}

bool History::is_event_of(const Entry::Block* block) const {
  const std::uint64_t number = block->event - events_before_;
  return number < events_.size() && events_[number].entry.block() == block;
}

void History::put_away_previous(Change& change) {
  Entry::Block* before = change.entry.block()->previous;
  if (before == nullptr) return;
  Entry moved = past_.take(Entry::share(before));
  if (moved.block() == before) return;
  moved.block()->previous = std::exchange(before->previous, nullptr);
  if (change.previous) change.previous = moved;
  if (is_event_of(before)) events_[before->event - events_before_].entry = moved;
  change.entry.block()->previous = moved.release();
  (void)Entry::adopt(before);  // the count of the version after it
}

// While it is the newest of its key; later it is the previous one of another change.
void History::put_away_erasure(Change& change) {
  Entry::Block* erasure = change.entry.block();
  Entry::Block** place = index_.find(erasure->key());
  if (place == nullptr || *place != erasure) return;
  Entry moved = past_.take(change.entry);
  if (moved.block() == erasure) return;
  moved.block()->previous = std::exchange(erasure->previous, nullptr);
  change.entry = moved;
  *place = moved.release();
  (void)Entry::adopt(erasure);  // the count of the index
}

void History::roll_back() {
  while (!staged_.empty()) {
    take_back(staged_.back());
    staged_.pop_back();
  }
  tip_ = shown_;
  at_tip_ = at_shown_;
}

void History::take_back(const Change& change) {
  Entry::Block** place = index_.find(change.entry.key());
  ENSURE(place != nullptr && *place == change.entry.block());
  Entry::Block* before = std::exchange((*place)->previous, nullptr);
  bool nothing_left = before == nullptr || (before->stamp.version == 0 && before->stamp.modified <= oldest_);
  if (!nothing_left) *place = before;
  else index_.erase(change.entry.key());
  if (nothing_left && before != nullptr) (void)Entry::adopt(before);  // an erasure nobody can read any more
  (void)Entry::adopt(change.entry.block());                           // the index's count
}

// --- reading ----------------------------------------------------------------------------------------------

Result<Revision> History::readable(Revision at) const {
  if (at == 0) return shown_;
  if (at > shown_) return invalid("revision {} is in the future: the store is at {}", at, shown_);
  if (at < oldest_) return not_found("revision {} is compacted: the oldest there is is {}", at, oldest_);
  return at;
}

Result<Entry> History::find(std::string_view key, Revision at) {
  Revision revision = TRY(readable(at));
  Entry::Block** place = index_.find(key);
  if (place == nullptr) return Entry();
  return Entry::share(as_of(*place, revision));
}

Result<Page> History::range(const Range& range, std::size_t limit, Revision at) {
  Page page = page_of(range, limit, TRY(readable(at)));
  page.revision = shown_;
  return page;
}

// The newest version of the first key behind the range: found once, it spares a comparison of keys a step.
const Entry::Block* History::end_of(const Range& range) {
  if (range.to.empty()) return nullptr;
  auto cursor = index_.lower_bound(range.to);
  return cursor.at_end() ? nullptr : cursor.block();
}

Page History::page_of(const Range& range, std::size_t limit, Revision at) {
  Page page;
  if (!range.to.empty() && range.to <= range.from) return page;
  const Entry::Block* end = end_of(range);
  for (auto cursor = index_.lower_bound(range.from); !cursor.at_end(); cursor.next()) {
    if (cursor.block() == end) break;
    Entry::Block* block = as_of(cursor.block(), at);
    if (block == nullptr) continue;
    if (limit != 0 && page.entries.size() == limit) {
      page.more = true;
      break;
    }
    page.entries.push_back(Entry::share(block));
  }
  return page;
}

Result<std::uint64_t> History::count(const Range& range, Revision at) {
  Revision revision = TRY(readable(at));
  std::uint64_t count = 0;
  if (!range.to.empty() && range.to <= range.from) return count;
  const Entry::Block* end = end_of(range);
  for (auto cursor = index_.lower_bound(range.from); !cursor.at_end(); cursor.next()) {
    if (cursor.block() == end) break;
    if (as_of(cursor.block(), revision) != nullptr) ++count;
  }
  return count;
}

Status History::status() const {
  return {.revision = shown_,
          .oldest = oldest_,
          .entries = at_shown_.entries,
          .bytes = at_shown_.bytes,
          .history_bytes = history_bytes_};
}

std::uint64_t History::first_event_after(Revision revision) const {
  auto found = std::upper_bound(events_.begin(), events_.end(), revision,
                                [](Revision r, const Change& change) { return r < change.entry.modified(); });
  return events_before_ + static_cast<std::uint64_t>(found - events_.begin());
}

// --- forgetting -------------------------------------------------------------------------------------------

Result<void> History::compact(Revision oldest) {
  if (oldest > shown_) return invalid("revision {} is in the future: the store is at {}", oldest, shown_);
  if (oldest < oldest_)
    return not_found("revision {} is compacted already: the oldest there is is {}", oldest, oldest_);
  compact_to_ = std::max(compact_to_, oldest);
  trim();
  return {};
}

void History::trim() {
  Revision pinned = pins_.empty() ? UINT64_MAX : pins_.begin()->first;
  while (!events_.empty()) {
    Revision first = events_.front().entry.modified();
    bool wanted = first <= compact_to_ || history_bytes_ > budget_;
    if (!wanted || first > pinned) break;
    while (!events_.empty() && events_.front().entry.modified() == first) forget_oldest();
    oldest_ = first;
  }
  if (compact_to_ > oldest_ && compact_to_ <= pinned) oldest_ = std::min(compact_to_, shown_);
}

// Its previous version is needed no more: nobody reads before it.
void History::forget_oldest() {
  Change change = std::move(events_.front());
  events_.pop_front();
  ++events_before_;
  history_bytes_ -= history_cost(change);
  Entry::Block* before = std::exchange(change.entry.block()->previous, nullptr);
  if (before != nullptr) (void)Entry::adopt(before);  // the count of the version after it
  if (!change.entry.erased()) return;
  Entry::Block** place = index_.find(change.entry.key());
  if (place != nullptr && *place == change.entry.block()) {
    index_.erase(change.entry.key());
    (void)Entry::adopt(change.entry.block());
  }  // else a later version stands on it, and lets go of it when it is forgotten or taken back itself
}

History::Pin::Pin(History& history, Revision revision)
    : history_(history), place_(history.pins_.emplace(revision, 0)) {}

History::Pin::~Pin() {
  history_.pins_.erase(place_);
  history_.trim();
}

// --- replaying --------------------------------------------------------------------------------------------

void History::load(Entry entry) {
  ++at_tip_.entries;
  at_tip_.bytes += entry.size();
  at_shown_ = at_tip_;
  index_.insert(entry.release());
}

void History::begin_at(Revision revision) { tip_ = shown_ = oldest_ = revision; }

void History::replay(const Replayed& change) {
  Entry::Block** place = index_.find(change.key);
  Entry::Block* before = place != nullptr ? as_of(*place, UINT64_MAX) : nullptr;
  tip_ = change.stamp.modified;
  if (change.erased) {
    if (before == nullptr) return;
    Change erased = set(Entry::erased_at(change.key, tip_), place);
    count_in(at_tip_, erased);
    staged_.push_back(std::move(erased));
    return;
  }
  Stamp stamp = change.stamp;
  if (stamp.version == 0) {
    stamp.created = before != nullptr ? before->stamp.created : stamp.modified;
    stamp.version = before != nullptr ? before->stamp.version + 1 : 1;
  }
  Entry entry(change.key, change.value, stamp);
  entry.block()->sealed = change.sealed;
  Change put = set(std::move(entry), place);
  count_in(at_tip_, put);
  staged_.push_back(std::move(put));
}

void History::skip_to(Revision revision) {
  ENSURE(staged_.empty());
  tip_ = std::max(tip_, revision);
  shown_ = tip_;
}

}  // namespace podo::store
