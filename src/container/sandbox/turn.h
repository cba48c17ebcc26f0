// Turn: strands that change the same thing take turns. Not for threads; lives on one loop.
//
//   Turn::Held held = co_await turn.take();   // until it goes out of scope
#pragma once

#include <utility>

#include "base/io/condition.h"

namespace podo::engine {

class Turn {
 public:
  explicit Turn(std::string what) : free_(std::move(what)) {}

  class [[nodiscard]] Held {
   public:
    explicit Held(Turn* turn) : turn_(turn) {}
    Held(Held&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}
    Held& operator=(Held&& other) noexcept {
      std::swap(turn_, other.turn_);
      return *this;
    }
    ~Held() { release(); }
    void release() {
      if (turn_ == nullptr) return;
      turn_->taken_ = false;
      // All: the one that waited longest may be about to be cancelled.
      std::exchange(turn_, nullptr)->free_.notify_all();
    }

   private:
    Turn* turn_;
  };

  io::Task<Held> take() {
    while (taken_) co_await free_.wait();
    taken_ = true;
    co_return Held(this);
  }

 private:
  bool taken_ = false;
  io::Condition free_;
};

}  // namespace podo::engine
