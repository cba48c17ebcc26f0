#include "base/store/store.h"

namespace podo::store {

Task<std::optional<Page>> Pages::next() {
  if (!more_) co_return std::nullopt;
  Page page = co_await store_.range(rest_, page_entries_, at_);
  if (at_ == 0) at_ = page.revision;
  more_ = page.more;
  if (more_) rest_.from = Range::key(page.entries.back().key()).to;
  co_return std::optional<Page>(std::move(page));
}

Task<Revision> write(Store& store, std::string key, std::string value, Durability durability) {
  Transaction transaction{.durability = durability};
  transaction.then.push_back(put(std::move(key), std::move(value)));
  Outcome outcome = co_await store.commit(std::move(transaction));
  co_return outcome.revision;
}

Task<std::uint64_t> remove(Store& store, Range range, Durability durability) {
  Transaction transaction{.durability = durability};
  transaction.then.push_back(erase(std::move(range)));
  Outcome outcome = co_await store.commit(std::move(transaction));
  co_return outcome.replies[0].entries.size();
}

}  // namespace podo::store
