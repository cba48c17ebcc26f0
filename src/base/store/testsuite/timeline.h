// Timeline: every version of every key that a store was told to keep on its disk. What of it is lost in a
// crash is cut off.
#pragma once

#include <algorithm>
#include <map>

#include "base/store/testsuite/model.h"

namespace podo::store {

class Timeline {
 public:
  // A change as it was told; `lasts` is false for a version in memory only, which removes an older one that
  // lasted.
  void add(const Entry& entry, bool lasts) {
    if (lasts && !entry.erased()) {
      keys_[std::string(entry.key())].insert_or_assign(entry.modified(), entry);
      return;
    }
    auto versions = keys_.find(entry.key());
    if (versions == keys_.end() || versions->second.rbegin()->second.erased()) return;
    versions->second.insert_or_assign(entry.modified(), Entry::erased_at(entry.key(), entry.modified()));
  }

  void cut_after(Revision last) {
    for (auto key = keys_.begin(); key != keys_.end();) {
      key->second.erase(key->second.upper_bound(last), key->second.end());
      key = key->second.empty() ? keys_.erase(key) : std::next(key);
    }
  }

  std::vector<Entry> at(Revision revision) const {
    std::vector<Entry> entries;
    for (const auto& [key, versions] : keys_) {
      auto after = versions.upper_bound(revision);
      if (after == versions.begin() || std::prev(after)->second.erased()) continue;
      entries.push_back(std::prev(after)->second);
    }
    return entries;
  }

  // By revision; within one transaction by key.
  std::vector<Event> events_after(Revision revision) const {
    std::vector<std::pair<Revision, Event>> found;
    for (const auto& [key, versions] : keys_) {
      for (auto it = versions.upper_bound(revision); it != versions.end(); ++it) {
        Entry previous = it == versions.begin() ? Entry() : std::prev(it)->second;
        if (previous && previous.erased()) previous = Entry();
        found.emplace_back(it->first, Event{.entry = it->second, .previous = previous});
      }
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& left, const auto& right) { return left.first < right.first; });
    std::vector<Event> events;
    for (auto& [at, event] : found) events.push_back(std::move(event));
    return events;
  }

 private:
  std::map<std::string, std::map<Revision, Entry>, std::less<>> keys_;
};

inline std::string described(const Event& event) {
  return text("{}, before it {}", described(event.entry),
              event.previous ? described(event.previous) : "nothing");
}

// The first difference of two lists of events, when those of one transaction may come in any order.
inline std::string difference(const std::vector<Event>& expected, std::vector<Event> found) {
  std::stable_sort(found.begin(), found.end(), [](const Event& left, const Event& right) {
    return std::pair(left.entry.modified(), left.entry.key()) <
           std::pair(right.entry.modified(), right.entry.key());
  });
  for (std::size_t i = 0; i < std::max(expected.size(), found.size()); ++i) {
    if (i >= found.size()) return text("no event tells {}", described(expected[i]));
    if (i >= expected.size()) return text("one event too much: {}", described(found[i]));
    bool equal = same(expected[i].entry, found[i].entry) &&
                 static_cast<bool>(expected[i].previous) == static_cast<bool>(found[i].previous) &&
                 (!found[i].previous || same(expected[i].previous, found[i].previous));
    if (!equal) return text("{} is told for {}", described(found[i]), described(expected[i]));
  }
  return {};
}

}  // namespace podo::store
