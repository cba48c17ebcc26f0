// RFC 3339 in UTC with nanoseconds: "2024-05-01T09:08:07.000000000Z".
#pragma once

#include <string>

#include "base/core/clock.h"

namespace podo::runtime {

std::string rfc3339(Wall at);

}  // namespace podo::runtime
