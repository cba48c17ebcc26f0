// How often, and how long apart, something is tried again.
#pragma once

#include "base/core/random.h"
#include "base/io/task.h"
#include "base/io/timer.h"

namespace podo::image {

using io::Task;

// Waits of 0.25 s, 0.5 s, 1 s ... 8 s, each shortened by up to a half, so that those who failed together do
// not come again together.
class Patience {
 public:
  Patience(Random& random, unsigned tries) : random_(random), tries_(tries) {}

  // Waits before the next try. Fails with `error` when that was the last one, or the other side wants to be
  // left alone for too long.
  Task<void> rest(Error error, Duration at_least = {});
  void renew() { failed_ = 0; }  // it got further

 private:
  Random& random_;
  unsigned tries_;
  unsigned failed_ = 0;
};

}  // namespace podo::image
