// LeaseTable: who has how long to live, and which keys end with it. Pure: time is handed in.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/core/error.h"
#include "base/store/store.h"

namespace podo::store {

class LeaseTable {
 public:
  Result<void> grant(LeaseId id, Duration time_to_live, Monotonic now);
  Result<void> keep_alive(LeaseId id, Monotonic now);
  Result<Lease> look_at(LeaseId id, Monotonic now) const;
  bool has(LeaseId id) const { return leases_.contains(id); }
  // The lease is gone; the keys it leaves are its user's to erase.
  Result<std::vector<std::string>> end(LeaseId id);

  void attach(LeaseId id, std::string_view key);
  void detach(LeaseId id, std::string_view key);
  void detach_all();

  std::optional<Monotonic> next_end() const;
  std::optional<LeaseId> ended(Monotonic now) const;  // one whose time is over

 private:
  struct Kept {
    Duration time_to_live;
    Monotonic ends;
    std::set<std::string, std::less<>> keys;
  };
  std::map<LeaseId, Kept> leases_;
  std::set<std::pair<Monotonic, LeaseId>> ends_;
};

}  // namespace podo::store
