// The memory maker of Store: nothing lasts longer than the object. For tests and simulations.
#pragma once

#include "base/store/local_store.h"

namespace podo::store {

std::unique_ptr<Store> make_memory_store(io::Loop& loop, Random& random, const StoreOptions& options = {});

}  // namespace podo::store
