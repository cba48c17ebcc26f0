// The service table: which addresses of Services lead where, on this node, now. A value without Kubernetes in
// it: what becomes of Services and EndpointSlices is decided before (build_table.h), what the kernel makes
// of it after (service_rules.h).
//
// Front: what clients send to. Backend: who answers. A front without backends refuses, or drops.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/core/ip_address.h"

namespace podo::services {

// From where a front may be reached.
enum class Reach : std::uint8_t {
  inside,      // pods of this node and the node itself: cluster IPs
  everywhere,  // and whoever sends packets here: external IPs, load balancers
};

struct FrontKey {
  IpAddress address;          // unspecified, of its family: every address of this node (a node port)
  std::uint8_t protocol = 0;  // IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP
  std::uint16_t port = 0;
  auto operator<=>(const FrontKey&) const = default;
};

struct Backend {
  IpAddress address;  // of the front's family
  std::uint16_t port = 0;
  bool here = true;  // on this node: its answers come by here whatever the source, so the source is kept
  auto operator<=>(const Backend&) const = default;
};

struct Front {
  std::string service = {};  // "default/web:http", for people
  Reach reach = Reach::inside;
  std::vector<Backend> backends = {};  // sorted, each once
  // Who comes from outside the cluster gets these instead (externalTrafficPolicy: Local); only when `splits`.
  bool splits = false;
  std::vector<Backend> backends_outside = {};
  Duration affinity = {};              // a client stays with its backend so long; 0: no affinity
  std::vector<IpPrefix> sources = {};  // who may come, of those from outside; empty: everybody
  bool drops = false;                  // without backends: in silence, so that another node is tried
  bool operator==(const Front&) const = default;
};

using ServiceTable = std::map<FrontKey, Front>;

}  // namespace podo::services
