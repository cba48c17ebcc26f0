// What of one node alone decides: whether new pods may go there, its taints, labels, ports and room. Pure.
#pragma once

#include "cluster/scheduler/snapshot.h"
#include "cluster/scheduler/verdict.h"

namespace podo::scheduler {

// The first of them that is in the way, in upstream's order.
Verdict check_node(const PodShape& shape, const NodeInfo& info);

// Each of them.
bool is_unschedulable_for(const PodShape& shape, const Node& node);
bool has_free_ports(const PodShape& shape, const NodeInfo& info);
Verdict check_room(const PodShape& shape, const NodeInfo& info);

}  // namespace podo::scheduler
