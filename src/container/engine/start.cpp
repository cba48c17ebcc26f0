// POST /containers/{id}/start: bring_up() is the path from a record to a running process.
#include <fcntl.h>

#include "base/io/combine.h"
#include "base/io/outcome.h"
#include "base/linux/file.h"
#include "container/engine/local_engine.h"
#include "container/engine/log_options.h"
#include "container/engine/sandbox_join.h"
#include "container/engine/start_failure.h"
#include "container/volumes/run_folder.h"

namespace podo::engine {
namespace {

bool has_volumes(const Container& container) {
  for (const MountPoint& mount : container.mounts) {
    if (mount.type == "volume") return true;
  }
  return false;
}

struct Bundle {
  Container container;  // with the variables of its links
  Sandbox sandbox;
  std::string folder;
  bool make_shm = false;
};

// Everything that reads or writes files, in one go on the pool.
Result<std::vector<std::string>> write_config(Bundle bundle, const Machine& machine) {
  const Container& container = bundle.container;
  const docker::HostConfig& host = container.host_config;
  const UserIds user = TRY(look_up_user(bundle.sandbox.rootfs, container.config.user, host.group_add));
  const HostDevices devices = TRY(host_devices(host.resources, host.privileged));
  const std::vector<ReadyMount> mounts = TRY(ready_mounts(container.mounts, bundle.folder));
  if (bundle.make_shm) bundle.sandbox.shm_folder = TRY(make_shm(bundle.folder, host.shm_size));
  RuntimeConfig config = TRY(make_runtime_config(container, machine, bundle.sandbox, mounts, user, devices));
  const std::string path = bundle.folder + "/config.json";
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
  TRY(linux::write_whole(file.get(), config.text));
  return std::move(config.warnings);
}

// Waits until the default profile is loaded, or cannot be.
Task<std::string> confinement(const EngineGround& ground, const Machine& machine, ContainerPtr container) {
  if (!machine.apparmor) co_return std::string();
  std::string usual;
  if (ground.apparmor != nullptr) usual = co_await ground.apparmor->ready();
  co_return co_await apparmor_profile_of(container->host_config, usual);
}

}  // namespace

Task<bool> LocalEngine::start(std::string reference, std::string) {
  co_return co_await io::shielded(start_whole(co_await find(reference)));
}

Task<bool> LocalEngine::start_whole(SlotPtr slot) {
  const Turn::Held held = co_await slot->turn.take();
  if (slot->removed) co_return not_found("No such container: {}", slot->id());
  if (co_await may(Verb::start, slot->status(), slot->id(), slot->container->name) == Allowed::nothing_to_do)
    co_return false;
  slot->back_off = {};
  edit(*slot, [](Container& container) { container.state.restart_count = 0; });
  co_await bring_up(slot);
  co_return true;
}

// The path. Whoever calls it has the container's turn.
Task<void> LocalEngine::bring_up(SlotPtr slot) {
  const Result<void> done = co_await bring_up_or_fail(slot).result();
  if (done) co_return;
  co_await clean_up(slot);  // whatever was made until then
  co_await start_failed(slot, done.error());
}

Task<void> LocalEngine::bring_up_or_fail(SlotPtr slot) {
  std::string profile = co_await confinement(ground_, machine_, slot->container);
  edit(*slot, [&](Container& container) { container.apparmor_profile = std::move(profile); });
  Sandbox sandbox = co_await plan_sandbox(*slot->container);
  co_await enter_sandbox(*sandboxes_, *slot->container, sandbox);
  co_await make_run_folder(run_folder(slot->id()));
  // Side by side, and both to their end: what failed is cleaned up only when nothing is under way any more.
  auto [wired, mounted] =
      co_await io::all(io::outcome(wire_up(slot, sandbox)), io::outcome(mount_root(slot)));
  if (!wired) co_await Failure(std::move(wired).error().within("failed to set up container networking"));
  co_await std::move(mounted);
  // The record says "starting" before there is a monitor: a daemon that comes after us will look for it.
  slot->starting = true;
  auto [written, saved] =
      co_await io::all(io::outcome(write_bundle(slot, std::move(sandbox))), io::outcome(save(slot)));
  co_await std::move(written);
  co_await std::move(saved);
  co_await run_monitor(slot);
}

Task<void> LocalEngine::mount_root(SlotPtr slot) {
  const std::string rootfs = run_folder(slot->id()) + "/rootfs";
  const ContainerPtr container = slot->container;
  co_await ground_.images.mount_snapshot(slot->id(), rootfs);
  if (!has_volumes(*container)) co_return;
  for (const MountPoint& mount : container->mounts) {
    if (mount.type == "volume") co_await volumes_->mount(mount.name, slot->id());
  }
  if (container->state.started_at.ns != 0) co_return;
  co_await ground_.pool.run(
      [rootfs, mounts = container->mounts]() -> Result<void> { return copy_up(rootfs, mounts); });
}

// Other containers' namespaces are reached through their first process.
Result<Sandbox> LocalEngine::plan_sandbox(const Container& container) const {
  const docker::HostConfig& host = container.host_config;
  const std::string& parent = host.resources.cgroup_parent;
  Sandbox sandbox;
  sandbox.rootfs = run_folder(container.id) + "/rootfs";
  sandbox.cgroups_path = text("{}{}/{}", parent.starts_with('/') ? "" : "/",
                              parent.empty() ? options_.cgroup_parent : parent, container.id);
  if (host.init.value_or(false)) sandbox.init_program = options_.run_folder + "/docker-init";
  if (host.ipc_mode == "host") sandbox.shm_folder = "/dev/shm";
  if (const std::string_view name = container_of_mode(host.ipc_mode); !name.empty()) {
    const ContainerPtr other = TRY(get(name));
    if (!is_alive(other->state.status))
      return conflict("cannot join IPC of a non running container: {}", other->id);
    if (other->host_config.ipc_mode != "shareable")
      return invalid(
          "can't join IPC of container {}: non-shareable IPC (hint: use IpcMode:shareable for the donor "
          "container)",
          other->id);
    sandbox.ipc_namespace = text("/proc/{}/ns/ipc", other->state.pid);
    sandbox.shm_folder = run_folder(other->id) + "/shm";
  }
  if (const std::string_view name = container_of_mode(host.pid_mode); !name.empty()) {
    const ContainerPtr other = TRY(get(name));
    if (!is_alive(other->state.status))
      return conflict("cannot join PID namespace of a non running container: {}", other->id);
    sandbox.pid_namespace = text("/proc/{}/ns/pid", other->state.pid);
  }
  return sandbox;
}

Task<void> LocalEngine::write_bundle(SlotPtr slot, Sandbox sandbox) {
  Bundle bundle{.container = *slot->container,
                .sandbox = std::move(sandbox),
                .folder = run_folder(slot->id()),
                .make_shm = slot->container->host_config.ipc_mode == "shareable"};
  name_host_modes(*sandboxes_, bundle.container.host_config);
  for (std::string& variable : link_variables(bundle.container))
    bundle.container.config.env.push_back(std::move(variable));
  const auto warnings = co_await ground_.pool.run(
      [bundle = std::move(bundle), &machine = machine_] { return write_config(bundle, machine); });
  for (const std::string& warning : warnings) ground_.log.warn("container {}: {}", slot->id(), warning);
}

AttachRelay& LocalEngine::relay_of(Slot& slot) {
  if (!slot.relay)
    slot.relay = AttachRelay::make({.tty = slot.container->config.tty, .spill_folder = options_.data_folder});
  return *slot.relay;
}

// In the monitor's folder, so that paths are short.
docker::Strings LocalEngine::runtime_call(std::string verb, docker::Strings options,
                                          const Container& container, bool tty) const {
  docker::Strings words = options_.runtime_program;
  words[0] = "podo";
  words.insert(words.end(), {"--root", options_.run_folder + "/oci", std::move(verb), "--detach"});
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"--pid-file", "pid"});
  if (tty) words.insert(words.end(), {"--console-socket", "console.sock"});
  words.push_back(container.id);
  return words;
}

