// Reads what plans need to know of this machine and this caller (plan.h). A few system calls.
#pragma once

#include "container/plan/plan.h"

namespace podo::runtime {

Result<HostFacts> read_host_facts();

}  // namespace podo::runtime
