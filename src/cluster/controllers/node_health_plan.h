// What becomes of a node by what it says of itself, and by its silence.
//
//   nothing heard for 50 s (60 s of one that never spoke)   its conditions become Unknown
//   its conditions, spec.unschedulable                      taints that keep new pods away (NoSchedule)
//   not ready, or unknown                                   a taint that drives pods away (NoExecute), unless
//                                                           all nodes are so: then nobody can take them over
//   not ready, or unknown                                   its pods are not ready either
//   no range of pod addresses                               it gets the next free one
//
// Pure. A node is heard when its Lease is renewed or when its status has a new heartbeat; by the clock of who
// hears it.
#pragma once

#include "base/core/ip_address.h"
#include "cluster/control/plan.h"

namespace podo::controllers {

inline constexpr Seconds node_silence_max = 50, first_word_within = 60;

struct NodeInput {
  const json::Item& node;
  const Node& self;
  Seconds silent_for = 0;
  bool all_are_down = false;
  Pods pods;  // on it
  Seconds now = 0;
};
Plan plan_node_health(const NodeInput& in);

// The taints that it should have, of all kinds; those of others are kept.
json::Tree wanted_taints(const json::Item& node, bool all_are_down, Seconds now);

// The first free range of `length` bits in `all`, or none.
std::optional<IpPrefix> free_range(const IpPrefix& all, int length, const std::vector<std::string>& taken);

}  // namespace podo::controllers
