#include "container/sandbox/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "base/linux/namespaces.h"
#include "container/volumes/mounts_resolve.h"
#include "container/volumes/run_folder.h"

namespace podo::engine {
namespace {

Result<> write_sysctls(const SandboxSysctls::Values& values) {
  for (const auto& [name, value] : values) TRY_IN("sysctl", linux::write_sysctl(name, value));
  return {};
}

}  // namespace

SandboxPaths paths_of(const SandboxWish& wish, const std::string& run_folder) {
  SandboxPaths paths;
  paths.folder = text("{}/sandboxes/{}", run_folder, wish.id);
  if (has_own_network(wish)) {
    paths.network = text("{}/netns/{}", run_folder, wish.id);
    paths.uts = paths.folder + "/uts";
  }
  if (!wish.host_ipc) paths.ipc = paths.folder + "/ipc";
  if (wish.share_processes) paths.pid = paths.folder + "/pid";
  paths.shm = wish.host_ipc ? "/dev/shm" : paths.folder + "/shm";
  paths.hosts = paths.folder + "/hosts";
  paths.hostname = paths.folder + "/hostname";
  paths.resolv_conf = paths.folder + "/resolv.conf";
  return paths;
}

Result<> make_sandbox_namespaces(const SandboxWish& wish, const SandboxPaths& paths,
                                 const SandboxSysctls& sysctls) {
  if (::mkdir(paths.folder.c_str(), 0711) != 0 && errno != EEXIST)
    return failed_errno(errno, "mkdir {}", paths.folder);
  if (!paths.ipc.empty()) TRY(make_shm(paths.folder, wish.shm_bytes));
  const std::uint64_t kinds =
      (paths.ipc.empty() ? 0u : CLONE_NEWIPC) | (paths.uts.empty() ? 0u : CLONE_NEWUTS);
  if (kinds == 0) return {};
  const auto visit = TRY(linux::NewNamespacesVisit::enter(kinds));
  if (!paths.uts.empty()) {
    TRY(linux::set_host_name(wish.hostname));
    TRY(linux::pin_namespace(TRY(linux::current_namespace(CLONE_NEWUTS)), paths.uts));
  }
  if (paths.ipc.empty()) return {};
  TRY(write_sysctls(sysctls.ipc));
  return linux::pin_namespace(TRY(linux::current_namespace(CLONE_NEWIPC)), paths.ipc);
}

Result<> set_sandbox_network(const SandboxPaths& paths, const SandboxSysctls& sysctls) {
  if (paths.network.empty()) return {};
  const io::Fd inside = TRY(linux::open_pinned_namespace(paths.network));
  const auto visit = TRY(linux::NetworkNamespaceVisit::enter(inside));
  return write_sysctls(sysctls.network);
}

// Over the old bytes: the file is mounted into containers, so it has to stay the same one.
Result<> write_sandbox_file(const std::string& path, const std::string& text) {
  const io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644));
  return linux::write_whole(file.get(), text);
}

bool is_intact(const SandboxPaths& paths) {
  for (const std::string* pin : {&paths.network, &paths.ipc, &paths.uts, &paths.pid}) {
    if (!pin->empty() && !linux::open_pinned_namespace(*pin)) return false;
  }
  struct stat folder{}, shm{};
  if (::stat(paths.folder.c_str(), &folder) != 0) return false;
  return paths.ipc.empty() || (::stat(paths.shm.c_str(), &shm) == 0 && shm.st_dev != folder.st_dev);
}

Result<> release_sandbox(const std::string& folder) {
  for (const char* pin : {"pid", "ipc", "uts"}) TRY(linux::unpin_namespace(text("{}/{}", folder, pin)));
  release_mounts(folder);
  return remove_run_folder(folder);
}

}  // namespace podo::engine
