// service.kubernetes.io/topology-mode: Auto: every zone gets endpoints by its part of the cluster's CPUs,
// its own as far as they suffice, as upstream's controller does it. Pure.
//
//   const ZoneShares shares = shares_of(nodes);
//   hints = hints_by_share(shares, {zone of each ready endpoint});     // of a family; none: no hints at all
//
// There are no hints with fewer than two zones; when a ready node does not say its zone or CPUs; with fewer
// ready endpoints than zones; and when a zone cannot have its part without being a fifth over it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/control/facts.h"

namespace podo::controllers {

using ZoneShares = std::map<std::string, double>;  // parts of 1; empty: no hints

// Nodes of the control plane do not count, nor those that are not ready.
ZoneShares shares_of(const std::vector<const Node*>& nodes);

// For each endpoint, in their order, the zone that shall use it; empty: no hints.
std::vector<std::string> hints_by_share(const ZoneShares& shares, const std::vector<std::string_view>& zones);

inline constexpr std::string_view topology_mode = "service.kubernetes.io/topology-mode";

bool is_control_plane(const Node& node);
bool wants_zone_hints(const json::Item& service);  // by its annotation

}  // namespace podo::controllers
