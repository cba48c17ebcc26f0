#include "base/store/retention.h"

#include "base/io/timer.h"

namespace podo::store {

io::Task<void> keep_history_for(Store& store, Duration age) {
  constexpr std::size_t looks = 5;
  std::deque<Revision> seen;  // the newest revision at each look, the oldest look first
  for (;;) {
    seen.push_back((co_await store.status()).revision);
    co_await io::sleep(Duration{age.ns / static_cast<std::int64_t>(looks)});
    if (seen.size() <= looks) continue;
    const auto forgotten = co_await store.compact(seen.front()).result();
    seen.pop_front();
    // The budget of bytes may have been quicker.
    if (!forgotten && forgotten.error().kind() != ErrorKind::not_found)
      co_await fail(forgotten.error().kind(), forgotten.error().message());
  }
}

}  // namespace podo::store
