// What every request of the server shares. Private to this room; api_server.cpp makes it.
#pragma once

#include <memory>

#include "base/core/ip_address.h"
#include "cluster/apiserver/api_server.h"

namespace podo::apiserver {

class ServiceAddresses;  // cluster/service_addresses: cluster IPs and node ports that are taken
class Published;         // published.h: discovery and OpenAPI texts, made when first asked for
class Metrics;           // metrics.h
class FlowControl;       // cluster/flow_control: fair queueing by user; null: everybody may at once
class Audit;             // cluster/audit; null: nothing is written down
class PodProxy;          // cluster/connectors: connections to what listens in pods

struct Parts {
  Parts(const ApiGround& ground, ApiOptions options);
  ~Parts();
  Parts(const Parts&) = delete;

  const ApiGround ground;
  const ApiOptions options;
  const schema::Schema& schema;
  std::unique_ptr<ServiceAddresses> addresses;
  std::unique_ptr<Published> published;
  std::unique_ptr<Metrics> metrics;
  std::shared_ptr<FlowControl> flow_control;
  std::shared_ptr<Audit> audit;
  std::unique_ptr<PodProxy> pod_proxy;
};

}  // namespace podo::apiserver
