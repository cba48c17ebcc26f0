#include "container/runtime/creation.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/timestamp.h"
#include "base/linux/file.h"
#include "container/runtime/hooks.h"
#include "container/runtime/host_facts.h"
#include "container/runtime/terminal.h"
#include "container/seccomp/seccomp_cache.h"
#include "model/oci/decode.h"

namespace podo::runtime {
namespace {

constexpr std::size_t config_bytes_max = 16u << 20;

// Whoever made the bundle must not make us wait for the other end of a pipe.
Result<std::string> read_config(const std::string& path) {
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK));
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return failed_errno(errno, "stat {}", path);
  if (!S_ISREG(about.st_mode)) return invalid("{} is not a regular file", path);
  return TRY_IN(path, linux::read_all(file.get(), config_bytes_max));
}

}  // namespace

std::string choose_cgroup_path(const std::string& configured, const std::string& id) {
  if (configured.empty()) return "/podo-" + id;
  return configured[0] == '/' ? configured : "/" + configured;
}

// Whoever waits for the file to appear must never read half a number.
Result<> write_pid_file(const std::string& path, pid_t pid) {
  if (path.empty()) return {};
  const std::string temporary = path + ".part";
  {
    const io::Fd file = TRY_IN("--pid-file", linux::open_at(AT_FDCWD, temporary.c_str(),
                                                            O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644));
    TRY_IN("--pid-file", linux::write_whole(file.get(), text("{}", pid)));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed_errno(errno, "--pid-file: {}", path);
  return {};
}

Result<oci::Config> saved_config(const StateDirectory& directory) {
  return oci::decode_config(TRY(json::parse(TRY(directory.config()))));
}

Result<std::unique_ptr<Creation>> Creation::open(const Request& request, const Clock& clock, Log& log) {
  TRY(check_container_id(request.id));
  std::unique_ptr<Creation> creation(new Creation(request, clock, log));
  ContainerState& state = creation->state_;
  state.id = request.id;
  state.created = rfc3339(clock.wall());
  state.owner_uid = ::geteuid();
  state.boot_id = TRY(read_boot_id());
  TRY(creation->read_bundle());
  TRY(creation->check_terminal());
  return creation;
}

Result<> Creation::read_bundle() {
  char absolute[PATH_MAX];
  if (::realpath(request_.options.bundle.c_str(), absolute) == nullptr) {
    return failed_errno(errno, "--bundle: {}", request_.options.bundle);
  }
  state_.bundle = absolute;
  const std::string file = state_.bundle + "/config.json";
  config_text_ = TRY(read_config(file));
  const json::Document document = TRY_IN(file, json::parse(config_text_));
  config_ = TRY_IN(file, oci::decode_config(document));
  plan_ = TRY_IN(file, plan_container(config_, state_.bundle, TRY(read_host_facts())));
  for (const std::string& warning : plan_.warnings) log_.write(LogLevel::warning, warning);
  state_.rootfs = plan_.rootfs.path;
  state_.oci_version = config_.oci_version;
  state_.annotations = config_.annotations;
  state_.keeps_keyring = request_.options.no_new_keyring;
  state_.has_poststart = !config_.hooks.poststart.empty();
  state_.has_poststop = !config_.hooks.poststop.empty();
  state_.has_start_container = !config_.hooks.start_container.empty();
  return {};
}

Result<> Creation::check_terminal() const {
  const bool terminal = plan_.process && plan_.process->terminal;
  const bool socket = !request_.options.console_socket.empty();
  if (terminal && !socket && !request_.terminal_here) {
    return invalid("process.terminal is true: give --console-socket, where the terminal is sent to");
  }
  // The container's shell would wait for ever: a pipe's end is not a terminal's.
  if (terminal && !socket && ::isatty(STDIN_FILENO) == 0) {
    return invalid(
        "process.terminal is true, but standard input is no terminal: set it to false, or use "
        "--console-socket");
  }
  if (!terminal && socket) return invalid("--console-socket is given, but process.terminal is false");
  return {};
}

// systemd's part; what it does not know of (v1 hierarchies, limits, device rules) is made as without it.
Result<Cgroup> Creation::make_scope(const linux::CgroupLayout& layout) {
  const auto manager = request_.options.systemd;
  scope_ = TRY(Scope::start({manager, state_.id, config_, layout}, clock_));
  state_.scope = scope_->unit();
  TRY(directory_->mark_cgroups({state_.scope, scope_->path()}));
  return Cgroup::create(layout, scope_->path(), config_.linux.resources, Cgroup::Found::ours);
}

Result<> Creation::limit_processes(std::int64_t limit) {
  oci::Resources only;
  only.pids_limit = limit;
  return cgroup_->update(only, log_);
}

// The container's process is in, so the placeholder may go, before others whom a limit counts are born.
Result<> Creation::release_scope() {
  if (!scope_ || !scope_->held()) return {};
  scope_->release();
  const auto& limit = config_.linux.resources.pids_limit;
  return limit == 1 ? limit_processes(*limit) : Result<>();
}

Result<> Creation::make_cgroups() {
  const linux::CgroupLayout layout = TRY(linux::read_cgroup_layout());
  auto cgroup = request_.options.systemd != SystemdManager::none
                    ? make_scope(layout)
                    : Cgroup::create(layout, choose_cgroup_path(plan_.cgroups_path, state_.id),
                                     config_.linux.resources);
  if (!cgroup) {
    // Without root, and without limits to keep, a container may do without a group of its own.
    const bool asked = request_.options.systemd != SystemdManager::none;
    if (cgroup.error().kind() != ErrorKind::denied || ::geteuid() == 0 || asked)
      return Failure(std::move(cgroup).error());
    log_.warn("no cgroup of its own: {}", cgroup.error().message());
    return {};
  }
  cgroup_ = std::move(*cgroup);
  state_.cgroups = cgroup_->directories();
  if (!scope_)
    TRY(directory_->mark_cgroups({}));  // killed from here on, we leave what delete finds by config.json
  TRY(cgroup_->apply(config_.linux.resources, log_));
  if (scope_ && config_.linux.resources.pids_limit == 1)  // nobody could be born beside the placeholder
    TRY(limit_processes(2));
  birth_.cgroup_entry = TRY(cgroup_->entry());
  if (state_.scope.manager == SystemdManager::user) birth_.cgroup_entry.unified.close();  // born() moves it
  birth_.cgroups = cgroup_->directories();
  return {};
}

Result<> Creation::prepare_birth() {
  birth_.plan = &plan_;
  birth_.config = &config_;
  birth_.state = &state_;
  birth_.preserve_fds = request_.options.preserve_fds;
  birth_.no_pivot = request_.options.no_pivot;
  birth_.no_new_keyring = request_.options.no_new_keyring;
  if (config_.linux.seccomp) {
    birth_.seccomp = TRY_IN("linux.seccomp",
                            SeccompCache(request_.root + "/@seccomp").compile(*config_.linux.seccomp, log_));
  }
  if (!request_.options.console_socket.empty()) {
    birth_.console_socket = TRY(connect_console_socket(request_.options.console_socket));
  } else {
    birth_.relay_terminal = request_.terminal_here;
  }
  if (request_.separate_start) birth_.start_listener = TRY(directory_->listen_start());
  birth_.net_devices = TRY(collect_net_devices(plan_.net_devices));
  birth_.sources = TRY(prepare_mount_sources(plan_, state_.bundle));
  return {};
}

Result<Newborn> Creation::deliver() {
  directory_ = TRY(StateDirectory::create(request_.root, state_.id));
  TRY(directory_->save_config(
      config_text_));  // exec and delete see what was created, not what the bundle says by then
  TRY(make_cgroups());
  TRY(prepare_birth());
  Newborn newborn = TRY(give_birth(birth_, *this, log_));
  const auto recorded = [&]() -> Result<> {
    TRY(release_scope());
    TRY(directory_->save(state_));
    return write_pid_file(request_.options.pid_file, newborn.pid);
  }();
  if (!recorded) {
    ::kill(newborn.pid, SIGKILL);
    (void)linux::wait_for_exit(newborn.pid);
    return Failure(recorded.error());
  }
  return newborn;
}

Result<> Creation::born(pid_t pid) {
  born_ = true;
  state_.pid = pid;
  state_.pid_start_time = TRY(process_start_time(pid));
  if (state_.scope.manager == SystemdManager::user) TRY(attach_to_scope(state_.scope, pid, clock_));
  if (birth_.cgroup_entry.tasks.empty()) TRY(release_scope());  // born inside; on v1 it is still on its way
  if (!birth_.net_devices.empty()) TRY(give_net_devices());
  return {};
}

// A network namespace to be joined is not the process's yet.
Result<> Creation::give_net_devices() {
  std::string path = text("/proc/{}/ns/net", state_.pid);
  for (const NamespaceJoin& join : plan_.namespaces.join) {
    if (join.kind == CLONE_NEWNET) path = join.path;
  }
  return move_net_devices(birth_.net_devices, TRY(linux::open_at(AT_FDCWD, path.c_str(), O_RDONLY)));
}

Result<> Creation::run_runtime_hooks() {
  TRY(release_scope());
  const std::string state_json = spec_state_json(state_, Status::creating);
  TRY(run_hooks("prestart", config_.hooks.prestart, state_json, state_.bundle));
  return run_hooks("createRuntime", config_.hooks.create_runtime, state_json, state_.bundle);
}

Creation::~Creation() {
  if (kept_ || !directory_) return;
  if (scope_) {
    scope_->release();
    if (const auto stopped = stop_scope(scope_->unit(), clock_); !stopped)
      log_.warn("undo: {}", stopped.error().message());
  }
  if (cgroup_) {
    if (const auto removed = cgroup_->remove(); !removed) log_.warn("undo: {}", removed.error().message());
  }
  // The life of a container that failed to be created ends like any other's.
  if (born_)
    run_hooks_warning("poststop", config_.hooks.poststop, spec_state_json(state_, Status::stopped),
                      state_.bundle, log_);
  if (const auto removed = directory_->remove(); !removed) log_.warn("undo: {}", removed.error().message());
}

}  // namespace podo::runtime
