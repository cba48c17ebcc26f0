// What ps(1) printed, less the processes that are not asked for.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/core/error.h"

namespace podo::oci_cli {

// The header line and the lines whose PID column is one of `pids`. Invalid without a PID column.
Result<std::string> pick_processes(std::string_view table, const std::vector<pid_t>& pids);

}  // namespace podo::oci_cli
