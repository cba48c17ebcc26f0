// The floor traffic on this node: Services, the cluster's names, network policies, and when a pod meets them.
//
//   Traffic traffic(ground, options);
//   co_await traffic.open();             // names are listened for at the bridge of the pods
//   co_await traffic.run();              // until it is cancelled: rules stay, connections go on
//
// Each part begins by itself, and again when it fails; a pod waits until policies and names are there. What
// the API does not let this node see (an agent without the rights) it goes without, and says so. Lives on
// the loop.
#pragma once

#include "base/io/condition.h"
#include "cluster/node/pod_network.h"
#include "cluster/node/pod_traffic.h"
#include "traffic/dns/cluster_dns.h"
#include "traffic/policy/policy.h"
#include "traffic/services/services.h"

namespace podo {

struct TrafficGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  client::Client& client;  // who may list all pods, Services, policies...
  Clock& clock;
  Random& random;
  Log& log;
};

struct TrafficOptions {
  std::string node;    // its name
  std::string prefix;  // of this daemon: "podo"
  node::PodNetwork network;
  std::vector<IpPrefix> service_ranges;
  std::string domain = "cluster.local";
  bool beside_controllers = false;  // then it also writes what the cluster has once: load balancers, kube-dns
};

class Traffic final : public node::PodTraffic {
 public:
  Traffic(const TrafficGround& ground, TrafficOptions options);
  io::Task<void> open();
  io::Task<void> run();
  bool serves_names() const { return !sockets_.empty(); }  // at the addresses of the bridge
  std::string metrics() const;                             // Prometheus text

  io::Task<void> begins(std::string uid, std::string name_space, std::string name,
                        std::vector<IpAddress> addresses) override;
  io::Task<void> drains(std::string uid, std::vector<IpAddress> addresses) override;
  void ended(std::string_view uid) override;

 private:
  template <class Part>
  io::Task<void> keep(std::shared_ptr<Part>& part, std::string_view what,
                      std::function<io::Task<std::unique_ptr<Part>>()> open);
  io::Task<std::unique_ptr<services::Services>> open_services();
  io::Task<std::unique_ptr<cluster_dns::ClusterDns>> open_dns();
  io::Task<std::unique_ptr<policy::NetworkPolicy>> open_policy();
  io::Task<void> may_see_policies();
  io::Task<void> keep_policy();
  io::Task<void> keep_dns_service();
  io::Task<void> wait_until_begun();

  const TrafficGround ground_;
  const TrafficOptions options_;
  std::shared_ptr<services::Services> services_;
  std::shared_ptr<cluster_dns::ClusterDns> dns_;
  std::shared_ptr<policy::NetworkPolicy> policy_;
  bool without_policy_ = false;
  std::vector<cluster_dns::DnsSocket> sockets_;
  io::Condition begun_{"what pods need of the network"};
};

// Of the ranges of Services: where the cluster's names are asked for, the tenth address of each.
std::vector<IpAddress> dns_addresses(const std::vector<IpPrefix>& service_ranges);

// No pod runs here any more: no rules stay.
Result<> remove_traffic_rules(const std::string& prefix);

}  // namespace podo
