// The containers there are: found by what people call them, changed, saved, told about.
#include <algorithm>

#include "container/engine/container_name.h"
#include "container/engine/container_record.h"
#include "container/engine/local_engine.h"

namespace podo::engine {

Result<SlotPtr> LocalEngine::find(std::string_view reference) const {
  std::string_view name = reference;
  if (name.starts_with('/')) name.remove_prefix(1);
  if (const auto exact = slots_.find(name); exact != slots_.end()) return exact->second;
  if (const auto named = names_.find(name); named != names_.end()) {
    if (const auto slot = slots_.find(named->second); slot != slots_.end()) return slot->second;
  }
  SlotPtr found;
  for (auto at = slots_.lower_bound(name); !name.empty() && at != slots_.end() && at->first.starts_with(name);
       ++at) {
    if (at->second->is_step()) continue;
    if (found) return invalid("multiple IDs found with provided prefix: {}", reference);
    found = at->second;
  }
  if (!found) return not_found("No such container: {}", reference);
  return found;
}

Result<ContainerPtr> LocalEngine::get(std::string_view reference) const {
  const SlotPtr slot = TRY(find(reference));
  if (!slot->complete) return not_found("No such container: {}", reference);
  return slot->container;
}

std::vector<ContainerPtr> LocalEngine::list() const {
  std::vector<ContainerPtr> all;
  all.reserve(slots_.size());
  for (const auto& [id, slot] : slots_) {
    if (slot->complete && !slot->is_step()) all.push_back(slot->container);
  }
  std::ranges::sort(all,
                    [](const ContainerPtr& a, const ContainerPtr& b) { return a->created > b->created; });
  return all;
}

Result<> LocalEngine::claim_name(const std::string& name, const std::string& id) {
  const auto [place, free] = names_.emplace(name, id);
  if (free) return {};
  return conflict(
      "Conflict. The container name \"/{}\" is already in use by container \"{}\". You have to remove (or "
      "rename) "
      "that container to be able to reuse that name.",
      name, place->second);
}

SlotPtr LocalEngine::add(Container container, Slot::Kind kind) {
  const bool lasts = kind == Slot::Kind::container;
  const std::string folder = lasts ? data_folder(container.id) : run_folder(container.id);
  container.hosts_path = folder + "/hosts";
  container.hostname_path = folder + "/hostname";
  container.resolv_conf_path = folder + "/resolv.conf";
  const std::string& driver = container.host_config.log_config.type;
  if (driver == "json-file") container.log_path = text("{}/{}-json.log", folder, container.id);
  if (driver == "local") container.log_path = folder + "/local.log";
  auto slot = std::make_shared<Slot>(std::make_shared<const Container>(std::move(container)), kind);
  slots_.emplace(slot->id(), slot);
  return slot;
}

void LocalEngine::drop(const SlotPtr& slot) {
  const auto named = names_.find(slot->container->name);
  if (named != names_.end() && named->second == slot->id()) names_.erase(named);
  slots_.erase(slot->id());
  std::erase_if(execs_, [&](const auto& each) { return each.second->container == slot; });
  slot->removed = true;
  slot->changed.notify_all();
}

void LocalEngine::edit(Slot& slot, const std::function<void(Container&)>& change) {
  auto next = std::make_shared<Container>(*slot.container);
  change(*next);
  slot.container = std::move(next);
  slot.changed.notify_all();
}

// In turn, so that an older record never comes behind a newer one.
Task<void> LocalEngine::save(SlotPtr slot) {
  const Turn::Held held = co_await slot->saving.take();
  if (slot->removed || slot->is_step()) co_return;
  std::string record = encode_record({.container = *slot->container,
                                      .image_id = slot->container->image->id,
                                      .complete = slot->complete,
                                      .starting = slot->starting});
  co_await store::write(ground_.store, "container/" + slot->id(), std::move(record),
                        store::Durability::relaxed);
}

void LocalEngine::save_later(const SlotPtr& slot) { spawn(save(slot), "save " + slot->id()); }

void LocalEngine::tell(const Slot& slot, std::string action, Attributes more) {
  if (slot.is_step()) return;
  const Container& container = *slot.container;
  Event event{.type = "container",
              .action = std::move(action),
              .actor_id = container.id,
              .attributes = std::move(more)};
  event.attributes.insert(container.config.labels.begin(), container.config.labels.end());
  event.attributes["image"] = container.config.image;
  event.attributes["name"] = container.name;
  ground_.events.publish(std::move(event));
}

void LocalEngine::tell_network(const Slot& slot, std::string action, const network::Endpoint& endpoint) {
  if (slot.is_step()) return;
  const network::NetworkRecord* record = ground_.networks.find(endpoint.network_id);
  ground_.events.publish({.type = "network",
                          .action = std::move(action),
                          .actor_id = endpoint.network_id,
                          .attributes = {{"container", slot.id()},
                                         {"name", endpoint.network_name},
                                         {"type", record != nullptr ? record->driver : "bridge"}}});
}

void LocalEngine::tell_volumes(const Slot& slot, std::string action) {
  for (const MountPoint& mount : slot.container->mounts) {
    if (mount.type != "volume" || slot.is_step()) continue;
    Attributes attributes{{"container", slot.id()}};
    if (action == "mount") {
      attributes["driver"] = mount.driver;
      attributes["destination"] = mount.destination;
      attributes["read/write"] = mount.read_write ? "true" : "false";
      attributes["propagation"] = mount.propagation;
    }
    ground_.events.publish(
        {.type = "volume", .action = action, .actor_id = mount.name, .attributes = std::move(attributes)});
  }
}

std::string LocalEngine::data_folder(std::string_view id) const {
  return text("{}/containers/{}", options_.data_folder, id);
}

std::string LocalEngine::run_folder(std::string_view id) const {
  return text("{}/containers/{}", options_.run_folder, id);
}

namespace {

Task<void> caught(Task<void> task, std::string name, Log& log) {
  const Result<void> done = co_await task.result();
  if (!done && done.error().kind() != ErrorKind::cancelled) log.warn("{}: {}", name, done.error().message());
}

}  // namespace

void LocalEngine::spawn(Task<void> task, std::string name) {
  background_.spawn(caught(std::move(task), name, ground_.log), name);
}

}  // namespace podo::engine
