// What policies are decided by, read from objects of the API: policies, pods, labels of namespaces.
//
// Pods of the host's network are no pods here: policies neither select them nor mean them. Addresses of pods
// that have ended may be anybody's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/core/ip_address.h"
#include "model/kube/selectors.h"

namespace podo::policy {

struct NamedPort {
  std::string name;
  std::uint8_t protocol = 0;  // IPPROTO_*
  std::uint16_t number = 0;
  bool operator==(const NamedPort&) const = default;
};

struct PolicyPod {
  std::string uid = {};  // of a mirror pod: of the static pod that it shows
  std::string name_space = {}, name = {}, node = {};
  kube::Labels labels = {};
  std::vector<NamedPort> ports = {};
  std::vector<IpAddress> addresses = {};
  bool here = false;   // on this node: its packets pass here
  bool ended = false;  // succeeded, or failed
  bool operator==(const PolicyPod&) const = default;

  const NamedPort* find_port(std::string_view port, std::uint8_t protocol) const;
};

struct PolicyPort {
  std::uint8_t protocol = 0;
  std::string name = {};  // of a port of the destination; "": these numbers
  std::uint16_t first = 0, last = 65535;
};

struct PolicyPeer {
  std::optional<kube::LabelSelector> pods = {}, name_spaces = {};  // without: of the policy's own namespace
  IpPrefix block = {};                                             // or this, and no selectors
  std::vector<IpPrefix> except = {};
};

// Both have to hold. Empty: whoever, whichever.
struct PolicyRule {
  std::vector<PolicyPeer> peers = {};
  std::vector<PolicyPort> ports = {};
};

struct Policy {
  std::string name_space, name;
  kube::LabelSelector pods = {};
  // Of a direction that the policy is about: what is let through, and nothing else.
  std::optional<std::vector<PolicyRule>> ingress = {}, egress = {};
};

struct PolicyWorld {
  std::map<std::string, Policy, std::less<>> policies = {};  // by "NAMESPACE/NAME"
  std::map<std::string, PolicyPod, std::less<>> pods = {};   // by uid
  std::map<std::string, kube::Labels, std::less<>> name_spaces = {};
};

Result<Policy> read_policy(const json::Item& object);
std::optional<PolicyPod> read_pod(const json::Item& object);  // none: it is of the host's network

}  // namespace podo::policy
