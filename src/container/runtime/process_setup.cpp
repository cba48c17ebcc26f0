#include "container/runtime/process_setup.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "container/runtime/rootfs.h"

namespace podo::runtime {
namespace {

// A container starts with every signal at its default and none blocked, whatever its caller ignored.
void reset_signals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Its own session keyring, so that it does not possess its caller's keys. The kernel's quota per user is
// small: a full one is survived.
void join_keyring(const std::string& name, Log& log) {
  const long ring = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str());
  if (ring < 0) {
    if (errno != ENOSYS)
      log.warn("session keyring: {}; the container keeps its caller's", describe_errno(errno));
    return;
  }
  // Whoever shares the user id may find it, but not change it: search is granted, link and setattr are not.
  constexpr std::uint32_t user_search = 0x00080000;
  std::uint32_t permissions = 0;
  char description[256];
  const long length = ::syscall(SYS_keyctl, KEYCTL_DESCRIBE, ring, description, sizeof description);
  if (length <= 0 || length > static_cast<long>(sizeof description)) return;
  std::string_view rest(description, static_cast<std::size_t>(length) - 1);  // type;uid;gid;permissions;name
  for (int field = 0; field < 3; ++field) rest.remove_prefix(std::min(rest.find(';'), rest.size() - 1) + 1);
  for (const char c : rest.substr(0, rest.find(';'))) {
    permissions = permissions * 16 + static_cast<std::uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  ::syscall(SYS_keyctl, KEYCTL_SETPERM, ring, permissions | user_search);
}

// EPERM is what a caller without CAP_SYS_RESOURCE gets for raising a hard limit: it then gets the most it may
// have.
Result<> set_rlimit(const RlimitPlan& limit, Log& log) {
  const auto resource = static_cast<__rlimit_resource>(limit.resource);
  if (::setrlimit64(resource, &limit.value) == 0) return {};
  const int error = errno;
  rlimit64 now{};
  if (error != EPERM || ::getrlimit64(resource, &now) != 0 || limit.value.rlim_max <= now.rlim_max) {
    return failed_errno(error, "process.rlimits: {}", limit.name);
  }
  const rlimit64 most{std::min(limit.value.rlim_cur, now.rlim_max), now.rlim_max};
  if (::setrlimit64(resource, &most) != 0) return failed_errno(errno, "process.rlimits: {}", limit.name);
  log.warn(
      "process.rlimits: {}: this host allows no more than {} (raising it needs CAP_SYS_RESOURCE): set to "
      "soft {}",
      limit.name, now.rlim_max, most.rlim_cur);
  return {};
}

Result<> set_scheduler(const SchedulerPlan& plan) {
  struct {  // struct sched_attr of <linux/sched/types.h>, which does not go together with <sched.h>
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
  } attributes{sizeof attributes, plan.policy,  plan.flags,    plan.nice,
               plan.priority,     plan.runtime, plan.deadline, plan.period};
  if (::syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) return failed_errno(errno, "process.scheduler");
  return {};
}

}  // namespace

Result<> begin_session(const SessionOptions& options, Log& log) {
  reset_signals();
  if (::setsid() < 0 && errno != EPERM) return failed_errno(errno, "setsid");
  if (!options.keyring_name.empty()) join_keyring(options.keyring_name, log);
  return {};
}

Result<> adjust_oom_score(const ProcessPlan& process, Log& log) {
  if (!process.oom_score_adj) return {};
  const auto written =
      linux::write_file(AT_FDCWD, "/proc/self/oom_score_adj", text("{}", *process.oom_score_adj));
  if (written) return {};
  const int error = written.error().system_errno();
  if (error != EACCES && error != EPERM) return Failure(Error(written.error()).within("process.oomScoreAdj"));
  log.warn("process.oomScoreAdj: {} not set: {} (lowering it needs CAP_SYS_RESOURCE)", *process.oom_score_adj,
           describe_errno(error));
  return {};
}

Result<> set_limits(const ProcessPlan& process, Log& log) {
  for (const RlimitPlan& limit : process.rlimits) TRY(set_rlimit(limit, log));
  if (process.scheduler) TRY(set_scheduler(*process.scheduler));
  constexpr int this_process = 1;  // IOPRIO_WHO_PROCESS
  if (process.io_priority && ::syscall(SYS_ioprio_set, this_process, 0, *process.io_priority) != 0) {
    return failed_errno(errno, "process.ioPriority");
  }
  TRY(write_exec_label(process));
  ::umask(process.umask.value_or(0022));
  return {};
}

Result<> set_affinity(const std::vector<bool>& cpus) {
  if (cpus.empty()) return {};
  std::vector<unsigned long> words((cpus.size() + 63) / 64);
  for (std::size_t cpu = 0; cpu < cpus.size(); ++cpu) {
    if (cpus[cpu]) words[cpu / 64] |= 1ul << (cpu % 64);
  }
  if (::syscall(SYS_sched_setaffinity, 0, words.size() * sizeof(words[0]), words.data()) != 0) {
    return failed_errno(errno, "process.execCPUAffinity");
  }
  return {};
}

Result<> set_host_names(const std::string& hostname, const std::string& domainname) {
  if (!hostname.empty() && ::sethostname(hostname.data(), hostname.size()) != 0)
    return failed_errno(errno, "hostname");
  if (!domainname.empty() && ::setdomainname(domainname.data(), domainname.size()) != 0) {
    return failed_errno(errno, "domainname");
  }
  return {};
}

Result<> set_memory_policy(const MemoryPolicyPlan& policy) {
  const auto bits = policy.nodes.size() * 64 + 1;  // the kernel counts one more than it reads
  if (::syscall(SYS_set_mempolicy, policy.mode, policy.nodes.empty() ? nullptr : policy.nodes.data(),
                policy.nodes.empty() ? 0 : bits) != 0) {
    return failed_errno(errno, "linux.memoryPolicy");
  }
  return {};
}

Result<> limit_descriptors(int preserve_fds) {
  const unsigned first = 3u + static_cast<unsigned>(preserve_fds);
  if (::close_range(first, ~0u, CLOSE_RANGE_CLOEXEC) != 0) return failed_errno(errno, "close_range");
  for (int fd = 3; fd < static_cast<int>(first); ++fd) {
    if (::fcntl(fd, F_SETFD, 0) != 0) return failed_errno(errno, "--preserve-fds: descriptor {}", fd);
  }
  return {};
}

Error execute(const Command& command, const ProcessPlan& process) {
  std::vector<char*> args, env;
  for (const auto& argument : process.args) args.push_back(const_cast<char*>(argument.c_str()));
  for (const auto& entry : command.env) env.push_back(const_cast<char*>(entry.c_str()));
  args.push_back(nullptr);
  env.push_back(nullptr);
  ::execve(command.file.c_str(), args.data(), env.data());
  return failed_errno(errno, "exec: \"{}\"", process.args[0]).error();
}

}  // namespace podo::runtime
