// At most so many steps at once, over all builds: each is a container, or a copy that keeps the disk busy.
// Lives on one loop.
#pragma once

#include <utility>

#include "base/io/condition.h"

namespace podo::builder {

class Places {
 public:
  explicit Places(unsigned count) : free_(count) {}

  class [[nodiscard]] Held {
   public:
    explicit Held(Places* places) : places_(places) {}
    Held(Held&& other) noexcept : places_(std::exchange(other.places_, nullptr)) {}
    Held& operator=(Held&& other) = delete;
    ~Held() {
      if (places_ == nullptr) return;
      ++places_->free_;
      places_->changed_.notify_all();  // all: the one that waited longest may be about to be cancelled
    }

   private:
    Places* places_;
  };

  io::Task<Held> take() {
    while (free_ == 0) co_await changed_.wait();
    --free_;
    co_return Held(this);
  }

 private:
  unsigned free_;
  io::Condition changed_{"a place for a step of a build"};
};

}  // namespace podo::builder
