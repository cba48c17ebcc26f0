// Whether a concurrent history agrees with the order the store itself claims: that of its revisions. Cheap,
// so for long histories; linearizability.h judges short ones without the store's help.
//
//   No two changes have one revision. Replayed by revision, every call sees what it saw. And no call has a
//   lower revision than one that had ended before it began.
#pragma once

#include "base/store/testsuite/linearizability.h"

namespace podo::store {

// Keys that a call of unknown outcome may have written are not judged, nor what depends on them.
inline std::vector<Call> without_the_unknown(std::vector<Call> calls) {
  std::set<std::string> unknown;
  for (const Call& call : calls)
    if (!call.certain)
      for (const auto& [key, value] : call.writes) unknown.insert(key);
  std::erase_if(calls, [](const Call& call) { return !call.certain || call.revision == 0; });
  for (Call& call : calls) {
    const std::size_t expected = call.expects.size();
    std::erase_if(call.expects, [&](const auto& item) { return unknown.contains(item.first); });
    const bool depends = !call.met && call.expects.size() != expected;
    if (depends) call.expects.clear();
    if (depends) call.met = true;
    if (depends) call.writes.clear();
    for (const std::string& key : unknown)
      if (call.range && call.range->contains(key)) call.range.reset();
    if (!call.range) call.saw.clear();
  }
  return calls;
}

inline std::string replay_problem(const std::vector<Call>& by_revision) {
  Contents contents;
  Revision last = 0;
  for (const Call& call : by_revision) {
    if (call.changes() && call.revision == last)
      return text("two changes at one revision, the second is{}", described(call));
    if (!fits(call, contents))
      return text("at its revision it would have seen something else:{}", described(call));
    if (!call.changes()) continue;
    take_effect(call, contents);
    last = call.revision;
  }
  return {};
}

inline std::string real_time_problem(const std::vector<Call>& calls) {
  std::map<Instant, const Call*> instants;
  for (const Call& call : calls) {
    instants[call.began] = &call;
    instants[call.ended] = &call;
  }
  Revision ended = 0;  // the highest revision of a call that is over
  std::map<const Call*, Revision> at_beginning;
  for (auto [instant, call] : instants) {
    if (instant == call->began) at_beginning[call] = ended;
    if (instant == call->began) continue;
    const Revision least = at_beginning[call] + (call->changes() ? 1 : 0);
    if (call->revision < least)
      return text("a call that had ended before it had revision {}:{}", at_beginning[call], described(*call));
    ended = std::max(ended, call->revision);
  }
  return {};
}

// Empty, or what disagrees.
inline std::string revision_problem(const std::vector<Call>& all) {
  std::vector<Call> calls = without_the_unknown(all);
  std::stable_sort(calls.begin(), calls.end(), [](const Call& left, const Call& right) {
    return std::pair(left.revision, !left.changes()) < std::pair(right.revision, !right.changes());
  });
  std::string problem = replay_problem(calls);
  return problem.empty() ? real_time_problem(calls) : problem;
}

}  // namespace podo::store
