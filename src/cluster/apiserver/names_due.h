// Names that somebody has to look at: each once, however often it was said. A level-triggered loop takes them
// one by one, and puts one back for later when it did not work out. Lives on one loop.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/io/condition.h"
#include "base/io/task.h"
#include "base/io/loop.h"

namespace podo::apiserver {

class NamesDue final : private io::Timer {
 public:
  explicit NamesDue(io::Loop& loop) : loop_(loop) {}
  void add(std::string name);
  void add_after(std::string name, Duration after);
  io::Task<std::string> next();  // waits for one

 private:
  void fired() override;
  void set_timer();

  io::Loop& loop_;
  io::Condition changed_{"a name that is due"};
  std::set<std::string> now_;
  std::multimap<Monotonic, std::string> later_;
};

}  // namespace podo::apiserver
