// Whether a pod may run on a node, as far as a DaemonSet asks: its node selector and affinity, and the node's
// taints. Room on the node is the scheduler's to judge.
#pragma once

#include "cluster/controllers/facts.h"

namespace podo::controllers {

// nodeSelector and required node affinity of a pod's spec.
bool selects(const json::Item& spec, const Node& node);
// Taints of these effects are all tolerated.
bool tolerates(const json::Item& spec, const Node& node, bool also_no_schedule);

}  // namespace podo::controllers
