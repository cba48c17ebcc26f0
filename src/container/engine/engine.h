// Engine: containers, their execs, volumes and logs, on images and networks. A complete container engine
// without an API of its own: container/docker speaks HTTP for it, cluster/node will call it directly.
//
// Life of a container (states and what may happen in each: container_state.h):
//   create -> created -> start -> running <-> paused
//                          ^        | process ended, kill, stop
//                          |        v
//                      restarting  exited -> remove (removing, then gone; dead when that failed)
//
// The daemon owns no container: each has a monitor (container/monitor), which the engine finds again after it
// was killed. What must last is in the store ("container/ID", "volume/NAME", ...), written relaxed: no start
// waits for a disk. open() reads it, looks at what runs, finishes what was interrupted, starts what its
// policy wants.
//
// A container is named by id, by a unique prefix of its id, or by name (with or without '/'); not_found: "No
// such container: x". Lives on the daemon's loop. Every call may be made side by side: those that change one
// container wait for each other (a lock per container), those that read never wait.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/log.h"
#include "base/core/random.h"
#include "base/io/blocking_pool.h"
#include "base/io/epoll_loop.h"
#include "base/store/store.h"
#include "container/apparmor/default_profile.h"
#include "container/config/container.h"
#include "container/engine/engine_options.h"
#include "container/engine/events.h"
#include "container/image/images.h"
#include "container/network/networks.h"
#include "container/sandbox/sandbox.h"
#include "container/streams/logs.h"
#include "model/docker/exec_config.h"

namespace podo::engine {

using io::Task;

struct EngineGround {
  io::EpollLoop& loop;
  io::BlockingPool& pool;
  store::Store& store;
  image::Images& images;
  network::Networks& networks;
  Events& events;
  Random& random;
  Clock& clock;
  Log& log;
  apparmor::DefaultProfile* apparmor = nullptr;  // what confines containers; without one, nothing by default
};

struct EngineOptions {
  std::string data_folder;    // DATA: containers/ID/ (log, hosts, hostname, resolv.conf), volumes/NAME/_data
  std::string run_folder;     // RUN: containers/ID/ (bundle, monitor), runtime states
  std::string cgroup_parent;  // "podo" -> every hierarchy's /podo/ID
  std::vector<std::string> runtime_program;   // {"/proc/self/exe", "oci"}: how a monitor runs the OCI runtime
  docker::HostConfig::LogConfig default_log;  // json-file, max-size 10m, max-file 3
};

class Engine {
 public:
  static Task<std::unique_ptr<Engine>> open(const EngineGround& ground, EngineOptions options);
  virtual ~Engine() = default;

  // --- containers ---
  struct Created {
    std::string id;
    std::vector<std::string> warnings;
  };
  // `name` "" makes one up. not_found "No such image: x" when it is not here.
  virtual Task<Created> create(docker::CreateRequest request, std::string name) = 0;
  // A container that is one step of something of the caller's (a RUN of a build): nobody sees it in list() or
  // in events, its tree is the build snapshot of that id (Images::make_build_snapshot; the container's id is
  // the snapshot's), its config is the request's alone, without an image's; no volumes, health checks, logs
  // or restarts. Its whole id finds it, for everything else here. It goes by itself when it has ended, or
  // could not be started; remove() with `force` ends it before. The tree is the caller's: it is mounted from
  // start() on, unmounted when wait(next_exit) or remove() return, and then to be kept or removed. Nothing of
  // it is written to the disk, and nothing of it outlives the daemon.
  virtual Task<Created> create_step(docker::CreateRequest request, std::string snapshot_id) = 0;
  virtual Result<ContainerPtr> get(std::string_view reference) const = 0;
  virtual std::vector<ContainerPtr> list() const = 0;  // newest first
  // Nothing to do (already running): false, which is 304.
  virtual Task<bool> start(std::string reference, std::string detach_keys = {}) = 0;
  virtual Task<bool> stop(std::string reference, StopOptions options) = 0;
  virtual Task<void> restart(std::string reference, StopOptions options) = 0;
  virtual Task<void> kill(std::string reference, std::string signal) = 0;
  virtual Task<void> pause(std::string reference) = 0;
  virtual Task<void> unpause(std::string reference) = 0;
  virtual Task<void> rename(std::string reference, std::string name) = 0;
  virtual Task<std::vector<std::string>> update(std::string reference, docker::UpdateRequest request) = 0;
  virtual Task<void> remove(std::string reference, RemoveOptions options) = 0;
  // Begins to wait at once: `registered()` is true when a later exit cannot be missed.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual Task<Waited> done() = 0;
  };
  virtual Result<std::unique_ptr<Waiter>> wait(std::string reference, WaitFor what) = 0;
  virtual Task<std::unique_ptr<io::Stream>> attach(std::string reference, AttachOptions options) = 0;
  virtual Task<void> resize(std::string reference, std::uint32_t height, std::uint32_t width) = 0;
  // Log lines, framed as attach does; see container/streams/logs.h.
  virtual Task<std::unique_ptr<LogReader>> logs(std::string reference, LogOptions options) = 0;

