#include "base/store/leases.h"

namespace podo::store {
namespace {

Failure no_lease(LeaseId id) { return not_found("there is no lease {}", id); }

}  // namespace

Result<void> LeaseTable::grant(LeaseId id, Duration time_to_live, Monotonic now) {
  if (time_to_live.ns <= 0) return invalid("a lease lives for {} ns", time_to_live.ns);
  if (leases_.contains(id)) return already_exists("there is a lease {} already", id);
  leases_[id] = {.time_to_live = time_to_live, .ends = now + time_to_live, .keys = {}};
  ends_.emplace(now + time_to_live, id);
  return {};
}

Result<void> LeaseTable::keep_alive(LeaseId id, Monotonic now) {
  auto found = leases_.find(id);
  if (found == leases_.end()) return no_lease(id);
  ends_.erase({found->second.ends, id});
  found->second.ends = now + found->second.time_to_live;
  ends_.emplace(found->second.ends, id);
  return {};
}

Result<Lease> LeaseTable::look_at(LeaseId id, Monotonic now) const {
  auto found = leases_.find(id);
  if (found == leases_.end()) return no_lease(id);
  const Kept& kept = found->second;
  return Lease{.id = id,
               .time_to_live = kept.time_to_live,
               .remaining = kept.ends - now,
               .keys = {kept.keys.begin(), kept.keys.end()}};
}

Result<std::vector<std::string>> LeaseTable::end(LeaseId id) {
  auto found = leases_.find(id);
  if (found == leases_.end()) return no_lease(id);
  std::vector<std::string> keys(found->second.keys.begin(), found->second.keys.end());
  ends_.erase({found->second.ends, id});
  leases_.erase(found);
  return keys;
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

std::optional<LeaseId> LeaseTable::ended(Monotonic now) const {
  if (ends_.empty() || ends_.begin()->first > now) return {};
  return ends_.begin()->second;
}

}  // namespace podo::store
