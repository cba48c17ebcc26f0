// Which of the cache's items go, and in which order. Pure.
//
// An item goes after those that were made on top of it, so that what goes frees its bytes; among those that
// may go, the one that was used longest ago. Items that are in use stay, and so do shared ones (an image has
// the layer, so nothing would be won) unless `all` is asked for. How much may stay, as BuildKit reckons:
//
//   nothing said       -> nothing
//   max_used_bytes M   -> M; less when fewer than min_free_bytes are free on the disk
//   keep_bytes K       -> but K may always stay
//
//   filter := KEY [ "~" ] ":" VALUE
//     until: 24h, or an instant: not used since; id, parent, type, description: equal, of an id or with "~" a
//     part of it; inuse, shared, private: "" or a truth
#pragma once

#include "container/builder/builder.h"

namespace podo::builder {

// Ids, in the order in which they go. Invalid: a filter that is not known or has several values.
Result<std::vector<std::string>> plan_prune(const std::vector<CacheItem>& items, const CachePrune& how,
                                            Wall now, std::uint64_t free_bytes);

}  // namespace podo::builder
