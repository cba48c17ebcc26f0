// Watchers: who waits for which range. A watcher is a place in the history, not a queue: a thousand of them,
// and slow ones, cost no more than their places. Those of equal ranges share one look at what is new.
#pragma once

#include <map>

#include "base/io/condition.h"
#include "base/io/list.h"
#include "base/io/timer.h"
#include "base/store/history.h"

namespace podo::store {

struct Watching;

class Watchers {
 public:
  explicit Watchers(io::Loop& loop, History& history) : loop_(loop), history_(history) {}
  ~Watchers();

  std::unique_ptr<Watch> open(Range range, Revision from);
  void shown(std::uint64_t first_event);  // the history has events from this number on that are new
  void close();                           // every watch is cancelled

 private:
  class Follower;
  struct ByFrom {
    bool operator()(const Range& left, const Range& right) const {
      return left.from != right.from ? left.from < right.from : left.to < right.to;
    }
  };
  using Audience = io::List<Follower, Watching>;

  io::Loop& loop_;
  History& history_;
  std::map<Range, Audience, ByFrom> audiences_;
  bool closed_ = false;
};

}  // namespace podo::store
