// Balancer: keeps status.loadBalancer of Services true to balancer_plan.h. One in a cluster, beside the
// controllers. Level-triggered: whatever changes, the plan is made anew, and what differs is written.
//
// Lives on the loop; dies before its client.
#pragma once

#include "base/core/log.h"
#include "base/io/condition.h"
#include "cluster/client/events.h"
#include "traffic/services/balancer_plan.h"
#include "traffic/services/live_table.h"

namespace podo::services {

using io::Task;

struct BalancerGround {
  io::Loop& loop;
  client::Client& client;  // as who may change the status of Services
  Clock& clock;
  Log& log;
};

class Balancer {
 public:
  // `live`: where ready endpoints are.
  Balancer(const BalancerGround& ground, const LiveTable& live)
      : ground_(ground), live_(live), events_(ground.client, ground.clock) {}
  // Said by whoever follows them.
  void service_changed(const std::string& key, const json::Item* service);  // null: it is gone
  void endpoints_changed() { note(); }
  Task<void> run();  // until it is cancelled

 private:
  void node_changed(const objects::Object& before, const objects::Object& now);
  void note();
  Task<void> keep_planning();
  Task<bool> write(std::vector<BalancerWish> wishes);
  Task<void> write_status(const BalancerWish& wish);
  void say(const BalancerWish& wish);
  std::vector<BalancerWish> plan() const;

  BalancerGround ground_;
  const LiveTable& live_;
  client::Events events_;
  std::map<std::string, BalancedService> services_;
  std::map<std::string, BalancerNode> nodes_;
  std::map<std::string, std::string> said_;  // problems by Service
  std::uint64_t noted_ = 0;
  io::Condition changed_{"a change of what is balanced"};
};

}  // namespace podo::services
