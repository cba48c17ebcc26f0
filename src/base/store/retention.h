// History by age. A store bounds by bytes what it keeps of the past; this forgets what is older than anybody
// may still ask for, as well, so that a store that has become quiet becomes small. A Kubernetes API server
// does so to etcd (--etcd-compaction-interval, five minutes).
#pragma once

#include "base/io/task.h"
#include "base/store/store.h"

namespace podo::store {

// Never returns; cancelling ends it. Reads and watches from `age` ago on stay possible, and a fifth longer at
// most, as far as the budget of bytes goes.
io::Task<void> keep_history_for(Store& store, Duration age);

}  // namespace podo::store
