#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/linux/clone.h"
#include "base/linux/file.h"
#include "base/linux/process.h"
#include "container/rootfs/mount_steps.h"

namespace podo::runtime {

namespace {

Result<io::Fd> map_and_open(pid_t owner, const std::string& uid_map, const std::string& gid_map) {
  const io::Fd process = TRY(linux::open_at(AT_FDCWD, text("/proc/{}", owner).c_str(), O_PATH | O_DIRECTORY));
  TRY(linux::write_file(process.get(), "uid_map", uid_map));
  TRY(linux::write_file(process.get(), "gid_map", gid_map));
  return linux::open_at(process.get(), "ns/user", O_RDONLY);
}

}  // namespace

// A namespace needs a process to be born with and to be mapped through; it stays as long as the descriptor.
Result<io::Fd> make_user_namespace(const std::string& uid_map, const std::string& gid_map) {
  if (uid_map.empty() || gid_map.empty()) return invalid("an idmap needs mappings of users and of groups");
  const linux::Child owner =
      TRY_IN("create a user namespace", linux::clone_process({.flags = CLONE_NEWUSER}));
  if (owner.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  Result<io::Fd> made = map_and_open(owner.pid, uid_map, gid_map);
  TRY(linux::signal_process(owner.pidfd, SIGKILL));
  TRY(linux::wait_for_exit(owner.pid));
  return made;
}

}  // namespace podo::runtime
