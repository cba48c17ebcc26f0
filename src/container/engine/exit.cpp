// What follows when a container's process has ended.
#include "base/io/combine.h"
#include "base/io/outcome.h"
#include "container/engine/local_engine.h"
#include "container/engine/oom.h"
#include "container/engine/restart_policy.h"
#include "container/volumes/run_folder.h"

namespace podo::engine {
namespace {

constexpr int code_killed = 137;
constexpr Duration leaves_within = seconds(10);

Task<void> wait_until_not_restarting(SlotPtr slot) {
  while (slot->status() == Status::restarting && !slot->removed) co_await slot->changed.wait();
}

// A monitor leaves a moment after its last word; whoever drops it earlier leaves a zombie.
Task<void> see_off(std::shared_ptr<Run> run) {
  (void)co_await io::deadline(run->monitor->gone(), leaves_within).result();
}

Task<void> pause_for(Duration pause) { co_await io::sleep(pause); }

}  // namespace

// The end of a run becomes a state. Whoever calls it has the container's turn.
Task<void> LocalEngine::settle_exit(SlotPtr slot) {
  const std::shared_ptr<Run> run = slot->run;
  const Ended ended = *run->ended;
  end_health(*slot);
  if (run->monitor) co_await run->monitor->drained().result();
  if (slot->log_life) slot->log_life->end();
  const bool out_of_memory = co_await clean_up(slot);

  const int code = code_of(ended);
  const Wall at = ended.lost ? ground_.clock.wall() : ended.at;
  if (run->monitor) spawn(see_off(run), "the monitor of " + slot->id());
  slot->run.reset();
  slot->starting = false;
  edit(*slot, [&](Container& container) {
    State& state = container.state;
    state.status = Status::exited;
    state.exit_code = code;
    state.pid = 0;
    state.finished_at = at;
    state.oom_killed = out_of_memory && code == code_killed;
  });
  if (out_of_memory) tell(*slot, "oom");
  const Duration ran{at.ns - slot->container->state.started_at.ns};
  tell(*slot, "die", {{"exitCode", text("{}", code)}, {"execDuration", text("{}", ran.ns / 1'000'000'000)}});
  // Neither holds up what follows. The folder goes last: until the record knows the code, the exit file does.
  Result<void> saved = co_await save(slot).result();
  if (saved)
    saved =
        co_await ground_.pool.run([at = run_folder(slot->id())] { return remove_run_folder(at); }).result();
  if (!saved) ground_.log.warn("container {}: {}", slot->id(), saved.error().message());

  slot->back_off = next_back_off(slot->back_off, ran);
  const Container& container = *slot->container;
  if (!closing_ &&
      should_restart(container.host_config.restart_policy, container.state, container.state.restart_count))
    edit(*slot, [](Container& changed) { changed.state.status = Status::restarting; });
  note_exit(*slot, code);
}

// Takes away what a start made, whole or half; true when memory ran out.
Task<bool> LocalEngine::clean_up(SlotPtr slot) {
  bool out_of_memory = false;
  auto [unwired, down] =
      co_await io::all(io::outcome(unwire(slot)), io::outcome(take_down(slot, out_of_memory)));
  for (const Result<void>* done : {&unwired, &down}) {
    if (!*done) ground_.log.warn("container {}: clean up: {}", slot->id(), done->error().message());
  }
  co_return out_of_memory;
}

// Processes and control groups first; nothing can use the mounts then.
Task<void> LocalEngine::take_down(SlotPtr slot, bool& out_of_memory) {
  const std::string folder = run_folder(slot->id());
  auto removed = co_await ground_.pool
                     .run([&runtime = runtime_, id = slot->id(), folder]() -> Result<bool> {
                       const auto listing = runtime.state(id);
                       const bool oom = listing && oom_killed(listing->state.cgroups);
                       TRY(runtime.remove(id, true));
                       release_mounts(folder);
                       return oom;
                     })
                     .result();
  if (removed) out_of_memory = *removed;
  else ground_.log.warn("container {}: {}", slot->id(), removed.error().message());
  co_await ground_.images.unmount(folder + "/rootfs");
  bool volumes = false;
  for (const MountPoint& mount : slot->container->mounts) {
    if (mount.type != "volume") continue;
    co_await volumes_->unmount(mount.name, slot->id());
    volumes = true;
  }
  if (volumes) tell_volumes(*slot, "unmount");
}

void LocalEngine::note_exit(Slot& slot, int code) {
  ++slot.exits;
  slot.last_code = code;
  slot.changed.notify_all();
}

// Not after a stop that is part of a restart.
Task<void> LocalEngine::after_exit(SlotPtr slot) {
  if (slot->status() == Status::restarting) {
    spawn(restart_later(slot, slot->back_off), "restart " + slot->id());
  } else if (slot->container->host_config.auto_remove) {
    co_await erase(slot, true);
  }
}

Task<void> LocalEngine::restart_later(SlotPtr slot, Duration pause) {
  co_await io::first(pause_for(pause), wait_until_not_restarting(slot));
  const Turn::Held held = co_await slot->turn.take();
  if (slot->removed || slot->status() != Status::restarting) co_return;
  edit(*slot, [](Container& container) { ++container.state.restart_count; });
  co_await bring_up(slot);
}

}  // namespace podo::engine