Task<void> LocalEngine::run_monitor(SlotPtr slot) {
  const ContainerPtr container = slot->container;
  relay_of(*slot).begin_again();
  MonitorSpec spec{.folder = run_folder(slot->id()),
                   .runtime = runtime_call("run", {"--bundle", "."}, *container, container->config.tty),
                   .runtime_program = runtime_file_.get(),
                   .tty = container->config.tty,
                   .stdin_open = container->config.open_stdin,
                   .log = co_await plan_log(*container)};
  auto run = std::make_shared<Run>();
  auto monitor =
      co_await MonitorClient::spawn(ground_.loop, *monitor_program_, std::move(spec), slot->relay).result();
  if (!monitor)
    co_await fail(monitor.error().kind(), "failed to create task for container: OCI runtime create failed: " +
                                              runtime_message(monitor.error().message()));
  run->monitor = *std::move(monitor);

  slot->run = run;
  slot->log_life = std::make_shared<LogLife>();
  slot->starting = false;
  edit(*slot, [&](Container& started) {
    State& state = started.state;
    state.status = Status::running;
    state.pid = run->monitor->pid();
    state.exit_code = 0;
    state.error.clear();
    state.oom_killed = state.stopped_by_user = false;
    state.started_at = ground_.clock.wall();
    state.health = {};
  });
  save_later(slot);  // not awaited: until then the record says where to look
  tell_volumes(*slot, "mount");
  tell(*slot, "start");
  begin_health(slot);
  spawn(watch_run(slot, run), "container " + slot->id());
}

// The strand that waits for the end of a run.
Task<void> LocalEngine::watch_run(SlotPtr slot, std::shared_ptr<Run> run) {
  run->ended = co_await run->monitor->ended();
  run->over.notify_all();
  const Turn::Held held = co_await slot->turn.take();
  if (slot->run != run) co_return;  // whoever had the turn has settled it
  co_await settle_exit(slot);
  co_await after_exit(slot);
}

// Never awaited for its success: it fails with what the client is told.
Task<void> LocalEngine::start_failed(SlotPtr slot, Error error) {
  const StartFailure failure = explain_start_failure(error);
  slot->starting = false;
  if (slot->relay) slot->relay->end();
  edit(*slot, [&](Container& container) {
    State& state = container.state;
    state.status = state.started_at.ns == 0 ? Status::created : Status::exited;
    state.exit_code = failure.exit_code;
    state.error = failure.error.message();
    state.pid = 0;
  });
  note_exit(*slot, failure.exit_code);
  co_await save(slot);
  co_await ground_.pool.run([folder = run_folder(slot->id())] { return remove_run_folder(folder); }).result();
  if (slot->container->host_config.auto_remove) co_await erase(slot, true);
  co_await Failure(failure.error);
}

}  // namespace podo::engine
