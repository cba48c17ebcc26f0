// The controllers: they make true what Deployments, StatefulSets, Jobs and the like declare.
//
//   co_await run_controllers(ground, {});      // until it is cancelled; only one of them in a cluster:
//                                              // client::lead() around it
//
// Fails when a mirror cannot be begun; then begin anew.
#pragma once

#include "cluster/controllers/controller.h"

namespace podo::controllers {

struct Options {
  int workers = 5;  // of each controller
};

Task<void> run_controllers(Ground ground, Options options);

std::unique_ptr<Controller> make_replica_set_controller(World& world);
std::unique_ptr<Controller> make_replication_controller(World& world);
std::unique_ptr<Controller> make_deployment_controller(World& world);
std::unique_ptr<Controller> make_stateful_set_controller(World& world);
std::unique_ptr<Controller> make_daemon_set_controller(World& world);
std::unique_ptr<Controller> make_job_controller(World& world);
std::unique_ptr<Controller> make_cron_job_controller(World& world);

}  // namespace podo::controllers
