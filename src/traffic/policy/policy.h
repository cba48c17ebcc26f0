// NetworkPolicy (networking.k8s.io/v1), enforced for the pods of this node in an nft table of its own,
// `inet PREFIX-policy`: which pods may talk to whom is decided before the first packet of a pod can leave.
//
//   auto policy = co_await NetworkPolicy::open(ground, options);
//   co_await policy->run();                       // follows policies, pods and namespaces until cancelled
//   co_await policy->guard(pod);                  // a pod of this node: returns when its rules are in force
//   policy->forget(uid);
//
// Pods that no policy selects are not touched. Traffic of the node itself to its pods always passes; answers
// to connections that were let through, too; and what a pod sends to itself. What a pod sends to this node is
// egress like any other, but for DNS, which is meant by whoever means the pod kube-dns (policy_plan.h). Rules
// are a pure function of what there is. Connections outlive a policy that would have denied them.
//
// A restart replaces the rules in one transaction, as soon as the API tells all there is: until then those of
// the daemon before hold. At no moment is a pod unguarded. The client has to list and watch networkpolicies,
// pods and namespaces of all namespaces.
//
// Lives on the loop; netlink on the pool, in the host's network namespace.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/core/clock.h"
#include "base/core/ip_address.h"
#include "base/core/log.h"
#include "base/io/blocking_pool.h"
#include "base/io/epoll_loop.h"
#include "cluster/client/client.h"

namespace podo::policy {

using io::Task;

struct PolicyGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  client::Client& client;
  Log& log;
};

struct PolicyOptions {
  std::string node = {};                      // its name
  std::string table = {};                     // "podo-policy"
  std::vector<IpAddress> dns_addresses = {};  // of this node, at which it answers for names
  Duration gather = milliseconds(5);          // changes that come so close are one
  Duration patience = seconds(10);            // until the API has to know a pod that begins here
};

// A pod of this node as its sandbox begins: before the API can know its addresses.
struct GuardedPod {
  std::string uid, name_space, name;
  std::vector<IpAddress> addresses;
};

class NetworkPolicy {
 public:
  static Task<std::unique_ptr<NetworkPolicy>> open(const PolicyGround& ground, PolicyOptions options);
  virtual ~NetworkPolicy() = default;
  virtual Task<void> run() = 0;
  // Returns when rules are in force in which it is whom policies select, and whom others' policies mean. All
  // policies count that are older than the pod. Unavailable: the API does not tell of it, or the kernel would
  // not take the rules.
  virtual Task<void> guard(GuardedPod pod) = 0;
  virtual void forget(std::string_view uid) = 0;
  virtual Task<void> remove() = 0;          // the table goes: no pod runs here
  virtual std::string metrics() const = 0;  // Prometheus text
};

}  // namespace podo::policy
