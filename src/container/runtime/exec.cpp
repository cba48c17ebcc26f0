// A further process in a running container.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>

#include "base/linux/clone.h"
#include "base/linux/file.h"
#include "base/linux/process.h"
#include "container/runtime/creation.h"
#include "container/runtime/exec_stage.h"
#include "container/runtime/foreground.h"
#include "container/runtime/host_facts.h"
#include "container/runtime/process_setup.h"
#include "container/runtime/terminal.h"
#include "container/seccomp/seccomp_cache.h"
#include "model/oci/decode.h"

namespace podo::runtime {
namespace {

constexpr std::size_t process_bytes_max = 4u << 20;

Result<> set_user(oci::User& user, std::string_view words) {
  if (words.empty()) return {};
  const std::size_t colon = words.find(':');
  const auto number = [&](std::string_view text_of, std::uint32_t& into) -> Result<> {
    const auto read = std::from_chars(text_of.data(), text_of.data() + text_of.size(), into);
    if (read.ec != std::errc() || read.ptr != text_of.data() + text_of.size()) {
      return invalid("--user: \"{}\" is not UID or UID:GID in numbers", words);
    }
    return {};
  };
  TRY(number(words.substr(0, colon), user.uid));
  if (colon != std::string_view::npos) TRY(number(words.substr(colon + 1), user.gid));
  return {};
}

// Flags of exec over the container's own process; --process replaces it whole.
Result<oci::Process> choose_process(const oci::Config& config, const ExecOptions& options) {
  if (!options.process_file.empty()) {
    const std::string bytes =
        TRY_IN("--process", linux::read_file(options.process_file.c_str(), process_bytes_max));
    return oci::decode_process(TRY_IN(options.process_file, json::parse(bytes)));
  }
  if (!config.process) return invalid("the container has no process to take defaults from: give --process");
  oci::Process process = *config.process;
  process.args = options.args;
  process.terminal = options.terminal.value_or(false);
  process.console_size.reset();
  process.env.insert(process.env.end(), options.env.begin(), options.env.end());
  if (!options.cwd.empty()) process.cwd = options.cwd;
  if (!options.apparmor.empty()) process.apparmor_profile = options.apparmor;
  if (!options.process_label.empty()) process.selinux_label = options.process_label;
  if (options.no_new_privileges) process.no_new_privileges = *options.no_new_privileges;
  TRY(set_user(process.user, options.user));
  process.user.additional_gids.insert(process.user.additional_gids.end(), options.additional_gids.begin(),
                                      options.additional_gids.end());
  if (!options.caps.empty() && !process.capabilities) process.capabilities.emplace();
  for (const std::string& name : options.caps) {
    oci::Capabilities& sets = *process.capabilities;
    for (auto* set : {&sets.bounding, &sets.effective, &sets.permitted}) set->push_back(name);
  }
  return process;
}

// The namespaces of `pid` that are not ours: entering our own user namespace again is an error to the kernel.
Result<std::uint64_t> foreign_namespaces(pid_t pid) {
  std::uint64_t kinds = 0;
  for (const std::uint64_t kind : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC,
                                   CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_NEWTIME}) {
    struct stat ours{}, theirs{};
    const std::string name(linux::name_of_namespace(kind));
    if (::stat(("/proc/self/ns/" + name).c_str(), &ours) != 0) continue;  // this kernel has no such kind
    if (::stat(text("/proc/{}/ns/{}", pid, name).c_str(), &theirs) != 0)
      return failed_errno(errno, "the container's {} namespace", name);
    if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev) kinds |= kind;
  }
  return kinds;
}

class Execution {
 public:
  Execution(ExecStage stage, const Clock& clock, Log& log)
      : stage_(std::move(stage)), clock_(clock), log_(log) {}
  ~Execution() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    (void)linux::wait_for_exit(pid_);
  }

  // The process runs its program.
  Result<> deliver(const StateDirectory& directory, const ContainerState& state) {
    auto [ours, theirs] = TRY(Channel::make());
    ours.set_log(log_);
    TRY(clone_inside(ours, theirs, state.scope));
    for (;;) {
      auto message = ours.receive();
      if (!message) {
        if (message.error().kind() == ErrorKind::cancelled) return {};  // closed by execve
        return Failure(std::move(message).error());
      }
      if (message->step == Step::failed) return Failure(decode_failure(message->body));
      if (message->step == Step::terminal) {
        terminal_ = std::move(message->descriptor);
      } else if (message->step == Step::listener) {
        TRY(send_listener_on(message->descriptor, state, directory, Status::running, pid_));
        TRY(ours.send(Step::proceed));
      }
    }
  }

  pid_t pid() const { return pid_; }
  const io::Fd& pidfd() const { return pidfd_; }
  const io::Fd& terminal() const { return terminal_; }
  void dismiss() { pid_ = 0; }

 private:
  // A process between us and the container enters its namespaces, then has ours as its sibling
  // (CLONE_PARENT): so the new process is in the
  // container's mount namespace from the first moment the container can see it, and nothing of the host can
  // be reached through it.
  Result<> clone_inside(Channel& ours, Channel& theirs, const SystemdScope& scope) {
    auto cloned = clone_into(stage_.cgroup_entry, 0, "exec");
    const bool far =
        !cloned && cloned.error().system_errno() == EACCES && scope.manager == SystemdManager::user;
    const linux::Child between = TRY(far ? linux::clone_process({}) : std::move(cloned));
    if (between.pid == 0) {
      ours.close();
      ChannelLog log(theirs);
      const Result<> done = [&]() -> Result<> {
        TRY(enter_container(stage_, log));
        TRY(drop_descriptors(stage_, theirs));
        const linux::Child child = TRY(linux::clone_process({.flags = CLONE_PARENT}));
        if (child.pid == 0) run_exec_stage(stage_, theirs);
        return theirs.send(Step::born, text("{}", child.pid));
      }();
      if (!done) (void)theirs.send_failure(done.error());
      ::_exit(done ? 0 : 1);
    }
    theirs.close();  // so that we hear of it when it is killed
    auto born = ours.expect(Step::born);
    TRY(linux::wait_for_exit(between.pid));
    const std::string number = TRY(std::move(born)).body;
    std::from_chars(number.data(), number.data() + number.size(), pid_);
    pidfd_ = TRY(linux::open_process(pid_));
    if (far) TRY(attach_to_scope(scope, pid_, clock_));
    return ours.send(Step::proceed);
  }

  ExecStage stage_;
  const Clock& clock_;
  Log& log_;
  pid_t pid_ = 0;
  io::Fd pidfd_, terminal_;
};

