#include "base/io/condition.h"

#include "base/core/ensure.h"

namespace podo::io {

Condition::~Condition() {
  ENSURE(waiting_.empty());  // it outlives those that wait for it
}

void Condition::notify_one() {
  if (Wait* wait = waiting_.front()) {
    wait->unlink();
    wait->wake();
  }
}

void Condition::notify_all() {
  while (!waiting_.empty()) notify_one();
}

}  // namespace podo::io
