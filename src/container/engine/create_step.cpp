// One step of a build: a container that nobody sees, over a tree that is the caller's.
//
// It has no record. Whatever is left of it when the daemon ends without a word (processes, control group,
// network, mounts, RUN/containers/ID) belongs to no container that is known, and restore() removes it as
// such.
#include "base/io/combine.h"
#include "container/engine/container_name.h"
#include "container/engine/local_engine.h"

namespace podo::engine {

Task<Engine::Created> LocalEngine::create_step(docker::CreateRequest request, std::string snapshot_id) {
  co_return co_await io::shielded(create_step_whole(std::move(request), std::move(snapshot_id)));
}

Task<Engine::Created> LocalEngine::create_step_whole(docker::CreateRequest request, std::string id) {
  co_await ground_.images.snapshot(id);
  request.host_config.log_config = {.type = "none", .config = {}};
  request.host_config.auto_remove = true;
  request.host_config.restart_policy = {};
  request.config.volumes.clear();
  request.config.healthcheck.reset();
  settle(request, options_.default_log);
  co_await check_network_mode(request);
  co_await merge_image(request.config, {});

  Created created{.id = id, .warnings = {}};
  Container container;
  container.id = id;
  container.name = text("step-{}", short_id(id));
  container.image = std::make_shared<const image::Image>();
  MountsPlan mounts = co_await plan_container(container, std::move(request), created.warnings);
  if (slots_.contains(id)) co_await already_exists("the container {} exists", id);
  const SlotPtr slot = add(std::move(container), Slot::Kind::step);
  auto points = co_await make_mounts(std::move(mounts), *volumes_, ground_.pool).result();
  if (!points) {
    co_await erase(slot, true);
    co_await Failure(std::move(points).error());
  }
  edit(*slot, [&](Container& changed) { changed.mounts = *std::move(points); });
  co_return created;
}

}  // namespace podo::engine
