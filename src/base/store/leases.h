// LeaseTable: who has how long to live, and which keys end with it. Pure: time is handed in.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/core/error.h"
#include "base/store/store.h"

namespace podo::store {

// A lease ends in two steps: end() makes it unknown to its owner, forget() drops it when its keys are erased.
// What erasing left undone, and what ran out of time, waits in next_to_erase().
class LeaseTable {
 public:
  Result<void> grant(LeaseId id, Duration time_to_live, Monotonic now);
  Result<void> keep_alive(LeaseId id, Monotonic now);
  Result<Lease> look_at(LeaseId id, Monotonic now) const;
  bool has(LeaseId id) const;

  Result<void> end(LeaseId id);
  void end_overdue(Monotonic now);                        // their keys are to be erased
  void erase_later(LeaseId id) { to_erase_.insert(id); }  // of one that was ended
  std::optional<LeaseId> next_to_erase() const;
  std::vector<std::string> keys(LeaseId id) const;
  void forget(LeaseId id);

  // As changes are staged: so keys() are those that have the lease now.
  void attach(LeaseId id, std::string_view key);
  void detach(LeaseId id, std::string_view key);
  void detach_all();

  std::optional<Monotonic> next_end() const;

 private:
  struct Kept {
    Duration time_to_live;
    Monotonic ends;
    bool ended = false;
    std::set<std::string, std::less<>> keys;
  };
  std::map<LeaseId, Kept> leases_;
  std::set<std::pair<Monotonic, LeaseId>> ends_;
  std::set<LeaseId> to_erase_;
};

}  // namespace podo::store
