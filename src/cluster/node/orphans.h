// Orphans: what is left here of pods that the API does not know any more, and nobody works on: containers are
// stopped and removed, then sandboxes, then folders.
#pragma once

#include <functional>

#include "cluster/node/worker.h"

namespace podo::node {

// `is_known(uid)`: somebody works on that pod. For when all pods are known.
Task<void> remove_orphans(const WorkerGround& ground, std::function<bool(std::string_view uid)> is_known);

}  // namespace podo::node
