// Aftermath: what was asked of a store and what it answered, and whether what a store holds after its machine
// stopped can have come from that:
//
//   every acknowledged durable transaction is there     and relaxed ones, when only the process was killed
//   every transaction is there wholly, or not at all    with the revision that was acknowledged
//   what is missing is the end                          no later one is there without the earlier
//   revisions do not go back                            below any that was shown
//
// Transactions whose answer never came may be there, at any place between their being asked and the end.
// Values tell who wrote them (workload.h), so those that are seen in the store are known.
#pragma once

#include <algorithm>
#include <set>

#include "base/store/testsuite/model.h"

namespace podo::store {

class Aftermath {
 public:
  enum class Stop : std::uint8_t { power_cut, killed, closed };

  std::size_t ask(const Transaction& transaction) {
    asked_.push_back({.transaction = transaction, .asked = ++now_});
    return asked_.size() - 1;
  }
  void answer(std::size_t number, const Result<Outcome>& answer) {
    Asked& asked = asked_[number];
    asked.answered = ++now_;
    if (answer) asked.outcome = *answer;
    if (answer) show(answer->revision);
    asked.refused = !answer && answer.error().kind() != ErrorKind::unavailable &&
                    answer.error().kind() != ErrorKind::cancelled;
  }
  // Somebody saw it.
  void show(Revision revision) { shown_ = std::max(shown_, revision); }
  // flush() has returned.
  void flushed() {
    for (Asked& asked : asked_) asked.flushed = asked.flushed || asked.outcome.has_value();
  }

  // A store was opened again and holds `found`: what is wrong with that. Empty when nothing is; the aftermath
  // then begins anew from there.
  std::string problem(const std::vector<Entry>& found, Revision revision, Stop stop) {
    if (revision < shown_) return text("revision {} was shown, the store is at {}", shown_, revision);
    sort_out(found, stop);
    if (!explains(begin_, 0, 0))
      return steps_ > steps_max ? "too many transactions without an answer to decide"
                                : text("{} of {} acknowledged changes: {}", best_, changes_.size(), why_);
    begin_.begin_at(found, revision);
    asked_.clear();
    return {};
  }

 private:
  static constexpr int steps_max = 200'000;
  struct Asked {
    Transaction transaction;
    std::uint64_t asked = 0;
    std::uint64_t answered = UINT64_MAX;
    std::optional<Outcome> outcome = {};
    bool refused = false;
    bool flushed = false;

    bool changed() const {
      if (!outcome) return false;
      const auto& operations = outcome->met ? transaction.then : transaction.otherwise;
      for (std::size_t i = 0; i < operations.size(); ++i)
        if (operations[i].kind != Operation::Kind::read && !outcome->replies[i].entries.empty()) return true;
      return false;
    }
    bool survives(Stop stop) const {
      if (transaction.durability == Durability::memory) return false;
      return transaction.durability == Durability::durable || stop != Stop::power_cut || flushed;
    }
  };

  void sort_out(const std::vector<Entry>& found, Stop stop) {
    changes_.clear(), unknown_.clear(), revisions_.clear(), visible_.clear();
    required_ = best_ = 0;
    steps_ = 0;
    why_ = "nothing fits";
    found_ = &found;
    for (const Asked& asked : asked_) {
      if (asked.changed()) changes_.push_back(&asked);
      if (!asked.outcome && !asked.refused) unknown_.push_back(&asked);
    }
    std::stable_sort(changes_.begin(), changes_.end(), [](const Asked* left, const Asked* right) {
      return left->outcome->revision < right->outcome->revision;
    });
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (changes_[i]->survives(stop)) required_ = i + 1;
      for (const Page& reply : changes_[i]->outcome->replies) witness(reply.entries);
    }
    witness(found);
    for (const Entry& entry : found)
      if (!entry.value().empty()) visible_[entry.value()] = entry.modified();
  }

