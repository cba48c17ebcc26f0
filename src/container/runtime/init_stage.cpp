// The child's side of a birth: from a fresh clone of the runtime to the container's program. See birth.h for
// the whole order.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "base/linux/descriptors.h"
#include "base/linux/file.h"
#include "base/linux/own_process.h"
#include "container/rootfs/mount_target.h"
#include "container/runtime/birth.h"
#include "container/runtime/hooks.h"
#include "container/runtime/process_setup.h"
#include "container/runtime/terminal.h"

namespace podo::runtime {
namespace {

class InitStage {
 public:
  InitStage(Birth& birth, const Channel& channel)
      : birth_(birth), plan_(*birth.plan), channel_(channel), log_(channel) {}

  // The path. Each returns only to go on, or with what failed; the last does not return on success.
  Result<> live() {
    TRY(enter_namespaces());
    TRY(begin_session({.keyring_name = birth_.no_new_keyring ? "" : "_ses." + birth_.state->id}));
    TRY(set_host_names(plan_.hostname, plan_.domainname));
    if ((plan_.namespaces.create & CLONE_NEWNET) != 0) TRY(raise_loopback());
    TRY(raise_net_devices(birth_.net_devices));
    TRY(make_file_tree());
    if (plan_.process) {
      TRY(set_limits(*plan_.process));
      command_ = TRY(resolve_command(*plan_.process));
    }
    if (const auto& policy = plan_.memory_policy)
      TRY_IN("linux.memoryPolicy", linux::set_memory_policy(policy->mode, policy->nodes));
    TRY(channel_.send(Step::ready));
    TRY(wait_for_start());
    return become_program();
  }

  // Who hears of a failure: the runtime that gives birth, later the one that starts.
  const Channel& listener() const { return start_ ? *start_ : channel_; }

 private:
  // What the runtime has open (states, control groups, logs) leads out of the container.
  Result<> drop_descriptors() {
    std::vector<int> kept = {channel_.descriptor(), birth_.start_listener.get(), birth_.console_socket.get()};
    for (const io::Fd& each : birth_.cgroup_entry.tasks) kept.push_back(each.get());
    for (const io::Fd& each : birth_.sources.trees) kept.push_back(each.get());
    for (int preserved = 0; preserved < birth_.preserve_fds; ++preserved) kept.push_back(3 + preserved);
    return linux::close_all_but(std::move(kept));
  }

  Result<> enter_namespaces() {
    TRY(drop_descriptors());
    TRY(enter_cgroup(birth_.cgroup_entry));
    birth_.cgroup_entry = {};
    // Files of our own in /proc: later they belong to root, which we may not be then.
    if (plan_.process) TRY(adjust_oom_score(*plan_.process, log_));
    if (!plan_.namespaces.time_offsets.empty()) {
      time_offsets_ =
          TRY_IN("linux.timeOffsets", linux::open_at(AT_FDCWD, "/proc/self/timens_offsets", O_WRONLY));
    }
    TRY(linux::forbid_inspection());  // by what runs in the container (CVE-2016-9962, CVE-2019-5736)
    const std::string pid = TRY(channel_.expect(Step::proceed)).body;
    std::from_chars(pid.data(), pid.data() + pid.size(), birth_.state->pid);
    if ((plan_.namespaces.create & CLONE_NEWUSER) != 0)
      TRY_IN("linux.namespaces: user", linux::become_namespace_root());
    if (!needs_between(plan_.namespaces)) {
      TRY(join_namespaces(plan_.namespaces.join));
      for (const NamespaceJoin& join : plan_.namespaces.join) {
        if (join.kind == CLONE_NEWUSER) TRY_IN("linux.namespaces: user", linux::become_namespace_root());
      }
    } else if (plan_.namespaces.has(CLONE_NEWUSER)) {
      TRY_IN("linux.namespaces: user", linux::become_namespace_root());
    }
    // Only now: the new cgroup namespace's root is where this process is.
    if ((plan_.namespaces.create & CLONE_NEWCGROUP) != 0)
      TRY_IN("linux.namespaces: cgroup", linux::unshare(CLONE_NEWCGROUP));
    if ((plan_.namespaces.create & CLONE_NEWTIME) != 0)
      TRY_IN("linux.namespaces: time", enter_time_namespace());
    return {};
  }

  // The offsets must be written while the namespace is empty.
  Result<> enter_time_namespace() {
    TRY(linux::unshare(CLONE_NEWTIME));
    if (time_offsets_) {
      TRY_IN("linux.timeOffsets", linux::write_whole(time_offsets_.get(), plan_.namespaces.time_offsets));
      time_offsets_.close();
    }
    const io::Fd made = TRY(linux::open_at(AT_FDCWD, "/proc/self/ns/time_for_children", O_RDONLY));
    return linux::join_namespace(made.get(), CLONE_NEWTIME);
  }

