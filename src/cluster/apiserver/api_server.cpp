#include "cluster/apiserver/api_server.h"

#include "cluster/apiserver/bootstrap.h"
#include "cluster/apiserver/loops.h"
#include "cluster/apiserver/metrics.h"
#include "cluster/apiserver/parts.h"
#include "cluster/apiserver/published.h"
#include "cluster/audit/audit.h"
#include "cluster/connectors/pod_proxy.h"
#include "cluster/flow_control/flow_control.h"
#include "cluster/service_addresses/service_addresses.h"

namespace podo::apiserver {

Parts::Parts(const ApiGround& a_ground, ApiOptions some_options)
    : ground(a_ground),
      options(std::move(some_options)),
      schema(ground.objects.schema()),
      addresses(std::make_unique<ServiceAddresses>(
          options.service_ranges, options.node_port_first, options.node_port_last, ground.random,
          ground.objects.resource("networking.k8s.io", "ipaddresses"))),
      published(std::make_unique<Published>(schema)),
      metrics(std::make_unique<Metrics>()),
      pod_proxy(ground.network != nullptr ? std::make_unique<PodProxy>(*ground.network) : nullptr) {}

Parts::~Parts() = default;

ApiServer::ApiServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ApiServer::~ApiServer() = default;

Task<std::unique_ptr<ApiServer>> ApiServer::open(ApiGround ground, ApiOptions options) {
  auto parts = std::make_unique<Parts>(ground, std::move(options));
  co_await bootstrap(*parts);
  parts->flow_control = co_await FlowControl::start(ground.objects);
  if (!parts->options.audit_policy_file.empty())
    parts->audit = co_await Audit::open_here(ground.loop, ground.clock, ground.random, ground.log,
                                             parts->options.audit_policy_file, parts->options.audit_log_file);
  co_return std::make_unique<ApiServer>(std::move(parts));
}

std::vector<IpPrefix> default_service_ranges() {
  return {*IpPrefix::parse("10.96.0.0/16"), *IpPrefix::parse("fd00:10:96::/112")};
}

Task<void> ApiServer::run() { return run_loops(*parts_); }

}  // namespace podo::apiserver
