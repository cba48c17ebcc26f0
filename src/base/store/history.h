// History: what every key was at every revision that is still kept, in memory. No I/O and no clock.
//
//   stage(transaction)    acts at the tip: evaluates it over everything staged before, shown or not
//   show(revision)        what was staged up to there is seen by readers, and becomes events
//   roll_back()           what is staged and not shown is taken back, as if it had never come
//
// So a store can put changes on a disk in between: conditions see the changes they follow, readers see only
// those that last. Memory: the newest versions, and of older ones what fits the budget; the oldest history
// goes first, never beyond a Pin.
//
// Lives on its store's loop.
#pragma once

#include <deque>
#include <map>
#include <span>
#include <vector>

#include "base/core/error.h"
#include "base/store/entry_memory.h"
#include "base/store/key_index.h"
#include "base/store/store.h"

namespace podo::store {

// One key's change. `previous` is absent when there was no such key.
struct Change {
  Entry entry;
  Entry previous;
};

struct Staged {
  Outcome outcome;
  std::vector<Change> changes;  // empty: nothing was changed
};

class History {
 public:
  explicit History(std::uint64_t budget_bytes) : budget_(budget_bytes), past_(budget_bytes / 32) {}
  History(const History&) = delete;
  ~History();

  Result<Staged> stage(Transaction transaction, const Limits& limits);
  void show(Revision revision);
  void roll_back();
  Revision tip() const { return tip_; }
  Revision shown() const { return shown_; }

  // `at` 0: what is shown now. Fails as Store does.
  Result<Entry> find(std::string_view key, Revision at);  // absent when there is none
  Result<Page> range(const Range& range, std::size_t limit, Revision at);
  Result<std::uint64_t> count(const Range& range, Revision at);
  Status status() const;

  // Shown changes, from the oldest kept; number n of them is that after the first n ever shown.
  std::uint64_t first_event() const { return events_before_; }
  std::uint64_t end_of_events() const { return events_before_ + events_.size(); }
  const Change& event(std::uint64_t number) const { return events_[number - events_before_]; }
  std::uint64_t first_event_after(Revision revision) const;

  Result<void> compact(Revision oldest);
  Revision oldest() const { return oldest_; }

  // While one lives, the state at its revision stays readable.
  class Pin {
   public:
    Pin(History& history, Revision revision);
    Pin(const Pin&) = delete;
    ~Pin();

   private:
    History& history_;
    std::multimap<Revision, int>::iterator place_;
  };

  // How a history is made again from a disk: a base, the revision it stands at, then every change after it.
  void load(Entry entry);  // in the order of keys is fastest
  void begin_at(Revision revision);
  struct Replayed {
    std::string_view key;
    std::string_view value;
    bool erased = false;
    bool sealed = false;
    Stamp stamp;  // modified; with created and version 0 these follow from the version before
  };
  void replay(const Replayed& change);  // of the revision after the tip, or of the tip; then show()
  void skip_to(Revision revision);      // no change has the revisions up to here

 private:
  struct Totals {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
  };
  bool holds(const Condition& condition);
  Result<void> has_room(const std::vector<Operation>& operations, const Limits& limits);
  Result<void> is_loggable(const std::vector<Operation>& operations, const Limits& limits);
  Page perform(Operation& operation, Revision revision, bool in_memory_only, std::vector<Change>& changes);
  const Entry::Block* end_of(const Range& range);
  Page page_of(const Range& range, std::size_t limit, Revision at);
  Change set(Entry entry,
             Entry::Block** place);  // becomes the newest version of the key at `place`, or of none
  void put_away_past();
  void put_away_previous(Change& change);
  void put_away_erasure(Change& change);
  bool is_event_of(const Entry::Block* block) const;
  void take_back(const Change& change);
  void count_in(Totals& totals, const Change& change) const;
  Result<Revision> readable(Revision at) const;
  void trim();
  void forget_oldest();

  KeyIndex index_;
  Revision tip_ = 1;
  Revision shown_ = 1;
  Revision oldest_ = 1;
  std::uint64_t budget_;
  EntryMemory past_;           // where versions lie that are not the newest, and erasures
  std::deque<Change> staged_;  // not shown yet
  std::deque<Change> events_;  // shown
  std::uint64_t events_before_ = 0;
  std::uint64_t put_away_ = 0;  // the first event for whom that was not done
  std::uint64_t history_bytes_ = 0;
  Totals at_tip_;
  Totals at_shown_;
  Revision compact_to_ = 0;
  std::multimap<Revision, int> pins_;
};

}  // namespace podo::store
