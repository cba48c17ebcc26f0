// Pods as the API server keeps them: text of which much is alike from one to the next, and some is random.
#pragma once

#include <string>

#include "base/core/random.h"

namespace podo::bench {

std::string pod_text(Random& random, std::size_t bytes);  // cut, or filled up, to that size

}  // namespace podo::bench
