#include "base/store/leases.h"

namespace podo::store {
namespace {

Failure no_lease(LeaseId id) { return not_found("there is no lease {}", id); }

}  // namespace

Result<void> LeaseTable::grant(LeaseId id, Duration time_to_live, Monotonic now) {
  if (time_to_live.ns <= 0) return invalid("a lease lives for {} ns", time_to_live.ns);
  if (leases_.contains(id)) return already_exists("there is a lease {} already", id);
  leases_[id] = {.time_to_live = time_to_live, .ends = now + time_to_live, .ended = false, .keys = {}};
  ends_.emplace(now + time_to_live, id);
  return {};
}

bool LeaseTable::has(LeaseId id) const {
  auto found = leases_.find(id);
  return found != leases_.end() && !found->second.ended;
}

Result<void> LeaseTable::keep_alive(LeaseId id, Monotonic now) {
  if (!has(id)) return no_lease(id);
  auto found = leases_.find(id);
  ends_.erase({found->second.ends, id});
  found->second.ends = now + found->second.time_to_live;
  ends_.emplace(found->second.ends, id);
  return {};
}

Result<Lease> LeaseTable::look_at(LeaseId id, Monotonic now) const {
  if (!has(id)) return no_lease(id);
  const Kept& kept = leases_.find(id)->second;
  return Lease{.id = id,
               .time_to_live = kept.time_to_live,
               .remaining = kept.ends - now,
               .keys = {kept.keys.begin(), kept.keys.end()}};
}

Result<void> LeaseTable::end(LeaseId id) {
  if (!has(id)) return no_lease(id);
  Kept& kept = leases_.find(id)->second;
  ends_.erase({kept.ends, id});
  kept.ended = true;
  return {};
}

void LeaseTable::end_overdue(Monotonic now) {
  while (!ends_.empty() && ends_.begin()->first <= now) {
    LeaseId id = ends_.begin()->second;
    (void)end(id);
    erase_later(id);
  }
}

std::optional<LeaseId> LeaseTable::next_to_erase() const {
  if (to_erase_.empty()) return {};
  return *to_erase_.begin();
}

std::vector<std::string> LeaseTable::keys(LeaseId id) const {
  auto found = leases_.find(id);
  if (found == leases_.end()) return {};
  return {found->second.keys.begin(), found->second.keys.end()};
}

void LeaseTable::forget(LeaseId id) {
  to_erase_.erase(id);
  leases_.erase(id);
}

void LeaseTable::attach(LeaseId id, std::string_view key) {
  auto found = leases_.find(id);
  if (found != leases_.end()) found->second.keys.emplace(key);
}

void LeaseTable::detach(LeaseId id, std::string_view key) {
  auto found = leases_.find(id);
  if (found == leases_.end()) return;
  auto place = found->second.keys.find(key);
  if (place != found->second.keys.end()) found->second.keys.erase(place);
}

void LeaseTable::detach_all() {
  for (auto& [id, kept] : leases_) kept.keys.clear();
}

std::optional<Monotonic> LeaseTable::next_end() const {
  if (ends_.empty()) return {};
  return ends_.begin()->first;
}

}  // namespace podo::store
