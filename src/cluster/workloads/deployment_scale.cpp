#include <algorithm>
#include <charconv>
#include <cmath>

#include "cluster/workloads/deployment_rollout.h"
#include "model/kube/path.h"

namespace podo::controllers {
namespace {

std::int64_t sum(const std::vector<const SetInRollout*>& sets, std::int64_t SetInRollout::* count) {
  std::int64_t all = 0;
  for (const SetInRollout* set : sets) all += set->*count;
  return all;
}

// How many pods the Deployment might have had when this ReplicaSet got its size.
std::int64_t most_before(const SetInRollout& set, std::int64_t otherwise) {
  const json::Item* note =
      set.object.root().find("metadata", "annotations", "deployment.kubernetes.io/max-replicas");
  std::int64_t most = 0;
  if (note != nullptr) {
    const std::string_view digits = note->string_or("");
    std::from_chars(digits.data(), digits.data() + digits.size(), most);
  }
  return most > 0 ? most : otherwise;
}

}  // namespace

std::int64_t Rollout::total() const { return sum(all(), &SetInRollout::wanted); }

void Rollout::set_size(SetInRollout& set, std::int64_t size) {
  set.wanted = std::max<std::int64_t>(size, 0);
  set.changed = true;
}

std::int64_t Rollout::fresh_size(std::int64_t fresh_now) const {
  if (!rolling) return replicas;
  const std::int64_t room = replicas + surge - total();
  if (room <= 0) return fresh_now;
  return fresh_now + std::min(room, replicas - fresh_now);
}

bool Rollout::grow_fresh() {
  if (fresh->wanted == replicas) return false;
  const std::int64_t size = fresh->wanted > replicas ? replicas : fresh_size(fresh->wanted);
  const bool changes = size != fresh->wanted;
  set_size(*fresh, size);
  return changes;
}

// First what is not available anyhow, then as many available ones as may be missed.
bool Rollout::shrink_old() {
  std::int64_t old_total = 0;
  for (const SetInRollout* set : old) old_total += set->wanted;
  if (old_total == 0) return false;
  const std::int64_t least = replicas - unavailable;
  std::int64_t room = total() - least - std::max<std::int64_t>(fresh->wanted - fresh->available, 0);
  if (room <= 0) return false;
  for (SetInRollout* set : old) {
    const std::int64_t unhealthy = std::clamp<std::int64_t>(set->wanted - set->available, 0, room);
    if (unhealthy == 0) continue;
    set_size(*set, set->wanted - unhealthy);
    room -= unhealthy;
  }
  std::int64_t spare = sum(std::as_const(*this).all(), &SetInRollout::available) - least;
  for (SetInRollout* set : old) {
    const std::int64_t fewer = std::min(set->wanted, spare);
    if (fewer <= 0) continue;
    set_size(*set, set->wanted - fewer);
    spare -= fewer;
  }
  return std::ranges::any_of(old, [](const SetInRollout* set) { return set->wanted != set->before; });
}

bool Rollout::remove_old() {
  bool changed = false;
  for (SetInRollout* set : old) {
    if (set->wanted == 0) continue;
    set_size(*set, 0);
    changed = true;
  }
  return changed;
}

// The one that is to have all of it takes the change; in the middle of a rollout each takes its share.
void Rollout::scale_in_proportion() {
  std::vector<SetInRollout*> active;
  for (SetInRollout* set : all())
    if (set->wanted > 0) active.push_back(set);
  SetInRollout* only = active.size() == 1 ? active.front() : nullptr;
  if (active.empty()) only = fresh != nullptr ? fresh : (old.empty() ? nullptr : old.back());
  if (only != nullptr) return set_size(*only, replicas);
  if (active.empty()) return;
  const bool saturated = fresh != nullptr && fresh->wanted == replicas && fresh->available == replicas;
  if (saturated || !rolling) {
    remove_old();
    if (fresh != nullptr) set_size(*fresh, fresh->wanted);
    return;
  }
  const std::int64_t change = (replicas > 0 ? replicas + surge : 0) - total();
  std::ranges::stable_sort(active, [change](const SetInRollout* a, const SetInRollout* b) {
    if (a->wanted != b->wanted) return a->wanted > b->wanted;
    return change > 0 ? a->created > b->created : a->created < b->created;
  });
  std::int64_t left = change;
  for (SetInRollout* set : active) {
    std::int64_t share = 0;
    if (replicas == 0) share = -set->wanted;
    else if (left != 0) {
      const std::int64_t before = most_before(*set, kube::number_at(in.wanted, "status.replicas"));
      const double scaled = before == 0
                                ? 0.0
                                : static_cast<double>(set->wanted) * static_cast<double>(replicas + surge) /
                                      static_cast<double>(before);
      share = static_cast<std::int64_t>(std::llround(scaled)) - set->wanted;
      share = left > 0 ? std::clamp<std::int64_t>(share, 0, left) : std::clamp<std::int64_t>(share, left, 0);
    }
    left -= share;
    set_size(*set, set->wanted + share);
  }
  set_size(*active.front(), active.front()->wanted + left);
}

}  // namespace podo::controllers
