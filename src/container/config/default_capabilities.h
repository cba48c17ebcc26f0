// Which capabilities a container's processes have: Docker's fourteen, changed by --cap-add and --cap-drop.
#pragma once

#include <cstdint>
#include <string>

#include "base/core/error.h"
#include "container/config/runtime_config.h"

namespace podo::engine {

// Sets are one bit a capability (base/linux/capability.h). Names with or without "CAP_", in any case; "ALL".
// invalid: `invalid CapAdd: unknown capability: "CAP_X"`.
Result<std::uint64_t> wanted_capabilities(const docker::HostConfig& host_config, const Machine& machine);
std::uint64_t default_capabilities();
std::uint64_t every_capability(const Machine& machine);

}  // namespace podo::engine
