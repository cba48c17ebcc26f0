// What load balancers ask before they send a Service with externalTrafficPolicy Local to this node: an HTTP
// server at its healthCheckNodePort, which answers as kube-proxy's does: 200 while an endpoint here is ready
// and the rules are in force, else 503; with how many there are.
//
// Lives on the loop. Who asks while a port is given up sees the connection end.
#pragma once

#include <functional>
#include <memory>

#include "base/core/log.h"
#include "base/http/server.h"
#include "traffic/services/live_table.h"

namespace podo::services {

using io::Task;

// Listens at a port of every address of the node.
using ListenAt = std::function<Task<std::unique_ptr<io::Listener>>(std::uint16_t port)>;

class HealthChecks {
 public:
  HealthChecks(io::Loop& loop, ListenAt listen, Log& log);
  ~HealthChecks();
  // Those that are wanted now, by Service. A port that cannot be had is tried again and again.
  void set(const std::map<std::string, LiveTable::Health>& wanted);
  void set_rules_in_force(bool in_force) { rules_in_force_ = in_force; }

 private:
  class Check;
  io::Loop& loop_;
  const ListenAt listen_;
  Log& log_;
  bool rules_in_force_ = false;
  std::map<std::string, std::unique_ptr<Check>> checks_;
};

}  // namespace podo::services