// The container's first process by a descriptor that no later process can take over, together with what must
// be read about it from outside.
Result<> look_at_init(ExecStage& stage, const ContainerState& state) {
  stage.init = TRY(linux::open_process(state.pid));
  stage.namespaces = TRY(foreign_namespaces(state.pid));
  if ((stage.namespaces & CLONE_NEWNS) != 0) {
    auto root = linux::open_at(AT_FDCWD, text("/proc/{}/root", state.pid).c_str(), O_PATH | O_DIRECTORY);
    if (root) stage.root = std::move(*root);
  }
  if (TRY(process_start_time(state.pid)) != state.pid_start_time) return conflict("container not running");
  return {};
}

Result<> check_status(Status status, bool ignore_paused) {
  if (status == Status::created || status == Status::running) return {};
  if (status == Status::paused && ignore_paused) return {};
  if (status == Status::paused)
    return conflict("cannot exec in a paused container (use --ignore-paused to override)");
  return conflict("cannot exec in a {} container: container not running", name_of(status));
}

Result<> choose_terminal(ExecStage& stage, const ExecOptions& options) {
  const bool socket = !options.console_socket.empty();
  if (stage.process.terminal && !socket && options.detach) {
    return invalid(
        "a detached process with a terminal needs --console-socket, where the terminal is sent to");
  }
  if (!stage.process.terminal && socket)
    return invalid("--console-socket is given, but the process has no terminal");
  if (socket) stage.console_socket = TRY(connect_console_socket(options.console_socket));
  return {};
}

// Everything the new process needs, looked up while we are still outside.
Result<ExecStage> prepare_stage(const oci::Config& config, const ContainerState& state,
                                const ExecOptions& options, const SeccompCache& filters, Log& log) {
  const oci::Process process = TRY(choose_process(config, options));
  ExecStage stage;
  TRY(look_at_init(stage, state));
  HostFacts host = TRY(read_host_facts());
  if ((stage.namespaces & CLONE_NEWUSER) != 0) host = inside_user_namespace(host);
  std::vector<std::string> warnings;
  stage.process = TRY(plan_process(process, host, warnings));
  for (const std::string& warning : warnings) log.write(LogLevel::warning, warning);
  if (config.linux.personality) stage.personality = TRY(plan_personality(*config.linux.personality));
  TRY(choose_terminal(stage, options));
  if (config.linux.seccomp)
    stage.seccomp = TRY_IN("linux.seccomp", filters.compile(*config.linux.seccomp, log));
  stage.cgroup_entry = TRY(Cgroup::reopen(state.cgroups).entry_beside(state.pid));
  stage.preserve_fds = options.preserve_fds;
  if (!state.keeps_keyring) stage.keyring_name = "_ses." + state.id;
  return stage;
}

}  // namespace

Result<int> Runtime::exec(const std::string& id, const ExecOptions& options) {
  const StateDirectory directory = TRY(StateDirectory::open(root_, id, StateDirectory::Lock::none));
  const ContainerState state = TRY(directory.load());
  TRY(check_status(observe(directory, state), options.ignore_paused));
  const oci::Config config = TRY(saved_config(directory));
  ExecStage stage = TRY(prepare_stage(config, state, options, SeccompCache(root_ + "/@seccomp"), log_));

  std::optional<Foreground> signals;
  if (!options.detach) signals.emplace(TRY(Foreground::take_signals()));
  Execution execution(std::move(stage), clock_, log_);
  TRY(execution.deliver(directory, state));
  TRY(write_pid_file(options.pid_file, execution.pid()));
  if (options.detach) {
    execution.dismiss();
    return 0;
  }
  const int code = TRY(signals->wait(execution.pid(), execution.pidfd(), execution.terminal()));
  execution.dismiss();
  return code;
}

}  // namespace podo::runtime
