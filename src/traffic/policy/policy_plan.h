// The plan: what policies come to on this node, as a value. Pure: no clock, no I/O, and the same world gives
// the same rules.
//
// A pod that policies select for a direction is in a group of that direction: all pods here that the same
// policies select. What no Allow of its group lets through is dropped; pods in no group are free. Always let
// through, and no part of this: answers, what the node sends to its pods, a pod's traffic to itself.
//
// Groups and sets of peers are named by what they are made from, so that they keep their names while pods
// come and go.
//
// The cluster's DNS server is no pod here but this node, at the addresses of its bridges. Policies mean the
// pod that it is elsewhere: kube-system's, labelled k8s-app=kube-dns. Who may send to that pod may ask at
// those addresses, port 53, and reaches nothing else there.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "traffic/policy/address_ranges.h"
#include "traffic/policy/policy_objects.h"

namespace podo::policy {

struct PortRange {
  std::uint8_t protocol = 0;  // IPPROTO_*
  std::uint16_t first = 0, last = 65535;
  auto operator<=>(const PortRange&) const = default;
};

// Traffic with any of the peers, to any of the ports: of the pod's (ingress) or the peer's (egress).
struct Allow {
  std::string peers = {};             // of PolicyRules; "": whoever it is
  std::vector<PortRange> ports = {};  // sorted, apart; none: all there is, of every protocol
  bool operator==(const Allow&) const = default;
};

// Pods, or a block; the other is empty.
struct Peers {
  std::vector<IpAddress> addresses = {};  // sorted, each once
  std::vector<AddressRange> ranges = {};  // sorted, apart
  bool operator==(const Peers&) const = default;
};

struct PolicyRules {
  std::map<std::string, Peers> peers = {};
  std::map<std::string, std::vector<Allow>> groups = {};
  std::map<IpAddress, std::string> ingress = {}, egress = {};  // a pod's address -> its group
  bool operator==(const PolicyRules&) const = default;
};

// `dns`: addresses of this node at which it answers for names.
PolicyRules plan_policies(const PolicyWorld& world, const std::vector<IpAddress>& dns);

}  // namespace podo::policy
