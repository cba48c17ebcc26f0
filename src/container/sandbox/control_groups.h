// Control groups above those of containers: of a sandbox, or of a class of them. Blocking calls, for the
// pool.
#pragma once

#include <string>
#include <vector>

#include "base/core/error.h"
#include "base/core/log.h"
#include "model/oci/spec.h"

namespace podo::engine {

// Made if it is not there; it gets the limits that are set, and keeps the others it has. What the host lacks
// is told to the log.
Result<> set_control_group(const std::string& path, const oci::Resources& limits, Log& log);
// With groups in it that are empty; conflict while one holds a process. Fine when it is gone.
Result<> remove_control_group(const std::string& path);

// A group for processes themselves: the files in which one writes "0" to enter it.
Result<std::vector<std::string>> make_process_group(const std::string& path);
Result<> kill_process_group(const std::string& path);  // whoever is in there

}  // namespace podo::engine
