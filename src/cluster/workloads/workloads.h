// Workloads: ReplicaSets, Deployments, StatefulSets, Jobs and the like have the pods that they declare.
#pragma once

#include "cluster/control/controller.h"

namespace podo::controllers {

std::unique_ptr<Controller> make_replica_set_controller(World& world);
std::unique_ptr<Controller> make_replication_controller(World& world);
std::unique_ptr<Controller> make_deployment_controller(World& world);
std::unique_ptr<Controller> make_stateful_set_controller(World& world);
std::unique_ptr<Controller> make_daemon_set_controller(World& world);
std::unique_ptr<Controller> make_job_controller(World& world);
std::unique_ptr<Controller> make_cron_job_controller(World& world);
std::unique_ptr<Controller> make_budget_controller(World& world);

}  // namespace podo::controllers
