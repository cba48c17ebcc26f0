// Services: what Services and EndpointSlices declare, made true on this node: mirrors -> service table (pure:
// live_table.h, build_table.h) -> rules of the kernel (service_rules.h). Changes that come together are
// applied together.
//
//   auto services = co_await Services::open(ground, options);
//   co_await services->run();               // until it is cancelled: rules stay, connections go on; it fails
//                                           // when a mirror cannot be begun: then run() again
//   co_await services->remove();            // the rules go: nothing runs here any more
//
// It knows the API through a client alone, as the node does. Also served here: node ports' health checks
// (healthCheckNodePort), and status.loadBalancer of Services of type LoadBalancer without a
// loadBalancerClass: the addresses of the nodes. Lives on the loop.
#pragma once

#include <memory>

#include "base/core/clock.h"
#include "base/io/epoll_loop.h"
#include "cluster/client/client.h"
#include "traffic/services/service_rules.h"

namespace podo::services {

struct ServicesGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  client::Client& client;  // as system:kube-proxy
  Clock& clock;
  Log& log;
  client::Client* controllers = nullptr;  // as who may write status.loadBalancer; null: `client`
};

struct ServicesOptions {
  std::string node;  // its name
  RulesOptions rules = {};
  bool balances = false;  // this one also writes status.loadBalancer: the one beside the controllers
  Duration gather = milliseconds(5);  // changes that come so close are one
};

class Services {
 public:
  static Task<std::unique_ptr<Services>> open(const ServicesGround& ground, ServicesOptions options);
  virtual ~Services() = default;
  virtual Task<void> run() = 0;
  // Returns when this node's rules send nothing new to these addresses of a pod, or would only because
  // nobody else is there; after two seconds at the latest.
  virtual Task<void> drained(std::vector<IpAddress> pod) = 0;
  virtual Task<void> remove() = 0;
  virtual std::string metrics() const = 0;  // Prometheus text
};

}  // namespace podo::services
