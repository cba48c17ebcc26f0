#include "container/runtime/process_setup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/linux/descriptors.h"
#include "base/linux/file.h"
#include "base/linux/own_process.h"
#include "container/rootfs/rootfs.h"

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

}  // namespace

Result<> begin_session(const SessionOptions& options) {
  reset_signals();
  if (::setsid() < 0 && errno != EPERM) return failed_errno(errno, "setsid");
  if (options.keyring_name.empty()) return {};
  // Its own session keyring, so that it does not possess its caller's keys. The kernel's quota per user is
  // small: a full one is survived.
  const auto joined = linux::join_session_keyring(options.keyring_name);
  if (!joined && joined.error().system_errno() != ENOSYS) {
    return Failure(Error(joined.error()).within("session keyring (--no-new-keyring keeps the caller's)"));
  }
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

Result<> set_rlimits(const ProcessPlan& process, Log& log) {
  for (const RlimitPlan& limit : process.rlimits) TRY(set_rlimit(limit, log));
  return {};
}

Result<> set_limits(const ProcessPlan& process) {
  if (const auto& plan = process.scheduler) {
    TRY_IN("process.scheduler", linux::set_scheduler({plan->policy, plan->flags, plan->nice, plan->priority,
                                                      plan->runtime, plan->deadline, plan->period}));
  }
  if (process.io_priority) TRY_IN("process.ioPriority", linux::set_io_priority(*process.io_priority));
  TRY(write_exec_label(process));
  ::umask(process.umask.value_or(0022));
  return {};
}

Result<> set_affinity(const std::vector<bool>& cpus) {
  if (!cpus.empty()) TRY_IN("process.execCPUAffinity", linux::set_affinity(cpus));
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

Result<> limit_descriptors(int preserve_fds, int channel) {
  std::vector<int> kept = {channel};
  for (int preserved = 3; preserved < 3 + preserve_fds; ++preserved) {
    if (::fcntl(preserved, F_SETFD, 0) != 0)
      return failed_errno(errno, "--preserve-fds: descriptor {}", preserved);
    kept.push_back(preserved);
  }
  return linux::close_all_but(std::move(kept));
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
