#include "cluster/scheduler/queue.h"

#include <algorithm>

namespace podo::scheduler {

Duration Queue::back_off_of(int attempts) const {
  Duration wait = options_.back_off_first;
  for (int i = 1; i < attempts && wait < options_.back_off_most; ++i) wait = wait * 2;
  return std::min(wait, options_.back_off_most);
}

Queue::Turn Queue::turn_of(const Entries::iterator& entry) {
  return {entry->second.waiting.pod->priority(), entry->second.since.ns, entry->first};
}

Queue::Entries::iterator Queue::enter(Waiting waiting) {
  std::string uid = waiting.pod->uid;
  const auto [entry, is_new] = entries_.try_emplace(std::move(uid));
  if (!is_new) leave(entry);
  entry->second.waiting = std::move(waiting);
  return entry;
}

void Queue::leave(Entries::iterator entry) {
  switch (entry->second.place) {
    case Place::ready: ready_.erase(turn_of(entry)); break;
    case Place::parked: parked_.erase(entry->first); [[fallthrough]];
    case Place::backing: due_.erase({entry->second.until.ns, entry->first}); break;
    case Place::gated: break;
  }
}

// Of an entry that is in no place. `until` is set already where it matters.
void Queue::put(Entries::iterator entry, Place place, Monotonic now) {
  Entry& it = entry->second;
  it.place = it.waiting.pod->gated ? Place::gated : place;
  it.since = now;
  switch (it.place) {
    case Place::ready: ready_.insert(turn_of(entry)); break;
    case Place::parked: parked_.insert(entry->first); [[fallthrough]];
    case Place::backing: due_.emplace(it.until.ns, entry->first); break;
    case Place::gated: break;
  }
}

void Queue::add(PodPtr pod, Monotonic now) {
  const auto known = entries_.find(pod->uid);
  const int attempts = known != entries_.end() ? known->second.waiting.attempts : 0;
  put(enter({.pod = std::move(pod), .attempts = attempts}), Place::ready, now);
}

void Queue::update(PodPtr pod) {
  const auto known = entries_.find(pod->uid);
  if (known == entries_.end()) return;
  const Monotonic since = known->second.since;
  const Place place = known->second.place;
  leave(known);
  const bool freed = place == Place::gated && !pod->gated;
  known->second.waiting.pod = std::move(pod);
  put(known, freed ? Place::ready : place, since);
}

void Queue::remove(std::string_view uid) {
  const auto known = entries_.find(uid);
  if (known == entries_.end()) return;
  leave(known);
  entries_.erase(known);
}

const Waiting* Queue::find(std::string_view uid) const {
  const auto known = entries_.find(uid);
  return known != entries_.end() ? &known->second.waiting : nullptr;
}

void Queue::wake_due(Monotonic now) {
  while (!due_.empty() && due_.begin()->first <= now.ns) {
    const auto entry = entries_.find(due_.begin()->second);
    leave(entry);
    put(entry, Place::ready, now);
  }
}

std::optional<Waiting> Queue::take(Monotonic now) {
  wake_due(now);
  if (ready_.empty()) return std::nullopt;
  const auto entry = entries_.find(ready_.begin()->uid);
  leave(entry);
  Waiting taken = std::move(entry->second.waiting);
  entries_.erase(entry);
  ++taken.attempts;
  return taken;
}

std::optional<Monotonic> Queue::next_due() const {
  if (due_.empty()) return std::nullopt;
  return Monotonic{due_.begin()->first};
}

void Queue::park(Waiting waiting, Monotonic now) {
  const auto entry = enter(std::move(waiting));
  entry->second.until = now + options_.look_again;
  put(entry, Place::parked, now);
}

void Queue::back_off(Waiting waiting, Monotonic now) {
  const auto entry = enter(std::move(waiting));
  entry->second.until = now + back_off_of(entry->second.waiting.attempts);
  put(entry, Place::backing, now);
}

void Queue::wake(Monotonic now, const std::function<bool(const Waiting&)>& helps) {
  std::vector<Entries::iterator> woken;
  for (const std::string_view uid : parked_)
    if (const auto entry = entries_.find(uid); helps(entry->second.waiting)) woken.push_back(entry);
  for (const Entries::iterator entry : woken) {
    leave(entry);
    entry->second.until = entry->second.since + back_off_of(entry->second.waiting.attempts);
    put(entry, entry->second.until <= now ? Place::ready : Place::backing, now);
  }
}

}  // namespace podo::scheduler
