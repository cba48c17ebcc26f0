// Condition: strands wait until another one says that something they look at has changed.
//
//   while (queue.empty()) co_await changed.wait();
//
// Nothing is remembered: who is not waiting misses the notice, so look first. notify_one() wakes the one that
// has waited longest. All on one loop.
#pragma once

#include <string>

#include "base/io/wait.h"

namespace podo::io {

struct Waiting;

class Condition {
 public:
  explicit Condition(std::string what) : what_(std::move(what)) {}  // `what` stands in reports
  ~Condition();

  class [[nodiscard]] Wait final : public io::Wait, public Link<Waiting> {
   public:
    explicit Wait(Condition& condition) : condition_(condition) {}
    ~Wait() override { end(); }
    std::string what() const override { return condition_.what_; }

   private:
    friend class Condition;
    void start() override { condition_.waiting_.push_back(*this); }
    void stop() override { unlink(); }
    Condition& condition_;
  };
  Wait wait() { return Wait(*this); }

  void notify_one();
  void notify_all();

 private:
  List<Wait, Waiting> waiting_;
  std::string what_;
};

}  // namespace podo::io