  Result<> make_file_tree() {
    Rootfs rootfs = TRY(Rootfs::build({.plan = &plan_,
                                       .bundle = birth_.state->bundle,
                                       .sources = std::move(birth_.sources),
                                       .cgroups = birth_.cgroups,
                                       .no_pivot = birth_.no_pivot},
                                      log_));
    const oci::Hooks& hooks = birth_.config->hooks;
    if (!hooks.prestart.empty() || !hooks.create_runtime.empty()) {
      TRY(channel_.send(Step::runtime_hooks));
      TRY(channel_.expect(Step::proceed));
    }
    TRY(run_hooks("createContainer", hooks.create_container, state_json(Status::creating),
                  birth_.state->bundle));
    TRY(rootfs.enter());
    TRY(write_sysctls(plan_.sysctls));
    if (plan_.process) {
      TRY(make_working_directory(plan_.process->cwd));
      if (plan_.process->terminal) TRY(give_terminal());
    }
    return rootfs.seal();
  }

  Result<> give_terminal() {
    const io::Fd master = TRY(open_terminal(plan_.process->console_size, true));
    if (birth_.relay_terminal) return channel_.send(Step::terminal, {}, master.get());
    TRY(send_terminal(birth_.console_socket, master));
    birth_.console_socket.close();
    return {};
  }

  // Found or made like the place of a mount: a link of the image does not lead outside, one of /proc
  // (CVE-2024-21626) nowhere.
  Result<> make_working_directory(const std::string& cwd) {
    const mode_t mask = ::umask(0);
    const auto made = [&]() -> Result<> {
      const io::Fd root = TRY(linux::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
      const auto directory = open_target(root.get(), cwd, TargetKind::directory);
      if (directory || directory.error().system_errno() == EROFS) return {};  // chdir will tell
      return Failure(Error(directory.error()).within("process.cwd"));
    }();
    ::umask(mask);
    return made;
  }

  // From here on the runtime that made the container may be gone.
  Result<> wait_for_start() {
    if (birth_.start_listener) TRY(accept_start());
    TRY(listener().expect(Step::proceed));
    if (!plan_.process) return invalid("process: required by start, and not set in config.json");
    return {};
  }

  Result<> accept_start() {
    int connection = -1;
    while ((connection = ::accept4(birth_.start_listener.get(), nullptr, nullptr, SOCK_CLOEXEC)) < 0) {
      if (errno != EINTR && errno != ECONNABORTED) return failed_errno(errno, "wait for start");
    }
    start_.emplace(io::Fd(connection));
    log_.speak_to(*start_);
    return {};
  }

  // Without no_new_privs a filter may only be loaded with CAP_SYS_ADMIN, so before privileges go; with it as
  // late as possible. Hooks of the container run with no more than the container's own privileges: their
  // program comes from the image.
  Result<> become_program() {
    const ProcessPlan& process = *plan_.process;
    if (plan_.personality) TRY_IN("linux.personality", linux::set_personality(*plan_.personality));
    TRY(set_rlimits(process, log_));
    TRY(limit_descriptors(birth_.preserve_fds, listener().descriptor()));
    TRY(own_standard_streams(process));
    if (!process.no_new_privileges) TRY(load_filter());
    TRY(drop_privileges(process));
    TRY(run_hooks("startContainer", birth_.config->hooks.start_container, state_json(Status::created), "/"));
    TRY(enter_directory(process));
    if (process.no_new_privileges) TRY(load_filter());
    return Failure(execute(command_, process));
  }

  std::string state_json(Status status) const { return spec_state_json(*birth_.state, status); }

  Result<> load_filter() {
    if (!birth_.seccomp) return {};
    const io::Fd notifications = TRY(load_seccomp(*birth_.seccomp));
    if (!notifications) return {};
    TRY(listener().send(Step::listener, {}, notifications.get()));
    return listener().expect(Step::proceed).transform([](auto&&) {});
  }

  Birth& birth_;
  const Plan& plan_;
  const Channel& channel_;
  std::optional<Channel> start_;
  ChannelLog log_;
  io::Fd time_offsets_;
  Command command_;
};

}  // namespace

void run_init_stage(Birth& birth, const Channel& channel) {
  InitStage stage(birth, channel);
  const Result<> lived = stage.live();
  (void)stage.listener().send_failure(lived.error());
  ::_exit(1);
}

}  // namespace podo::runtime
