// What becomes of Services and EndpointSlices on one node: fronts with the backends that serve them there, as
// kube-proxy (v1.36) would have it. Pure.
//
//   ServiceTable table = build_table(services, slices, place);       // of everything: for tests and tools
//   ServiceTable fronts = fronts_of(service, slices_of_it, place);   // of one Service (live_table.h)
//
// Usable is, for each front by itself: what is ready; if nothing is, what ends but still serves. Of those,
// policy Local takes what is on this node, policy Cluster what is near enough (hints), or all.
#pragma once

#include "traffic/services/service_facts.h"
#include "traffic/services/service_table.h"

namespace podo::services {

// Where the table is for.
struct Place {
  std::string node, zone = {};
  std::vector<IpAddress> addresses = {};  // of the node itself
  bool operator==(const Place&) const = default;
};

ServiceTable fronts_of(const Service& service, const std::vector<const Slice*>& slices, const Place& place);

// Of two Services that want the same front, the older one has it.
struct Rank {
  std::string created, service;
  auto operator<=>(const Rank&) const = default;
};
Rank rank_of(const Service& service);

ServiceTable build_table(const std::vector<Service>& services, const std::vector<Slice>& slices,
                         const Place& place);

// Endpoints on this node that are ready: what health checks of load balancers ask for.
std::size_t ready_here(const std::vector<const Slice*>& slices, const Place& place);

}  // namespace podo::services
