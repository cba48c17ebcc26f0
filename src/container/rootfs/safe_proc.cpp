#include "container/rootfs/safe_proc.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "base/linux/path.h"
#include "container/rootfs/rootfs.h"

namespace podo::runtime {

namespace {

constexpr ino_t proc_root_inode =
    1;  // fixed by the kernel (PROC_ROOT_INO); a bind of a part of /proc has another

// /proc/thread-self is a link, and links are not followed; its target is known.
std::string resolve_self(std::string_view path) {
  constexpr std::string_view self = "thread-self/";
  if (!path.starts_with(self)) return std::string(path);
  return text("{}/task/{}/{}", ::getpid(), ::gettid(), path.substr(self.size()));
}

Result<io::Fd> open_in_mounted(const std::string& path, int flags) {
  const io::Fd proc = TRY(linux::open_at(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW));
  struct statfs filesystem;
  struct stat status;
  if (::fstatfs(proc.get(), &filesystem) != 0 || ::fstat(proc.get(), &status) != 0)
    return failed_errno(errno, "stat /proc");
  if (filesystem.f_type != PROC_SUPER_MAGIC || status.st_ino != proc_root_inode)
    return denied("/proc is not a proc file system");
  return linux::open_below(proc.get(), path.c_str(), flags, linux::in_one_mount);
}

Result<io::Fd> open_in_own(const std::string& path, int flags) {
  const io::Fd filesystem = TRY(linux::open_filesystem("proc"));
  const io::Fd proc =
      TRY(linux::make_mount(filesystem, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  return linux::open_below(proc.get(), path.c_str(), flags, linux::in_one_mount);
}

Result<> write_attribute(const char* name, const char* fallback, const std::string& value) {
  Result<io::Fd> file = open_in_proc(name, O_WRONLY);
  if (!file && fallback != nullptr) file = open_in_proc(fallback, O_WRONLY);
  if (!file) return Failure(std::move(file).error());
  return linux::write_whole(file->get(), value);
}

}  // namespace

Result<io::Fd> open_in_proc(const char* path, int flags) {
  const std::string resolved = resolve_self(path);
  Result<io::Fd> file = open_in_mounted(resolved, flags);
  if (file) return file;
  // A mount of our own costs a grace period of the kernel when it goes, so it is the second choice and not
  // the first.
  Result<io::Fd> own = open_in_own(resolved, flags);
  return own ? std::move(own) : std::move(file);
}

Result<> write_sysctls(const std::vector<std::pair<std::string, std::string>>& sysctls) {
  for (const auto& [name, value] : sysctls) {
    const std::string context = "linux.sysctl " + name;
    const io::Fd file = TRY_IN(context, open_in_proc(("sys/" + name).c_str(), O_WRONLY));
    TRY_IN(context, linux::write_whole(file.get(), value));
  }
  return {};
}

Result<> write_exec_label(const ProcessPlan& process) {
  if (!process.apparmor_profile.empty())
    TRY_IN("unable to apply apparmor profile " + process.apparmor_profile,
           write_attribute("thread-self/attr/apparmor/exec", "thread-self/attr/exec",
                           "exec " + process.apparmor_profile));
  if (!process.selinux_label.empty())
    TRY_IN("process.selinuxLabel " + process.selinux_label,
           write_attribute("thread-self/attr/exec", nullptr, process.selinux_label));
  return {};
}

}  // namespace podo::runtime
