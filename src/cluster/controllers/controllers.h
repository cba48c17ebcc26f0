// All controllers of a cluster: those of workloads and of Services, and those of this room.
//
//   co_await run_controllers(ground, {});      // until it is cancelled; only one of them in a cluster:
//                                              // client::lead() around it
//
// Fails when a mirror cannot be begun; then begin anew.
#pragma once

#include "base/core/ip_address.h"
#include "cluster/control/controller.h"

namespace podo::controllers {

struct Options {
  int workers = 5;  // of each controller
  int garbage_workers = 10;
  std::string pod_addresses = "10.244.0.0/16";  // nodes get ranges of it; "": they get none
  std::size_t ended_pods_max = 12'500;
};

Task<void> run_controllers(Ground ground, Options options);

// Those of this room.
std::unique_ptr<Controller> make_node_controller(World& world, IpPrefix pod_addresses);
std::unique_ptr<Controller> make_taint_eviction_controller(World& world);
std::unique_ptr<Controller> make_pod_collector(World& world, std::size_t ended_max);
std::unique_ptr<Controller> make_claim_controller(World& world);
std::unique_ptr<Controller> make_volume_controller(World& world);
std::unique_ptr<Controller> make_claim_protection(World& world);
std::unique_ptr<Controller> make_volume_protection(World& world);
std::unique_ptr<Controller> make_ephemeral_volumes(World& world);
Task<void> make_local_path_class(World& world);  // unless it is there
std::unique_ptr<Controller> make_certificate_approver(World& world);
std::unique_ptr<Controller> make_certificate_signer(World& world);
std::unique_ptr<Controller> make_certificate_cleaner(World& world);
std::unique_ptr<Controller> make_account_tokens(World& world);
std::unique_ptr<Controller> make_bootstrap_tokens(World& world);

}  // namespace podo::controllers
