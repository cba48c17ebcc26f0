// Signals by the names people type: "KILL", "SIGKILL", "sigkill", "9", "RTMIN+1", "SIGRTMAX-2".
#pragma once

#include <string>
#include <string_view>

#include "base/core/error.h"

namespace podo::linux {

Result<int> parse_signal(std::string_view text);  // 1 .. SIGRTMAX; Invalid otherwise
std::string name_signal(int signal);  // "SIGKILL", "SIGRTMIN+3"; a number without a name as digits

}  // namespace podo::linux
