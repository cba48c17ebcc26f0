// The contents of /dev that no mount brings: device nodes and the links of the specification.
// https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#default-devices
#pragma once

#include <vector>

#include "base/core/error.h"
#include "container/plan/plan.h"

namespace podo::runtime {

// Nodes with exactly the mode that is asked for (umask 0 expected). In a user namespace, where mknod(2) is
// refused, the host's device of that path and number is bound instead. A node that is there already with the
// same type and number is left.
Result<> make_devices(int root, const std::vector<DevicePlan>& devices, bool in_user_namespace);

// fd, stdin, stdout, stderr, ptmx.
Result<> make_device_links(int root);

}  // namespace podo::runtime
