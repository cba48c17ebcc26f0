// drop_privileges: from root in the container's namespaces to the user and the capabilities of the config.
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container/runtime/process_setup.h"

namespace podo::runtime {
namespace {

// Without the capability there is nothing to drop it from: the loop ends at the first number the kernel does
// not know.
Result<> limit_bounding_set(std::uint64_t allowed) {
  for (int capability = 0; capability < 64; ++capability) {
    if ((allowed >> capability & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;
    return failed_errno(errno, "process.capabilities.bounding: drop capability {}", capability);
  }
  return {};
}

// The raw call: the C library's setgroups() would also tell other threads, of which there are none.
Result<> change_user(const ProcessPlan& process) {
  const long grouped = ::syscall(SYS_setgroups, process.groups.size(), process.groups.data());
  // Denied in a user namespace whose gid_map was written by an unprivileged user; harmless when no group was
  // asked for.
  if (grouped != 0 && !(errno == EPERM && process.groups.empty())) {
    return failed_errno(errno, "process.user.additionalGids");
  }
  if (::syscall(SYS_setresgid, process.gid, process.gid, process.gid) != 0) {
    return failed_errno(errno, "process.user.gid: {}", process.gid);
  }
  if (::syscall(SYS_setresuid, process.uid, process.uid, process.uid) != 0) {
    return failed_errno(errno, "process.user.uid: {}", process.uid);
  }
  return {};
}

Result<> set_capabilities(const CapabilitySets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct halves[2];
  for (int half = 0; half < 2; ++half) {
    const auto part = [half](std::uint64_t set) { return static_cast<std::uint32_t>(set >> (32 * half)); };
    halves[half] = {part(sets.effective), part(sets.permitted), part(sets.inheritable)};
  }
  if (::syscall(SYS_capset, &header, halves) != 0) return failed_errno(errno, "process.capabilities");
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; capability < 64; ++capability) {
    if ((sets.ambient >> capability & 1) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
      return failed_errno(errno, "process.capabilities.ambient: capability {}", capability);
    }
  }
  return {};
}

}  // namespace

Result<> own_standard_streams(const ProcessPlan& process) {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct stat about{};
    if (::fstat(stream, &about) != 0 || about.st_uid == process.uid) continue;
    const bool is_own = S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode) ||
                        (S_ISCHR(about.st_mode) && ::isatty(stream) != 0);
    if (!is_own) continue;  // a file of the host's or its /dev/null keep their owner
    // A user that the namespace does not map, a file system that keeps no owners: it cannot be opened again
    // then, but used.
    if (::fchown(stream, process.uid, static_cast<gid_t>(-1)) != 0 && errno != EPERM && errno != EINVAL &&
        errno != EROFS) {
      return failed_errno(errno, "process.user: owner of descriptor {}", stream);
    }
  }
  return {};
}

Result<> drop_privileges(const ProcessPlan& process) {
  // No capabilities in the config: none are given, as other runtimes read it.
  const CapabilitySets sets = process.capabilities.value_or(CapabilitySets{});
  TRY(limit_bounding_set(sets.bounding));
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failed_errno(errno, "keep capabilities");
  TRY(change_user(process));
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return failed_errno(errno, "keep capabilities");
  TRY(set_capabilities(sets));
  if (process.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return failed_errno(errno, "process.noNewPrivileges");
  }
  return {};
}

}  // namespace podo::runtime