  void witness(const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      revisions_.insert(entry.created());
      revisions_.insert(entry.modified());
    }
  }

  // From `model` on: the acknowledged changes from number `change`, with those of unknown outcome, in the
  // order in which they were asked for, anywhere between them.
  bool explains(Model model, std::size_t change, std::size_t unknown) {
    for (;;) {
      if (++steps_ > steps_max) return false;
      if (change >= required_ && is_found(model, change)) return true;
      if (unknown < unknown_.size() && may_come(*unknown_[unknown], change)) {
        const Transaction& transaction = unknown_[unknown]->transaction;
        const Revision seen = revision_seen(transaction);
        const std::set<Revision> places = places_for(seen, model.revision(), change);
        for (Revision place : places) {
          Model with = model;
          if (with.apply(transaction, place).revision != place) continue;
          if (explains(std::move(with), change, unknown + 1)) return true;
        }
        const bool here_or_never = !places.empty() || change == changes_.size();
        if (seen == 0 && here_or_never && explains(model, change, unknown + 1)) return true;
      }
      if (change == changes_.size() || !follows(model, change)) return false;
      ++change;
    }
  }

  bool is_found(const Model& model, std::size_t change) {
    return note(change, difference(model.lasting(), *found_));
  }

  bool follows(Model& model, std::size_t change) {
    const Outcome& outcome = *changes_[change]->outcome;
    if (outcome.revision <= model.revision()) return false;
    return note(change, difference(model.apply(changes_[change]->transaction, outcome.revision), outcome));
  }

  bool note(std::size_t change, std::string difference) {
    if (!difference.empty() && change >= best_) {
      best_ = change;
      why_ = difference;
    }
    return difference.empty();
  }

  // What had been answered before it was asked for is there before it.
  bool may_come(const Asked& unknown, std::size_t change) const {
    for (std::size_t i = change; i < changes_.size(); ++i)
      if (changes_[i]->answered < unknown.asked) return false;
    return true;
  }

  Revision revision_seen(const Transaction& transaction) const {
    for (const auto* operations : {&transaction.then, &transaction.otherwise})
      for (const Operation& operation : *operations)
        if (auto seen = visible_.find(operation.value); seen != visible_.end()) return seen->second;
    return 0;
  }

  // The revisions one of unknown outcome can have behind `after`: the one it is seen with; else the next, or
  // one that somebody saw and nobody was answered.
  std::set<Revision> places_for(Revision seen, Revision after, std::size_t change) const {
    Revision end = UINT64_MAX;  // behind the required ones, it may stand for those that are lost
    if (change < required_) end = changes_[change]->outcome->revision;
    std::set<Revision> places;
    if (seen == 0 && after + 1 < end) places.insert(after + 1);
    for (auto it = revisions_.upper_bound(after); it != revisions_.end() && *it < end; ++it)
      if (seen == 0 || *it == seen) places.insert(*it);
    return places;
  }

  Model begin_;
  std::vector<Asked> asked_;
  std::uint64_t now_ = 0;
  Revision shown_ = 1;

  const std::vector<Entry>* found_ = nullptr;
  std::vector<const Asked*> changes_;  // acknowledged, by revision
  std::vector<const Asked*> unknown_;  // by when they were asked for
  std::size_t required_ = 0;           // so many of changes_ must be there
  std::set<Revision> revisions_;       // that somebody saw
  std::map<std::string_view, Revision> visible_;
  std::size_t best_ = 0;
  std::string why_;
  int steps_ = 0;
};

// Asks the store, and notes it.
inline io::Task<Result<Outcome>> commit_noted(Store& store, Aftermath& aftermath, Transaction transaction) {
  std::size_t number = aftermath.ask(transaction);
  Result<Outcome> outcome = co_await store.commit(std::move(transaction)).result();
  aftermath.answer(number, outcome);
  co_return std::move(outcome);
}

}  // namespace podo::store
