// Services and EndpointSlices as far as the service table needs them, decoded once per change of an object.
// Values; pure. What the API server would never store (an address that is none) is passed over.
#pragma once

#include <optional>

#include "base/core/clock.h"
#include "base/core/ip_address.h"
#include "base/format/json_tree.h"

namespace podo::services {

struct ServicePort {
  std::string name;
  std::uint8_t protocol = 0;  // IPPROTO_*
  std::uint16_t port = 0, node_port = 0;
  bool operator==(const ServicePort&) const = default;
};

struct Service {
  std::string name_space, name;
  std::string created;  // RFC 3339: sorts by time
  std::vector<IpAddress> cluster_ips, external_ips;
  std::vector<IpAddress> balanced_ips;  // status.loadBalancer.ingress, those that the packets keep (VIP)
  std::vector<ServicePort> ports;
  std::vector<IpPrefix> sources;  // loadBalancerSourceRanges
  Duration affinity = {};
  bool inside_local = false, outside_local = false;  // traffic policies: Local
  std::uint16_t health_port = 0;                     // healthCheckNodePort, when it counts
  std::string key() const { return std::string(name_space).append("/").append(name); }
  bool operator==(const Service&) const = default;
};

// Absent: one that has no place in the table (headless, ExternalName, of another proxy).
std::optional<Service> service_of(const json::Item& service);

struct Endpoint {
  IpAddress address;
  std::string node;
  std::vector<std::string> for_zones, for_nodes;  // hints: who shall use it
  bool ready = true, serving = true, terminating = false;
  bool operator==(const Endpoint&) const = default;
};

struct SlicePort {
  std::string name;
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;
  bool operator==(const SlicePort&) const = default;
};

struct Slice {
  std::string service;  // "default/web"
  std::vector<SlicePort> ports;
  std::vector<Endpoint> endpoints;
  bool operator==(const Slice&) const = default;
};

// Absent: of no Service, of names (FQDN), or of another proxy.
std::optional<Slice> slice_of(const json::Item& slice);

std::uint8_t protocol_named(std::string_view name);        // "TCP", "" -> IPPROTO_TCP; 0: no such one
std::string_view name_of_protocol(std::uint8_t protocol);  // "TCP"

}  // namespace podo::services
