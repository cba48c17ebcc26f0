// Store: names become values, over revisions. The one place for everything that must last: containers and
// images, and every Kubernetes object.
//
//   Transaction claim{.conditions = {absent("pods/a")}, .then = {put("pods/a", bytes)}};
//   Outcome outcome = co_await store.commit(std::move(claim));   // outcome.met: nobody had the name
//   auto watch = co_await store.watch(Range::prefix("pods/"), outcome.revision + 1);
//   Events news = co_await watch->next();
//
// Life:     open -> any calls, from any strand of its loop -> close(), which flushes. A store that is
//           destroyed without it is a machine that lost power: what was acknowledged as durable is there.
// Order:    strict serializability: a transaction acts at one instant between its call and its answer, and a
//           read sees every transaction that was answered before it. Nobody sees a durable change before
//           it is that.
// History:  reads at Status::oldest and later, watches from a revision above it. The makers drop the oldest
//           history by a budget of bytes; compact() drops it by revision.
// Keys      are bytes, ordered as unsigned bytes; not empty. Values are bytes.
//
// Makers: MemoryStore (memory_store.h), LogStore (log_store.h). The contract is testsuite/store_suite.h.
//
// Errors, a closed set:
//   invalid      an empty or too large key, value or transaction; a key written twice in one transaction; a
//                revision of the future
//   not_found    the revision is compacted (the message names the oldest there is); no such lease
//   already_exists  the lease id is taken
//   exhausted    the store's byte limit, within which erasing still works; or the disk is full
//   unavailable  the disk failed: the change may or may not be found after the store was opened again; the
//                store goes on reading, and tries the disk again with the next write
//   cancelled    the store was closed, or the caller's strand was (its transaction may still happen)
//
// Lives on one loop. Tasks keep their arguments.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/io/task.h"
#include "base/store/transaction.h"

namespace podo::store {

using io::Task;

struct Event {
  Entry entry;     // as it is now; erased() when it was removed
  Entry previous;  // as it was; absent when the key was made
};

struct Events {
  std::vector<Event> events;  // by revision, whole transactions, in one transaction by its order
  Revision through = 0;       // everything the watch is about up to here has now been told
};

// The changes of a range, in order and without a gap. It keeps no queue: a watcher that falls behind the
// history's budget is told not_found (compacted) and has to read again. Dies before its store; destroying it
// ends it.
class Watch {
 public:
  virtual ~Watch() = default;
  // Waits for changes. With `progress_after`, answers after that time without one, too: no events, and how
  // far the silence reaches. One call at a time.
  virtual Task<Events> next(std::optional<Duration> progress_after = {}) = 0;
  // While a call of next() waits: nothing came since what it told, up to here. Absent: no call waits, or
  // something is on its way.
  virtual std::optional<Revision> silent_through() const = 0;
};

// So long a key lives without a sign of its owner. Leases are in memory: with the store they end.
struct Lease {
  LeaseId id = 0;
  Duration time_to_live;
  Duration remaining;
  std::vector<std::string> keys;  // that end with it, sorted
};

struct Status {
  Revision revision = 0;            // of the newest change
  Revision oldest = 0;              // reads at this one and later, watches from the next one and later
  std::uint64_t entries = 0;        // keys there are now
  std::uint64_t bytes = 0;          // their keys and values
  std::uint64_t history_bytes = 0;  // what only the past still needs
};

class Store {
 public:
  virtual ~Store() = default;

  // `at` 0 is the newest revision.
  virtual Task<std::optional<Entry>> find(std::string key, Revision at = 0) = 0;
  virtual Task<Page> range(Range range, std::size_t limit = 0, Revision at = 0) = 0;
  virtual Task<std::uint64_t> count(Range range, Revision at = 0) = 0;
  virtual Task<Outcome> commit(Transaction transaction) = 0;
  virtual Task<std::unique_ptr<Watch>> watch(Range range,
                                             Revision from = 0) = 0;  // 0: from the next change on
  virtual Task<void> compact(Revision oldest) = 0;
  virtual Task<Status> status() = 0;

  virtual Task<LeaseId> grant(Duration time_to_live, LeaseId id = 0) = 0;  // id 0: one is chosen
  virtual Task<Lease> keep_alive(LeaseId id) = 0;                          // its time begins anew
  virtual Task<Lease> lease(LeaseId id) = 0;
  virtual Task<void> revoke(LeaseId id) = 0;  // and erases its keys, in one transaction

  virtual Task<void> flush() = 0;  // what was relaxed is durable
  virtual Task<void> close() = 0;  // flushes; every later call, and every waiting watch, is cancelled
};

// A large range, page by page and all at one revision: what is read is still in the processor's caches when
// it is used, and no other strand waits for the whole.
//
//   Pages pages(store, Range::prefix("pods/"));
//   while (std::optional<Page> page = co_await pages.next()) ...
class Pages {
 public:
  Pages(Store& store, Range range, std::size_t page_entries = 1000)
      : store_(store), rest_(std::move(range)), page_entries_(page_entries) {}
  Task<std::optional<Page>> next();

 private:
  Store& store_;
  Range rest_;
  std::size_t page_entries_;
  Revision at_ = 0;
  bool more_ = true;
};

// The commonest transactions.
Task<Revision> write(Store& store, std::string key, std::string value,
                     Durability durability = Durability::durable);
Task<std::uint64_t> remove(Store& store, Range range,
                           Durability durability = Durability::durable);  // how many

}  // namespace podo::store