  struct Top {
    std::vector<std::string> titles;
    std::vector<std::vector<std::string>> processes;
  };
  virtual Task<Top> top(std::string reference, std::string ps_arguments) = 0;
  // The body of GET /containers/{id}/stats, one sample; with precpu_stats of the sample before when given.
  virtual Task<std::string> stats(std::string reference, std::string_view previous, bool one_shot) = 0;
  virtual Task<std::vector<image::Change>> changes(std::string reference) = 0;
  virtual Task<Usage> usage(std::string reference) = 0;

  // --- files of a container (running or not) ---
  virtual Task<PathStat> stat_path(std::string reference, std::string path) = 0;
  virtual Task<PathStat> copy_from(std::string reference, std::string path,
                                   std::function<Task<void>(PathStat)> first, image::Images::Sink sink) = 0;
  using CopyOptions = engine::CopyOptions;
  virtual Task<void> copy_to(std::string reference, std::string path, http::Body& archive,
                             CopyOptions options) = 0;
  virtual Task<void> export_tree(std::string reference, image::Images::Sink sink) = 0;
  struct CommitRequest {
    std::string reference, repository_tag, author, comment;
    bool pause = true;
    std::vector<std::string> changes;  // Dockerfile instructions
    std::optional<docker::Config> config;
  };
  virtual Task<image::ImagePtr> commit(CommitRequest request) = 0;

  // --- exec ---
  virtual Task<std::string> create_exec(std::string reference, docker::ExecConfig config) = 0;  // its id
  virtual Result<ExecPtr> get_exec(std::string_view id) const = 0;
  struct ExecStart {
    bool detach = false, tty = false;
    std::optional<std::array<std::uint32_t, 2>> console_size = {};
  };
  virtual Task<std::unique_ptr<io::Stream>> start_exec(std::string id, ExecStart how) = 0;  // detached: null
  virtual Task<int> wait_exec(std::string id) = 0;  // its exit code, once it has ended
  virtual Task<void> resize_exec(std::string id, std::uint32_t height, std::uint32_t width) = 0;

  // --- volumes ---
  using VolumeWish = engine::VolumeWish;
  virtual Task<VolumePtr> create_volume(VolumeWish wish) = 0;  // the one there is, when it has that name
  virtual Result<VolumePtr> get_volume(std::string_view name) const = 0;
  virtual std::vector<VolumePtr> list_volumes() const = 0;
  virtual std::vector<std::string> users_of_volume(std::string_view name) const = 0;  // container ids
  virtual Task<std::uint64_t> volume_bytes(std::string name) = 0;
  virtual Task<void> remove_volume(std::string name, bool force) = 0;

  // --- networks, as far as running containers are concerned ---
  virtual Task<void> connect(std::string network, std::string container,
                             docker::EndpointSettings settings) = 0;
  virtual Task<void> disconnect(std::string network, std::string container, bool force) = 0;

  // --- sandboxes (container/sandbox/sandbox.h) and control groups ---
  virtual Task<SandboxPtr> make_sandbox(SandboxWish wish) = 0;     // already_exists
  virtual SandboxPtr find_sandbox(std::string_view id) const = 0;  // null: there is none
  virtual std::vector<SandboxPtr> list_sandboxes() const = 0;
  virtual Task<void> set_sandbox_hosts(std::string id, std::string hosts) = 0;  // a new /etc/hosts
  virtual Task<void> remove_sandbox(std::string id) = 0;                        // fine when it is gone
  // A TCP connection to a port of its loopback, from inside its network namespace.
  virtual Task<std::unique_ptr<io::Stream>> connect_in_sandbox(std::string id, std::uint16_t port) = 0;
  // A control group above those of sandboxes is made, or gets these limits.
  virtual Task<void> set_control_group(std::string path, docker::Resources limits) = 0;
  virtual Task<void> remove_control_group(std::string path) = 0;  // fine when it is gone

  // Stops nothing unless asked: containers go on without a daemon.
  virtual Task<void> close(bool stop_containers) = 0;
};

}  // namespace podo::engine
