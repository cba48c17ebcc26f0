// The Services of services.h over any loop: what is asked of the machine comes in as functions, so that a
// simulated world can be the machine. Private to this room.
#pragma once

#include "traffic/services/health_checks.h"
#include "traffic/services/services.h"

namespace podo::services {

struct DriverGround {
  io::Loop& loop;
  client::Client& client;
  client::Client& controllers;
  Clock& clock;
  Log& log;
  ListenAt listen;
  std::function<Task<std::vector<IpAddress>>()> own_addresses;  // of this node, now
};

std::unique_ptr<Services> make_services(DriverGround ground, ServicesOptions options,
                                        std::unique_ptr<ServiceRules> rules);

}  // namespace podo::services
