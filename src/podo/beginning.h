// What every daemon of this program begins with.
#pragma once

#include <string>

#include "base/core/error.h"
#include "base/io/task.h"
#include "base/store/log_store.h"

namespace podo {

// Memory goes back to the system, and a thread of the pool does not get an arena of its own: tens of
// megabytes otherwise.
void keep_memory_small();

// Now and then, what was freed between things that stay: the allocator by itself gives back only the end of
// its heap, so a store's log that was read, or ten thousand events that are gone, would keep their pages.
// Never ends; for a group of tasks.
io::Task<void> give_memory_back();

// With its parents; permissions are set also when it is there already.
Result<> make_data_folder(const std::string& path, unsigned mode);

store::LogStoreOptions small_store_options();  // of a store of thousands of keys, not millions

}  // namespace podo
