#include "cluster/apiserver/names_due.h"

namespace podo::apiserver {

void NamesDue::add(std::string name) {
  now_.insert(std::move(name));
  changed_.notify_one();
}

void NamesDue::add_after(std::string name, Duration after) {
  later_.emplace(loop_.clock().now() + after, std::move(name));
  set_timer();
}

void NamesDue::set_timer() {
  cancel();
  if (!later_.empty()) set(loop_, later_.begin()->first);
}

void NamesDue::fired() {
  const Monotonic now = loop_.clock().now();
  while (!later_.empty() && later_.begin()->first <= now) {
    add(std::move(later_.begin()->second));
    later_.erase(later_.begin());
  }
  set_timer();
}

io::Task<std::string> NamesDue::next() {
  while (now_.empty()) co_await changed_.wait();
  co_return std::move(now_.extract(now_.begin()).value());
}

}  // namespace podo::apiserver
