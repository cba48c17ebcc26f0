// The service table in the kernel: one nft table of this daemon's, `inet PREFIX-services`. A packet finds its
// backend by two look-ups however many services there are: front -> how to choose, then (front . number) ->
// backend. A change touches the elements it is about and nothing else.
//
//   auto rules = co_await ServiceRules::open(ground, options);
//   co_await rules->apply(table);        // what differs from the last one; atomic; wholly or not at all
//   co_await rules->remove();            // the table goes
//
// The first apply() after opening replaces whatever an earlier daemon left, in one transaction: connections
// go on (the kernel keeps the translation of each). Flows of datagrams to backends that are no more, and to
// fronts that had none, are forgotten. When the kernel's state is not what was last applied (somebody flushed
// it) the table is made anew.
//
// Lives on the daemon's loop; netlink on the pool, in the host's network namespace. Calls do not overlap.
#pragma once

#include <memory>

#include "base/core/log.h"
#include "base/io/blocking_pool.h"
#include "base/io/task.h"
#include "traffic/services/service_table.h"

namespace podo::services {

using io::Task;

struct RulesGround {
  io::BlockingPool& pool;
  Log& log;
};

struct RulesOptions {
  std::string table;                       // "podo-services"
  std::vector<std::string> bridges = {};   // of this node's pods
  std::vector<IpPrefix> cluster_ips = {};  // addresses of no other use: what no front has is refused
};

class ServiceRules {
 public:
  static Task<std::unique_ptr<ServiceRules>> open(const RulesGround& ground, RulesOptions options);
  virtual ~ServiceRules() = default;
  virtual Task<void> apply(const ServiceTable& table) = 0;
  virtual Task<void> remove() = 0;
};

// What the kernel has now: fronts with their backends, as far as the rules tell (no names of services).
// Blocking; in the namespace of the calling thread. Not_found: there is no such table.
Result<ServiceTable> read_rules(const std::string& table);

}  // namespace podo::services
