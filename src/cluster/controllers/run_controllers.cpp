#include "cluster/controllers/controllers.h"
#include "cluster/controllers/garbage_collector.h"
#include "cluster/endpoints/endpoints.h"
#include "cluster/workloads/workloads.h"

namespace podo::controllers {
namespace {

std::vector<std::unique_ptr<Controller>> make_controllers(World& world, const Options& options) {
  std::vector<std::unique_ptr<Controller>> all;
  all.push_back(make_deployment_controller(world));
  all.push_back(make_replica_set_controller(world));
  all.push_back(make_replication_controller(world));
  all.push_back(make_stateful_set_controller(world));
  all.push_back(make_daemon_set_controller(world));
  all.push_back(make_job_controller(world));
  all.push_back(make_cron_job_controller(world));
  const auto pod_addresses = IpPrefix::parse(options.pod_addresses);
  all.push_back(make_node_controller(world, pod_addresses ? *pod_addresses : IpPrefix()));
  all.push_back(make_taint_eviction_controller(world));
  all.push_back(make_pod_collector(world, options.ended_pods_max));
  all.push_back(make_endpoint_slice_controller(world));
  all.push_back(make_endpoints_controller(world));
  all.push_back(make_endpoint_slice_mirroring_controller(world));
  all.push_back(make_claim_controller(world));
  all.push_back(make_volume_controller(world));
  all.push_back(make_claim_protection(world));
  all.push_back(make_volume_protection(world));
  all.push_back(make_ephemeral_volumes(world));
  all.push_back(make_certificate_approver(world));
  all.push_back(make_certificate_signer(world));
  all.push_back(make_certificate_cleaner(world));
  all.push_back(make_account_tokens(world));
  all.push_back(make_bootstrap_tokens(world));
  all.push_back(make_budget_controller(world));
  return all;
}

}  // namespace

Task<void> run_controllers(Ground ground, Options options) {
  World world(std::move(ground));
  const auto controllers =
      make_controllers(world, options);  // before the mirrors: they are told of everything
  GarbageCollector garbage(world);
  co_await world.start();
  co_await make_local_path_class(world);
  io::TaskGroup group(world.ground.loop);
  group.spawn(world.events.run(), "events");
  group.spawn(garbage.run(options.garbage_workers), "garbage collector");
  for (const auto& controller : controllers) group.spawn(controller->run(options.workers));
  co_await group.join();
}

}  // namespace podo::controllers
