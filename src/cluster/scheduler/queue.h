// Queue: the pods that wait for a node. A pod is in one of these places:
//
//   ready      to be tried: the highest priority first, then who has waited longest there
//   backing    failed a moment ago: ready after 1, 2, 4, 8, 10, 10 ... seconds
//   parked     fitted nowhere: until something happens that could help, or a long time has passed
//   gated      has scheduling gates: until it has none
//
// What could help is asked of the caller (`helps`), once for every parked pod: those that say yes go on to
// `backing`, or `ready` if their time has passed. A pod that has been taken is in no place until it comes
// back. No I/O, no clock: now is told. Lives on the loop.
#pragma once

#include <functional>
#include <set>
#include <tuple>

#include "base/core/clock.h"
#include "cluster/scheduler/verdict.h"

namespace podo::scheduler {

struct QueueOptions {
  Duration back_off_first = seconds(1), back_off_most = seconds(10);
  Duration look_again = seconds(300);
};

// A pod on its way to a node.
struct Waiting {
  PodPtr pod;
  int attempts = 0;
  std::uint32_t obstacles = 0;  // of the last attempt, by bit; what was in the way anywhere
  bool refused = false;         // by no node's fault: by what its claims are
};

class Queue {
 public:
  explicit Queue(QueueOptions options) : options_(options) {}

  void add(PodPtr pod, Monotonic now);  // new, or changed so that it may fit now
  void update(PodPtr pod);              // changed so that nothing else is to be expected
  void remove(std::string_view uid);    // gone, or has a node
  std::optional<Waiting> take(Monotonic now);
  std::optional<Monotonic> next_due() const;  // when take() may give something without anything happening

  // What was taken comes back.
  void park(Waiting waiting, Monotonic now);      // fitted nowhere
  void back_off(Waiting waiting, Monotonic now);  // something went wrong

  void wake(Monotonic now, const std::function<bool(const Waiting&)>& helps);
  const Waiting* find(std::string_view uid) const;
  std::size_t size() const { return entries_.size(); }
  std::size_t parked() const { return parked_.size(); }
  Duration back_off_of(int attempts) const;

 private:
  enum class Place : std::uint8_t { ready, backing, parked, gated };
  struct Entry {
    Waiting waiting;
    Place place = Place::ready;
    Monotonic since = {}, until = {};  // until: of backing and parked
  };
  struct Turn {
    std::int64_t priority, since;
    std::string_view uid;
    auto key() const { return std::tuple(-priority, since, uid); }
    bool operator<(const Turn& other) const { return key() < other.key(); }
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  void put(Entries::iterator entry, Place place, Monotonic now);
  void leave(Entries::iterator entry);
  void wake_due(Monotonic now);
  Entries::iterator enter(Waiting waiting);
  static Turn turn_of(const Entries::iterator& entry);

  const QueueOptions options_;
  Entries entries_;  // by uid
  std::set<Turn> ready_;
  std::set<std::pair<std::int64_t, std::string_view>> due_;  // backing and parked ones
  std::set<std::string_view> parked_;
};

}  // namespace podo::scheduler
