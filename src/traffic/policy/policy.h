// NetworkPolicy (networking.k8s.io/v1), enforced for the pods of this node in an nft table of its own,
// `inet PREFIX-policy`: which pods may talk to whom is decided before the first packet of a pod can leave.
//
//   auto policy = co_await NetworkPolicy::open(ground, options);
//   co_await policy->run();                       // follows policies, pods and namespaces until cancelled
//   co_await policy->guard(pod);                  // a pod of this node: returns when its rules are in force
//   policy->forget(uid);
//
// Pods that no policy selects are not touched. Traffic of the node itself to its pods always passes; answers
// to connections that were let through, too. Rules are a pure function of what there is (policy_plan.h).
// A restart replaces the rules in one transaction: at no moment is a pod unguarded.
//
// Lives on the loop; netlink on the pool.
#pragma once

#include <memory>
#include <string>
#include <vector>

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
  std::string node;   // its name
  std::string table;  // "podo-policy"
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
  virtual Task<void> guard(GuardedPod pod) = 0;
  virtual void forget(std::string_view uid) = 0;
  virtual Task<void> remove() = 0;  // the table goes: no pod runs here
  virtual std::string metrics() const = 0;
};

}  // namespace podo::policy
