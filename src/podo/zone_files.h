// Time zones of this machine, for CronJobs that name one.
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo {

// The bytes of /usr/share/zoneinfo/NAME ("Europe/Paris"). not_found: there is no such zone here.
Result<std::string> read_zone_file(std::string_view name);

}  // namespace podo
