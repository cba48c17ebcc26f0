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
    std::stable_sort(calls_.begin(), calls_.end(), [](const Call& left, const Call& right) {
      return std::pair(!left.certain, left.began) < std::pair(!right.certain, right.began);
    });
    while (certain_ < calls_.size() && calls_[certain_].certain) ++certain_;
  }

  // Empty, or how far the best order came and what could not follow it.
  std::string run() {
    if (finds_an_order()) return {};
    if (tried_.size() >= states_max) return text("no order among {} states; there are more", tried_.size());
    return text("no order explains these calls; after {}, none of these fits:{}", best_, stuck_);
  }

 private:
  static constexpr std::size_t states_max = 1'000'000;
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
      if (first_open_ == certain_) return true;
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
    for (step.next = std::max(step.next, first_open_); step.next < calls_.size(); ++step.next) {
      const Call& call = calls_[step.next];
      if (call.certain && call.began > first_end) step.next = certain_;
      if (step.next == calls_.size()) break;
      if (!done_[step.next] && may_be_next(calls_[step.next], step, first_end))
        if (std::optional<Step> above = take(step)) return above;
    }
    return std::nullopt;
  }

  static bool may_be_next(const Call& call, const Step& step, Instant first_end) {
    if (call.certain) return fits(call, step.contents);
    return call.began <= first_end && is_alive(call, step.last_beginning) && call.changes() &&
           expectations_hold(call, step.contents);
  }
  static bool is_alive(const Call& uncertain, Instant last_beginning) {
    return uncertain.ended > last_beginning;
  }

  // The candidate, unless what follows it is known to fail.
  std::optional<Step> take(Step& step) {
    const Call& call = calls_[step.next];
    Step above{step.contents, std::max(step.last_beginning, call.began)};
    if (call.changes()) take_effect(call, above.contents);
    set_done(step.next, true);
    if (tried_.insert(name_of(above)).second) {
      step.taken = step.next++;
      return above;
    }
    set_done(step.next, false);
    return std::nullopt;
  }

  void set_done(std::size_t number, bool done) {
    done_[number] = done;
    while (first_open_ < certain_ && done_[first_open_]) ++first_open_;
    if (!done) first_open_ = std::min(first_open_, number);
  }

  // Of the calls that must still find a place.
  Instant earliest_end() const {
    Instant earliest = never;
    for (std::size_t i = first_open_; i < certain_ && calls_[i].began < earliest; ++i)
      if (!done_[i]) earliest = std::min(earliest, calls_[i].ended);
    return earliest;
  }

  // All that decides how it goes on; so not, which calls were taken that cannot be taken any more.
  std::string name_of(const Step& step) const {
    std::string name = text("{} ", first_open_);
    for (std::size_t i = first_open_; i < certain_ && calls_[i].began <= step.last_beginning; ++i)
      name += done_[i] ? '1' : '0';
    for (std::size_t i = certain_; i < calls_.size(); ++i)
      if (is_alive(calls_[i], step.last_beginning)) name += done_[i] ? '+' : '-';
    for (const auto& [key, value] : step.contents)
      name.append(";").append(key).append("=").append(value.substr(0, 24));
    return name;
  }

  void note_progress(std::size_t depth) {
    if (depth <= best_) return;
    best_ = depth;
    stuck_.clear();
    const Instant end = earliest_end();
    for (std::size_t i = first_open_; i < certain_ && calls_[i].began <= end; ++i)
      if (!done_[i]) stuck_ += "\n  " + described(calls_[i]);
  }

  std::vector<Call> calls_;      // the certain ones by beginning, then the uncertain ones
  std::size_t certain_ = 0;      // so many
  std::vector<bool> done_;       // it is in the order
  std::size_t first_open_ = 0;   // all before it are done
  std::set<std::string> tried_;  // names of states that were met
  std::size_t best_ = 0;
  std::string stuck_;
};

// Empty when the calls are linearizable, else why not.
inline std::string linearizability_problem(std::vector<Call> calls) {
  return LinearizabilitySearch(std::move(calls)).run();
}

}  // namespace podo::store
