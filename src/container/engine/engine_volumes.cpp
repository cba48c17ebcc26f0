// Volumes, as the engine's clients see them: who uses one, and what is told of it.
#include "container/engine/local_engine.h"

namespace podo::engine {

Task<VolumePtr> LocalEngine::create_volume(VolumeWish wish) {
  const bool there = !wish.name.empty() && volumes_->get(wish.name).has_value();
  VolumePtr volume = co_await volumes_->create(std::move(wish));
  if (!there)
    ground_.events.publish({.type = "volume",
                            .action = "create",
                            .actor_id = volume->name,
                            .attributes = {{"driver", volume->driver}}});
  co_return volume;
}

Result<VolumePtr> LocalEngine::get_volume(std::string_view name) const { return volumes_->get(name); }

std::vector<VolumePtr> LocalEngine::list_volumes() const { return volumes_->list(); }

std::vector<std::string> LocalEngine::users_of_volume(std::string_view name) const {
  std::vector<std::string> users;
  for (const auto& [id, slot] : slots_) {
    for (const MountPoint& mount : slot->container->mounts) {
      if (mount.type != "volume" || mount.name != name) continue;
      users.push_back(id);
      break;
    }
  }
  return users;
}

Task<std::uint64_t> LocalEngine::volume_bytes(std::string name) { return volumes_->bytes(std::move(name)); }

Task<void> LocalEngine::remove_volume(std::string name, bool force) {
  const auto volume = volumes_->get(name);
  co_await volumes_->remove(name, users_of_volume(name), force);
  if (volume)
    ground_.events.publish({.type = "volume",
                            .action = "destroy",
                            .actor_id = name,
                            .attributes = {{"driver", (*volume)->driver}}});
}

}  // namespace podo::engine
