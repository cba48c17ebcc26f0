// DELETE /containers/{id}: the container goes, and with it everything that was only for it.
#include <signal.h>

#include <filesystem>

#include "base/io/combine.h"
#include "base/io/outcome.h"
#include "container/engine/local_engine.h"
#include "container/volumes/run_folder.h"

namespace podo::engine {
namespace {

Result<void> remove_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return failed_errno(error.value(), "remove {}", path);
  return {};
}

}  // namespace

Task<void> LocalEngine::remove(std::string reference, RemoveOptions options) {
  co_await io::shielded(remove_whole(co_await find(reference), options));
}

Task<void> LocalEngine::remove_whole(SlotPtr slot, RemoveOptions options) {
  if (options.link) co_await unsupported("links cannot be removed: remove the container that has them");
  const Verb verb = options.force ? Verb::force_remove : Verb::remove;
  if (options.force && is_alive(slot->status())) {
    const Result<void> killed = co_await kill_whole(slot, SIGKILL).result();
    if (!killed && is_alive(slot->status()))
      co_await Failure(
          Error(killed.error())
              .within(text("cannot remove container \"/{}\": could not kill", slot->container->name)));
  }
  if (slot->status() == Status::removing)  // without waiting for whoever removes it
    co_await may(verb, Status::removing, slot->id(), slot->container->name);
  const Turn::Held held = co_await slot->turn.take();
  if (slot->removed) co_return;
  co_await may(verb, slot->status(), slot->id(), slot->container->name);
  if (is_alive(slot->status())) {  // whoever had the turn before us started it
    co_await end_run(slot, {.signal = "KILL", .timeout_s = 0}, StopBy::user);
    co_await settle_exit(slot);
  }
  co_await erase(slot, options.volumes);
}

// Whoever calls it has the container's turn. What fails leaves it "dead", to be removed again.
Task<void> LocalEngine::erase(SlotPtr slot, bool volumes) {
  edit(*slot, [](Container& container) { container.state.status = Status::removing; });
  co_await save(slot);  // the removal will be finished, whoever does it
  const ContainerPtr container = slot->container;
  auto [tree, run, data] = co_await io::all(
      io::outcome(remove_tree(slot)),
      io::outcome(ground_.pool.run([folder = run_folder(slot->id())] { return remove_run_folder(folder); })),
      io::outcome(ground_.pool.run([folder = data_folder(slot->id())] { return remove_folder(folder); })));
  for (const Result<void>* done : {&tree, &run, &data}) {
    if (*done) continue;
    edit(*slot, [&](Container& dead) {
      dead.state.status = Status::dead;
      dead.state.error = done->error().message();
    });
    co_await save(slot);
    co_await Failure(Error(done->error()).within(text("unable to remove filesystem for {}", slot->id())));
  }
  if (volumes) co_await remove_anonymous_volumes(*container);
  const Turn::Held saving = co_await slot->saving.take();  // no record comes after this
  store::Transaction end{.then = {store::erase(store::Range::key("container/" + slot->id()))},
                         .durability = store::Durability::relaxed};
  for (const auto& [id, exec] : execs_) {
    if (exec->container == slot) end.then.push_back(store::erase(store::Range::key("exec/" + id)));
  }
  if (!slot->is_step()) co_await ground_.store.commit(std::move(end));
  drop(slot);
  if (slot->complete) tell(*slot, "destroy");
}

// A step's is the caller's.
Task<void> LocalEngine::remove_tree(SlotPtr slot) {
  if (!slot->is_step()) co_await ground_.images.remove_snapshot(slot->id());
}

Task<void> LocalEngine::remove_anonymous_volumes(Container container) {
  for (const MountPoint& mount : container.mounts) {
    if (mount.type != "volume" || !mount.anonymous) continue;
    if (users_of_volume(mount.name) != std::vector{container.id}) continue;
    const Result<void> removed = co_await volumes_->remove(mount.name, {}, false).result();
    if (!removed) ground_.log.warn("volume {}: {}", mount.name, removed.error().message());
  }
}

}  // namespace podo::engine
