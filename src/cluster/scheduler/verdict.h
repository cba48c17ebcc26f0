// Verdict: whether a pod may go to a node, and if not, what is in the way. Filters give verdicts; people get
// them as upstream's words (reasons_of), counted over all nodes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cluster/scheduler/objects.h"

namespace podo::scheduler {

enum class Obstacle : std::uint8_t {
  none,
  unschedulable,
  taint,
  node_choice,
  ports,
  resources,
  exclusive_claim,  // a ReadWriteOncePod claim that another pod uses
  volume_node,      // a bound volume is not to be had there
  volume_gone,      // a claim is bound to a volume that does not exist
  volume_none,      // no volume there for a claim that waits for its first pod
  volume_zone,
  spread_label,
  spread,
  affinity,
  anti_affinity,
  existing_anti_affinity,
  not_chosen,   // the pod names its nodes, and this one is none of them
  no_victims,   // of preemption: nobody there is less important
  not_helpful,  // of preemption: room would not help
};
inline constexpr std::size_t obstacles = 19;

struct Verdict {
  Obstacle obstacle = Obstacle::none;
  bool hopeless = false;    // nobody's removal from the node would change it
  std::uint32_t lacks = 0;  // of resources: bits

  bool fits() const { return obstacle == Obstacle::none; }
};

inline constexpr std::uint32_t lacks_pods = 1, lacks_cpu = 2, lacks_memory = 4, lacks_storage = 8;
// The i-th of what else is requested.
constexpr std::uint32_t lacks_other(std::size_t i) { return 16u << (i < 27 ? i : 27); }

// The words for it; several when several resources are short. `shape`: whose verdict it is.
std::vector<std::string> reasons_of(const Verdict& verdict, const PodShape& shape);

}  // namespace podo::scheduler
