// What every daemon of this program begins with.
#pragma once

#include <string>

#include "base/core/error.h"
#include "base/store/log_store.h"

namespace podo {

// With its parents; permissions are set also when it is there already.
Result<> make_data_folder(const std::string& path, unsigned mode);

store::LogStoreOptions small_store_options();  // of a store of thousands of keys, not millions

}  // namespace podo
