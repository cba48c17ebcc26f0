#include "base/store/memory_store.h"

namespace podo::store {

std::unique_ptr<Store> make_memory_store(io::Loop& loop, Random& random, const StoreOptions& options) {
  return std::make_unique<LocalStore>(loop, random, options, std::make_unique<History>(options.history_bytes),
                                      nullptr);
}

}  // namespace podo::store
