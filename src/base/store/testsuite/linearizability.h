// Linearizability: whether a concurrent history of calls can have come from a store that does one thing at a
// time. Values, not revisions, are what this is judged by, so that the store's own claims play no part.
//
//   Could every call have taken effect at one instant between its beginning and its end, such that each saw
//   exactly what the ones before it had left?
//
// The search: an order is built call by call. Next may be any call that began before every other remaining
// one had ended, if what it saw fits the state. Dead ends (which calls are done, and the state) are
// remembered, so each is met once. A call whose outcome nobody knows may take effect at any instant of its
// span, or never. revision_order.h asks more: that the order is the one the store itself names.
#pragma once

#include <algorithm>
#include <set>
#include <vector>

#include "base/store/testsuite/call.h"

namespace podo::store {

class LinearizabilitySearch {
 public:
  explicit LinearizabilitySearch(std::vector<Call> calls) : calls_(std::move(calls)), done_(calls_.size()) {
    std::stable_sort(calls_.begin(), calls_.end(),
                     [](const Call& left, const Call& right) { return left.began < right.began; });
    for (const Call& call : calls_) remaining_ += call.certain;
  }

  // Empty, or how far the best order came and what could not follow it.
  std::string run() {
    if (finds_an_order()) return {};
    if (tried_.size() >= states_max) return text("no order among {} states; there are more", tried_.size());
    return text("no order explains these calls; after {}, none of these fits:{}", best_, stuck_);
  }

 private:
  static constexpr std::size_t states_max = 2'000'000;
  struct Step {
    Contents contents;
    Instant last_beginning = 0;  // of the calls in the order
    std::size_t next = 0;        // candidate to try
    std::size_t taken = 0;       // the one that led to the step above
  };

  // Depth first, with a stack of its own: histories are long.
  bool finds_an_order() {
    std::vector<Step> steps(1);
    while (!steps.empty()) {
      if (remaining_ == 0) return true;
      Step& step = steps.back();
      if (step.next == 0) note_progress(steps.size());
      if (tried_.size() >= states_max) return false;
      if (std::optional<Step> above = next_step(step)) {
        steps.push_back(*std::move(above));
        continue;
      }
      steps.pop_back();
      if (!steps.empty()) set_done(steps.back().taken, false);
    }
    return false;
  }

  // Certain calls are tried first: what perhaps never happened is the last explanation.
  std::optional<Step> next_step(Step& step) {
    const Instant first_end = earliest_end();
    for (; step.next < 2 * calls_.size(); ++step.next) {
      const std::size_t number = step.next % calls_.size();
      const Call& call = calls_[number];
      if (done_[number] || call.began > first_end || call.certain != (step.next < calls_.size())) continue;
      if (call.certain ? !fits(call, step.contents) : !possible(call, step)) continue;
      Step above{step.contents, std::max(step.last_beginning, call.began)};
      if (call.changes()) take_effect(call, above.contents);
      set_done(number, true);
      if (tried_.insert(name_of_state(above.contents)).second) {
        step.taken = number;
        ++step.next;
        return above;
      }
      set_done(number, false);
    }
    return std::nullopt;
  }

  static bool possible(const Call& uncertain, const Step& step) {
    return !uncertain.writes.empty() && uncertain.ended > step.last_beginning &&
           expectations_hold(uncertain, step.contents);
  }

  void set_done(std::size_t number, bool done) {
    done_[number] = done;
    if (calls_[number].certain) remaining_ += done ? -1 : 1;
    while (first_open_ < calls_.size() && done_[first_open_]) ++first_open_;
    if (!done) first_open_ = std::min(first_open_, number);
  }

  // Of the calls that must still find a place.
  Instant earliest_end() const {
    Instant earliest = never;
    for (std::size_t i = first_open_; i < calls_.size() && calls_[i].began < earliest; ++i)
      if (!done_[i] && calls_[i].certain) earliest = std::min(earliest, calls_[i].ended);
    return earliest;
  }

  std::string name_of_state(const Contents& contents) const {
    std::string name = text("{}", first_open_);
    std::size_t last = calls_.size();
    while (last > first_open_ && !done_[last - 1]) --last;
    for (std::size_t i = first_open_; i < last; ++i) name += done_[i] ? '1' : '0';
    for (const auto& [key, value] : contents)
      name.append(";").append(key).append("=").append(value.substr(0, 24));
    return name;
  }

  void note_progress(std::size_t depth) {
    if (depth <= best_) return;
    best_ = depth;
    stuck_.clear();
    const Instant end = earliest_end();
    for (std::size_t i = first_open_; i < calls_.size() && calls_[i].began <= end; ++i)
      if (!done_[i]) stuck_ += "\n  " + described(calls_[i]);
  }

  std::vector<Call> calls_;  // by beginning
  std::vector<bool> done_;
  std::size_t first_open_ = 0;  // all before it are done
  std::size_t remaining_ = 0;   // certain calls that are not done
  std::set<std::string> tried_;
  std::size_t best_ = 0;
  std::string stuck_;
};

// Empty when the calls are linearizable, else why not.
inline std::string linearizability_problem(std::vector<Call> calls) {
  return LinearizabilitySearch(std::move(calls)).run();
}

}  // namespace podo::store
