// Model: what a store has to answer, in the plainest way: every version of every key in a map. Not fast, and
// easy to believe.
#pragma once

#include <map>

#include "base/store/store.h"

namespace podo::store {

inline bool same(const Entry& left, const Entry& right) {
  return left.key() == right.key() && left.value() == right.value() && left.stamp() == right.stamp();
}

// "key=value... (5 bytes, created 2, modified 3, version 2, lease 0)"
inline std::string described(const Entry& entry) {
  return text("{}={} ({} bytes, created {}, modified {}, version {}, lease {})", entry.key(),
              entry.value().substr(0, 20), entry.value().size(), entry.created(), entry.modified(),
              entry.version(), entry.lease());
}

// The first difference of two lists, as a sentence; empty when there is none.
inline std::string difference(const std::vector<Entry>& expected, const std::vector<Entry>& found) {
  for (std::size_t i = 0; i < std::max(expected.size(), found.size()); ++i) {
    if (i >= found.size()) return text("{} is missing", described(expected[i]));
    if (i >= expected.size()) return text("{} is too much", described(found[i]));
    if (!same(expected[i], found[i]))
      return text("{} is found for {}", described(found[i]), described(expected[i]));
  }
  return {};
}

inline std::string difference(const Outcome& expected, const Outcome& found) {
  if (expected.met != found.met) return text("met is {}", found.met);
  if (expected.revision != found.revision)
    return text("the revision is {} and not {}", found.revision, expected.revision);
  if (expected.replies.size() != found.replies.size()) return text("{} replies", found.replies.size());
  for (std::size_t i = 0; i < found.replies.size(); ++i) {
    const Page &wanted = expected.replies[i], &page = found.replies[i];
    if (std::string here = difference(wanted.entries, page.entries); !here.empty())
      return text("reply {}: {}", i, here);
    if (wanted.more != page.more) return text("reply {}: more is {}", i, page.more);
  }
  return {};
}

class Model {
 public:
  // Acts on the newest state; what it changes has the revision `as`.
  Outcome apply(const Transaction& transaction, Revision as) {
    Outcome outcome;
    outcome.met = true;
    for (const Condition& condition : transaction.conditions) outcome.met = outcome.met && holds(condition);
    changed_ = false;
    in_memory_ = transaction.durability == Durability::memory;
    for (const Operation& operation : outcome.met ? transaction.then : transaction.otherwise)
      outcome.replies.push_back(perform(operation, as));
    if (changed_) revision_ = as;
    outcome.revision = revision_;
    return outcome;
  }

  Revision revision() const { return revision_; }

  std::optional<Entry> find(const std::string& key, Revision at = 0) const {
    auto known = keys_.find(key);
    if (known == keys_.end()) return std::nullopt;
    const Version* version = version_at(known->second, at);
    return version == nullptr || version->entry.erased() ? std::nullopt : std::optional(version->entry);
  }

  Page range(const Range& range, std::size_t limit = 0, Revision at = 0) const {
    Page page;
    page.revision = revision_;
    for (auto key = keys_.lower_bound(range.from); key != keys_.end(); ++key) {
      if (!range.contains(key->first)) break;
      const Version* version = version_at(key->second, at);
      if (version == nullptr || version->entry.erased()) continue;
      page.more = limit != 0 && page.entries.size() == limit;
      if (page.more) break;
      page.entries.push_back(version->entry);
    }
    return page;
  }

  // Every change from `from` on, by revision; within one transaction by key.
  std::vector<Event> events(const Range& range, Revision from) const {
    std::multimap<Revision, Event> by_revision;
    for (const auto& [key, versions] : keys_) {
      if (!range.contains(key)) continue;
      for (auto it = versions.lower_bound(from); it != versions.end(); ++it) {
        Entry previous = it == versions.begin() ? Entry() : std::prev(it)->second.entry;
        if (previous && previous.erased()) previous = Entry();
        by_revision.insert({it->first, {.entry = it->second.entry, .previous = previous}});
      }
    }
    std::vector<Event> events;
    for (const auto& [revision, event] : by_revision) events.push_back(event);
    return events;
  }

  // What a store that is opened again begins with: keys in memory, and those with a lease, are gone.
  std::vector<Entry> lasting() const {
    std::vector<Entry> entries;
    for (const auto& [key, versions] : keys_) {
      const Version& newest = versions.rbegin()->second;
      if (!newest.entry.erased() && !newest.in_memory && newest.entry.lease() == 0)
        entries.push_back(newest.entry);
    }
    return entries;
  }

  void begin_at(const std::vector<Entry>& entries, Revision revision) {
    keys_.clear();
    for (const Entry& entry : entries) keys_[std::string(entry.key())][entry.modified()] = {entry, false};
    revision_ = revision;
  }

 private:
  struct Version {
    Entry entry;
    bool in_memory = false;
  };
  using Versions = std::map<Revision, Version>;

  static const Version* version_at(const Versions& versions, Revision at) {
    auto after = at == 0 ? versions.end() : versions.upper_bound(at);
    return after == versions.begin() ? nullptr : &std::prev(after)->second;
  }

  template <class T>
  static bool related(const T& left, Condition::Relation relation, const T& right) {
    switch (relation) {
      case Condition::Relation::equal: return left == right;
      case Condition::Relation::not_equal: return left != right;
      case Condition::Relation::less: return left < right;
      case Condition::Relation::greater: return left > right;
    }
    return false;
  }

  bool holds(const Condition& condition) const {
    std::optional<Entry> entry = find(condition.key);
    if (condition.field == Condition::Field::value)
      return entry && related(entry->value(), condition.relation, std::string_view(condition.value));
    Stamp stamp = entry ? entry->stamp() : Stamp();
    std::uint64_t number = condition.field == Condition::Field::version    ? stamp.version
                           : condition.field == Condition::Field::created  ? stamp.created
                           : condition.field == Condition::Field::modified ? stamp.modified
                                                                           : stamp.lease;
    return related(number, condition.relation, condition.number);
  }

  Page perform(const Operation& operation, Revision as) {
    if (operation.kind == Operation::Kind::read) return range(operation.range, operation.limit);
    changed_ = changed_ || operation.kind == Operation::Kind::put;
    if (operation.kind == Operation::Kind::erase) {
      Page removed = range(operation.range);
      for (const Entry& entry : removed.entries) set(Entry::erased_at(entry.key(), as));
      changed_ = changed_ || !removed.entries.empty();
      return removed;
    }
    const std::string& key = operation.range.from;
    std::optional<Entry> before = find(key);
    Stamp stamp{.created = before ? before->created() : as,
                .modified = as,
                .version = before ? before->version() + 1 : 1,
                .lease = operation.lease};
    return {.entries = {set(Entry(key, operation.value, stamp))}};
  }

  Entry set(Entry entry) {
    keys_[std::string(entry.key())].insert_or_assign(entry.modified(), Version{entry, in_memory_});
    return entry;
  }

  std::map<std::string, Versions, std::less<>> keys_;
  Revision revision_ = 1;
  bool changed_ = false;    // by the transaction under way
  bool in_memory_ = false;  // it is
};

}  // namespace podo::store
