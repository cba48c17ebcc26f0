#include "cluster/controllers/controllers.h"

namespace podo::controllers {
namespace {

std::vector<std::unique_ptr<Controller>> make_controllers(World& world) {
  std::vector<std::unique_ptr<Controller>> all;
  all.push_back(make_deployment_controller(world));
  all.push_back(make_replica_set_controller(world));
  all.push_back(make_replication_controller(world));
  all.push_back(make_stateful_set_controller(world));
  all.push_back(make_daemon_set_controller(world));
  all.push_back(make_job_controller(world));
  all.push_back(make_cron_job_controller(world));
  return all;
}

}  // namespace

Task<void> run_controllers(Ground ground, Options options) {
  World world(std::move(ground));
  const auto controllers = make_controllers(world);  // before the mirrors: they are told of everything
  co_await world.start();
  io::TaskGroup group(world.ground.loop);
  group.spawn(world.events.run(), "events");
  for (const auto& controller : controllers) group.spawn(controller->run(options.workers));
  co_await group.join();
}

}  // namespace podo::controllers
