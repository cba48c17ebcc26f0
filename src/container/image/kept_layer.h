// What a snapshot changed becomes a folder that can be a lower layer: an overlay's upper folder as it stands,
// once what in it is no layer's affair has gone; of a copy, its differences. Blocking calls.
#pragma once

#include <optional>
#include <string>

#include "container/image/image.h"

namespace podo::image {

// Sockets go, as tar has no word for them; so do whiteouts and opaque marks that hide nothing of
// `snapshot.lower` (kernels differ in when they make them, and the layer's digest should not); times after
// `times_at_most` become it. Gives the bytes of the files.
Result<std::uint64_t> tidy_upper(const Snapshot& snapshot, std::optional<std::int64_t> times_at_most);

// For a copy, before that: what of `tree` differs from `layers` (from the lowest) is copied into the empty
// folder `into`.
Result<> write_differences(const std::string& tree, const std::vector<std::string>& layers,
                           const std::string& into);

}  // namespace podo::image
