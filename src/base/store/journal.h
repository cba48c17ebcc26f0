// Journal: what makes the changes of a LocalStore last. The store stages transactions in memory, puts what
// they change into a batch, hands the batch over, and shows its changes when that has returned.
//
//   encode(changes)* -> write(batch) -> ... -> close()
//
// One write at a time, in the order of revisions. Lives on its store's loop.
#pragma once

#include <span>

#include "base/store/history.h"

namespace podo::store {

// Changes that go to the disk together.
struct Batch {
  Revision last = 0;       // what its changes reach
  std::string payload;     // encoded transactions
  bool durable = false;    // somebody waits for the disk
  bool in_memory = false;  // some of its changes are in no payload
};

class Journal {
 public:
  virtual ~Journal() = default;

  // What of one transaction goes into a payload: nothing, when all of it is in memory only.
  virtual void encode(std::span<const Change> changes, std::string& payload) = 0;

  // True: a change in memory only may be shown at this revision at once.
  virtual bool may_show_unwritten(Revision revision) const = 0;

  // Returns when the batch has the durability it asks for. Fails as a store's commit does: the batch is then
  // to be taken back, and the next one begins at the same revision again.
  virtual Task<void> write(const Batch& batch) = 0;
  virtual Task<void> flush() = 0;
  virtual Task<void> close() = 0;

  // Fails with not_found when a watch of the range from `from` could miss what a store before this opening
  // had shown.
  virtual Result<void> can_watch_from(const Range& range, Revision from) const = 0;
  // Fails with not_found for a revision that was shown and then lost.
  virtual Result<void> can_read_at(Revision at) const = 0;
};

}  // namespace podo::store
