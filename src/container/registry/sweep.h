// What of a repository is garbage. Pure.
//
// Blobs that no manifest refers to; with `untagged`, also manifests that no tag and no index leads to (what
// refers to a kept manifest as its subject is kept with it). Nothing that was touched within `held`. Of a
// pull-through cache, manifests nobody asked for within `cached_for` go with their tags.
#pragma once

#include "container/registry/catalog.h"

namespace podo::registry {

struct SweepRules {
  Monotonic now;
  Duration held;
  bool untagged = false;
  std::optional<Duration> cached_for = {};
};

Catalog::Sweep plan_sweep(const Repository& repository, const SweepRules& rules);

}  // namespace podo::registry
