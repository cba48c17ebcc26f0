#include "base/linux/clone.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace podo::linux {

Result<Child> clone_process(const Clone& how) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = how.flags | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  // With CLONE_PARENT the child reports to our parent, which chose its signal itself.
  arguments.exit_signal = (how.flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  if (how.cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(how.cgroup);
  }
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) {
    const int error = errno;
    return failed_errno(error, "clone3 with namespaces {:x}", how.flags);
  }
  return Child{static_cast<pid_t>(pid), io::Fd(pid == 0 ? -1 : pidfd)};
}

Result<> join_namespace(int descriptor, std::uint64_t kind) {
  if (::setns(descriptor, static_cast<int>(kind)) != 0) return failed_errno(errno, "setns");
  return {};
}

Result<> unshare(std::uint64_t kinds) {
  if (::unshare(static_cast<int>(kinds)) != 0) return failed_errno(errno, "unshare");
  return {};
}

std::string_view name_of_namespace(std::uint64_t kind) {
  switch (kind) {
    case CLONE_NEWUSER: return "user";
    case CLONE_NEWNS: return "mnt";
    case CLONE_NEWPID: return "pid";
    case CLONE_NEWNET: return "net";
    case CLONE_NEWIPC: return "ipc";
    case CLONE_NEWUTS: return "uts";
    case CLONE_NEWCGROUP: return "cgroup";
    case CLONE_NEWTIME: return "time";
    default: return "?";
  }
}

Result<int> wait_for_exit(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, __WALL) < 0) {
    if (errno != EINTR) return failed_errno(errno, "wait for process {}", pid);
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace podo::linux
