// Ledger: what was asked of a store, and what it said, in a form that recovery_check.h can hold against what
// is found after a crash.
//
//   ask -> commit -> answer or fail     by every strand, one transaction at a time
//   see                                 by one watch of everything, from the opening on
//   lasts_through                       what is on the disk from now on, whatever happens
//
// Every transaction that changes anything also puts the number it has here under a key of its strand. So a
// store that is found tells of the transactions nobody had an answer for which of them happened, and when.
// They act on a Model in the order of their revisions; it says what has to be there.
#pragma once

#include <charconv>
#include <set>

#include "base/store/testsuite/model_properties.h"
#include "base/store/testsuite/timeline.h"

namespace podo::store {

class Ledger {
 public:
  // Adds the marker, of so many bytes at least.
  std::uint64_t ask(int strand, Transaction& transaction, std::size_t bytes) {
    bool memory = transaction.durability == Durability::memory;
    std::string key = text("{}{}", memory ? "who in memory/" : marker_prefix, strand);
    std::string value = text("{}:", asked_.size());
    value.resize(std::max(value.size(), bytes), 'x');
    transaction.then.push_back(put(key, value));
    if (!transaction.otherwise.empty()) transaction.otherwise.push_back(put(key, value));
    asked_.push_back({.transaction = transaction});
    if (memory || has_lease(transaction)) asked_in_memory_ = true;
    return asked_.size() - 1;
  }

  Result<void> answer(std::uint64_t id, Outcome outcome) {
    Asked& asked = asked_[id];
    told_ = std::max(told_, outcome.revision);
    bool changed = !(outcome.met ? asked.transaction.then : asked.transaction.otherwise).empty();
    if (!changed) asked.impossible = true;
    if (!changed) return {};
    TRY(know(outcome.revision, id));
    if (asked.transaction.durability == Durability::durable) lasts_through(outcome.revision);
    asked.told = std::move(outcome);
    return compare(asked);
  }

  Result<void> fail(std::uint64_t id, const Error& error) {
    switch (error.kind()) {
      case ErrorKind::unavailable:
      case ErrorKind::cancelled: return {};  // it may have happened
      case ErrorKind::exhausted:
      case ErrorKind::not_found: asked_[id].impossible = true; return {};
      default: return internal("a commit fails as {}: {}", name_of(error.kind()), error.message());
    }
  }

  // One answer of a watch of everything from opened_at() + 1.
  Result<void> see(const Events& events) {
    for (auto first = events.events.begin(); first != events.events.end();) {
      Revision revision = first->entry.modified();
      auto end = std::find_if(first, events.events.end(),
                              [&](const Event& event) { return event.entry.modified() != revision; });
      TRY(see_transaction(revision, std::vector<Event>(first, end)));
      first = end;
    }
    if (events.through < seen_) return internal("a watch goes back to {}", events.through);
    seen_ = events.through;
    told_ = std::max(told_, seen_);
    return {};
  }

  // No crash may take what was told up to here.
  void lasts_through(Revision told) { lasts_ = std::max(lasts_, newest_logged(told)); }
  // The process ended: what was told is there, unless the power goes, too.
  void process_died() { system_has_ = newest_logged(told_); }
  void power_went() { system_has_ = 0; }

  Revision opened_at() const { return opened_at_; }
  Revision seen() const { return seen_; }
  Revision told() const { return told_; }

 protected:
  static constexpr std::string_view marker_prefix = "who/";
  struct Asked {
    Transaction transaction;
    bool impossible = false;  // it was refused, or a crash has decided that it did not happen
    std::optional<Outcome> told = {};
    std::optional<Outcome> expected = {};
  };

  static std::optional<std::uint64_t> number_in(const Entry& marker) {
    std::uint64_t number = 0;
    auto value = marker.value();
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end == value.data() + value.size() || *end != ':') return {};
    return number;
  }

  // Revision `revision` is transaction `id`.
  Result<void> know(Revision revision, std::uint64_t id) {
    if (id >= asked_.size() || asked_[id].impossible)
      return internal("transaction {}, which cannot be there, is at revision {}", id, revision);
    auto [known, is_new] = known_.try_emplace(revision, id);
    if (known->second != id)
      return internal("revision {} is transaction {}, and {}", revision, known->second, id);
    if (asked_[id].transaction.durability != Durability::memory) logged_.insert(revision);
    return {};
  }

  Result<void> act(Revision revision, std::uint64_t id) {
    TRY(know(revision, id));
    if (asked_[id].expected) return internal("transaction {} acts again at revision {}", id, revision);
    asked_[id].expected = act(revision, asked_[id].transaction);
    return compare(asked_[id]);
  }
  Outcome act(Revision revision, const Transaction& transaction) {
    Outcome outcome = full_.apply(transaction, revision);
    for (const Event& event : full_.events(Range::prefix(""), revision)) {
      bool lasts = transaction.durability != Durability::memory && event.entry.lease() == 0;
      if (!lasts) newest_in_memory_ = revision;
      timeline_.add(event.entry, lasts);
    }
    acted_ = revision;
    return outcome;
  }

  Revision newest_logged(Revision told) const {
    auto after = logged_.upper_bound(told);
    return after == logged_.begin() ? 0 : *std::prev(after);
  }

  std::vector<Asked> asked_;
  std::map<Revision, std::uint64_t> known_;  // since the opening
  std::set<Revision> logged_;                // those of them that go to the disk
  Model full_;                               // as it is shown
  Timeline timeline_;                        // as it is on the disk
  Revision opened_at_ = 1;
  Revision seen_ = 1;   // by the watch
  Revision acted_ = 1;  // on the model
  Revision told_ = 1;   // the newest that anybody was told
  Revision lasts_ = 0;
  Revision system_has_ = 0;
  Revision newest_in_memory_ = 0;
  bool asked_in_memory_ = false;  // since the opening

 private:
  static bool has_lease(const Transaction& transaction) {
    return std::any_of(transaction.then.begin(), transaction.then.end(),
                       [](const Operation& operation) { return operation.lease != 0; });
  }

  static Result<void> compare(const Asked& asked) {
    if (!asked.told || !asked.expected) return {};
    return no_difference(difference(*asked.expected, *asked.told));
  }

  Result<void> see_transaction(Revision revision, const std::vector<Event>& events) {
    if (revision <= seen_) return internal("revision {} is told after {}", revision, seen_);
    std::optional<std::uint64_t> id;
    Transaction end_of_lease{.durability = Durability::memory};
    bool erases = true;
    for (const Event& event : events) {
      if (event.entry.key().starts_with("who")) id = number_in(event.entry);
      erases = erases && event.entry.erased();
      end_of_lease.then.push_back(erase(Range::key(event.entry.key())));
    }
    if (!id && !erases) return internal("nobody wrote what is told of revision {}", revision);
    if (id) TRY(act(revision, *id));
    else act(revision, end_of_lease);
    seen_ = revision;
    if (id && asked_[*id].transaction.durability == Durability::durable) lasts_through(revision);
    return no_difference(difference(full_.events(Range::prefix(""), revision), events));
  }
};

}  // namespace podo::store
