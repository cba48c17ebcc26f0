// The pods behind a Service: which of them count, and which of their ports it means.
#pragma once

#include "cluster/control/plan.h"
#include "cluster/endpoints/zone_hints.h"

namespace podo::controllers {

struct Backend {
  const Pod* pod = nullptr;
  const json::Item* object = nullptr;  // the pod; null when no target port has a name
  std::string_view zone = {};          // of its node
};

struct ServiceInput {
  const json::Item& service;
  const Facts& self;
  const std::vector<Backend>& backends;  // all pods that the selector fits, by name
  ZoneShares shares = {};                // of the cluster's CPUs, for who wants hints by them
};

bool has_named_ports(const json::Item& service);
bool is_headless(const json::Item& service);
bool publishes_not_ready(const json::Item& service);

// "IPv4", "IPv6": families of the Service.
std::vector<std::string_view> families_of(const json::Item& service);
std::string_view family_of(std::string_view ip);
std::string_view address_of(const Pod& pod, std::string_view family);  // "" when it has none

// Ports as EndpointSlices and Endpoints have them: {name, port, protocol, appProtocol}. A port whose name the
// pod does not know is left out.
json::Tree ports_of(const json::Item& service, const Backend& backend);

// The hostname under which the Service's name server knows the pod, or "".
std::string_view hostname_of(const json::Item& service, const Pod& pod);
void write_target(json::Item& reference, const Pod& pod);

}  // namespace podo::controllers
