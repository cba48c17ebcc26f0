// Admission on the node: may this pod run here, beside those that are here already? The scheduler has asked
// much of it before; static pods, and pods bound by hand, were never asked. Pure.
#pragma once

#include <optional>
#include <vector>

#include "base/format/json_tree.h"
#include "cluster/pod/observation.h"

namespace podo::pod {

// Why not: the reason and message of a pod that then fails ("OutOfcpu", "NodeAffinity", "NodePorts",
// "SysctlForbidden"). `others`: those that take room.
std::optional<Problem> admit(const json::Item& pod, const json::Item& node,
                             const std::vector<const json::Item*>& others);

}  // namespace podo::pod
