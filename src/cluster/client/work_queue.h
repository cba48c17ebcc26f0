// WorkQueue: keys of what is to be looked at. A key waits there once, however often it is added; it is with
// one worker at a time; added meanwhile, it comes again when that worker is done. What failed comes later and
// later: 5 ms, 10 ms, ... 5 minutes.
//
//   for (;;) {
//     const std::string key = co_await queue.next();
//     const auto outcome = co_await reconcile(key).result();
//     queue.done(key, outcome ? WorkQueue::Outcome::good : WorkQueue::Outcome::failed);
//   }
//
// Lives on one loop; any number of workers. Pending timers die with it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/io/condition.h"
#include "base/io/task.h"
#include "base/io/timer.h"

namespace podo::client {

class WorkQueue {
 public:
  explicit WorkQueue(io::Loop& loop, std::string name);
  ~WorkQueue();

  void add(std::string_view key);
  void add_after(std::string_view key, Duration wait);  // the earliest of several counts
  io::Task<std::string> next();
  enum class Outcome : std::uint8_t { good, failed };
  void done(std::string_view key, Outcome outcome = Outcome::good);

  std::size_t size() const { return waiting_.size(); }  // ready ones; not those that come later
  static Duration wait_after(int failures);

 private:
  class Later;
  io::Loop& loop_;
  std::deque<std::string> waiting_;
  std::set<std::string, std::less<>> known_;          // in waiting_, or to come again
  std::set<std::string, std::less<>> taken_;          // with a worker
  std::map<std::string, int, std::less<>> failures_;  // in a row
  std::map<std::string, std::unique_ptr<Later>, std::less<>> later_;
  io::Condition added_;
};

}  // namespace podo::client
