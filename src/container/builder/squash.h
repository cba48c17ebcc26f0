// --squash: the layers of a build become one, over those it began with. Lives on the loop.
#pragma once

#include "container/builder/state.h"
#include "container/builder/work.h"

namespace podo::builder {

Task<void> squash(Work& work, State& state);

}  // namespace podo::builder
