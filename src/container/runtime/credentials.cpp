// drop_privileges: from root in the container's namespaces to the user and the capabilities of the config.
#include <sys/stat.h>
#include <unistd.h>

#include "base/linux/own_process.h"
#include "container/runtime/process_setup.h"

namespace podo::runtime {
namespace {

Result<> change_user(const ProcessPlan& process) {
  const auto grouped = linux::set_groups(process.groups);
  // Denied in a user namespace whose gid_map was written by an unprivileged user; harmless when no group was
  // asked for.
  if (!grouped && !(grouped.error().system_errno() == EPERM && process.groups.empty())) {
    return Failure(Error(grouped.error()).within("process.user.additionalGids"));
  }
  TRY_IN(text("process.user.gid: {}", process.gid), linux::set_group_id(process.gid));
  TRY_IN(text("process.user.uid: {}", process.uid), linux::set_user_id(process.uid));
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
  TRY_IN("process.capabilities.bounding", linux::limit_bounding_set(sets.bounding));
  TRY(linux::keep_capabilities(true));
  TRY(change_user(process));
  TRY(linux::keep_capabilities(false));
  TRY_IN("process.capabilities",
         linux::set_capabilities(
             {.effective = sets.effective, .permitted = sets.permitted, .inheritable = sets.inheritable}));
  TRY_IN("process.capabilities.ambient", linux::set_ambient_capabilities(sets.ambient));
  if (process.no_new_privileges) TRY_IN("process.noNewPrivileges", linux::forbid_new_privileges());
  return {};
}

}  // namespace podo::runtime
