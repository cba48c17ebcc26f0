// How the engine begins and ends.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/io/combine.h"
#include "base/io/outcome.h"
#include "base/linux/cgroup_layout.h"
#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "container/engine/local_engine.h"
#include "container/monitor/program.h"

namespace podo::engine {
namespace {

// A container that looks at who started it sees this file, and cannot write it: it is on a mount of its own,
// read-only and attached nowhere (container/runtime/self_protection.h).
Result<io::Fd> open_runtime(const std::string& path) {
  auto mount = linux::clone_tree(AT_FDCWD, path.c_str(), linux::Depth::mount);
  if (mount && linux::set_attributes(mount->get(), linux::Depth::mount, {.set = MOUNT_ATTR_RDONLY}))
    return mount;
  return linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY);  // it protects itself then
}

Result<void> make_folders(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return failed_errno(error.value(), "create {}", path);
    if (::chmod(path.c_str(), 0711) != 0) return failed_errno(errno, "chmod {}", path);
  }
  return {};
}

// The first process of containers with --init is the monitor's program by another name. By rename: an older
// one may be mounted in containers.
Result<> write_init(const std::string& path) {
  const std::string fresh = path + ".new";
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0555));
  const auto program = monitor::program();
  TRY(linux::write_whole(file.get(), {reinterpret_cast<const char*>(program.data()), program.size()}));
  if (::fchmod(file.get(), 0555) != 0) return failed_errno(errno, "chmod {}", fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed_errno(errno, "rename {}", fresh);
  return {};
}

// What is in a group keeps it. `groups`: who is inside of another comes first.
Result<void> remove_empty_groups(const std::vector<std::string>& groups) {
  const auto layout = linux::read_cgroup_layout();
  if (!layout) return Failure(layout.error());
  for (const linux::CgroupHierarchy& hierarchy : layout->hierarchies)
    for (const std::string& group : groups) ::rmdir(text("{}/{}", hierarchy.mount_point, group).c_str());
  return {};
}

}  // namespace

Task<std::unique_ptr<Engine>> Engine::open(const EngineGround& ground, EngineOptions options) {
  auto engine = std::make_unique<LocalEngine>(ground, std::move(options));
  co_await engine->begin();
  co_return std::move(engine);
}

LocalEngine::LocalEngine(const EngineGround& ground, EngineOptions options)
    : ground_(ground),
      options_(std::move(options)),
      runtime_(options_.run_folder + "/oci", ground.clock, ground.log),
      background_(ground.loop) {}

LocalEngine::~LocalEngine() {
  for (const auto& [id, slot] : slots_) slot->health.reset();  // its strand holds the slot
}

Task<void> LocalEngine::begin() {
  ENSURE(!options_.runtime_program.empty());
  const std::string& run = options_.run_folder;
  std::vector<std::string> folders{run + "/containers", run + "/oci", run + "/sandboxes",
                                   options_.data_folder + "/containers"};
  machine_ = co_await ground_.pool.run([folders = std::move(folders)]() -> Result<Machine> {
    if (auto made = make_folders(folders); !made) return Failure(std::move(made).error());
    return read_machine();
  });
  co_await write_init(run + "/docker-init");
  monitor_program_ = co_await MonitorProgram::load();
  sandboxes_ =
      std::make_unique<Sandboxes>(SandboxesGround{ground_.loop, ground_.pool, ground_.store, ground_.networks,
                                                  ground_.clock, ground_.log, machine_},
                                  SandboxesOptions{run, options_.cgroup_parent, monitor_program_->path()});
  runtime_file_ = co_await open_runtime(options_.runtime_program.front());
  volumes_ = co_await Volumes::open(ground_.store, ground_.pool, ground_.clock, ground_.random,
                                    options_.data_folder + "/volumes");
  co_await restore();
}

// Containers go on without us, steps of builds do not; what was not settled yet, the next daemon finds in the
// folders.
Task<void> LocalEngine::close(bool stop_containers) {
  closing_ = true;
  std::vector<Task<Result<void>>> stops;
  for (const auto& [id, slot] : slots_) {
    if (stop_containers || slot->is_step()) stops.push_back(io::outcome(stop_for_end(slot)));
  }
  co_await io::all(std::move(stops));
  for (const auto& [id, slot] : slots_) slot->health.reset();
  sandboxes_->close();
  background_.cancel();
  co_await background_.join();
  groups_.insert(options_.cgroup_parent);
  std::vector<std::string> groups(groups_.rbegin(), groups_.rend());
  co_await ground_.pool.run([groups = std::move(groups)] { return remove_empty_groups(groups); });
}

// Not as if its user had stopped it: its policy may start it again with the next daemon.
Task<void> LocalEngine::stop_for_end(SlotPtr slot) {
  const Turn::Held held = co_await slot->turn.take();
  if (!is_alive(slot->status())) co_return;
  const StopOptions at_once{.signal = "KILL", .timeout_s = 0};
  co_await end_run(slot, slot->is_step() ? at_once : StopOptions{}, StopBy::daemon);
  co_await settle_exit(slot);
  co_await after_exit(slot);
}

}  // namespace podo::engine
