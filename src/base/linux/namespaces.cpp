#include "base/linux/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/core/ensure.h"
#include "base/linux/clone.h"
#include "base/linux/file.h"
#include "base/linux/mount.h"

namespace podo::linux {
namespace {

constexpr long nsfs_magic = 0x6e736673;

}  // namespace

Result<io::Fd> current_network_namespace() { return open_at(AT_FDCWD, "/proc/thread-self/ns/net", O_RDONLY); }

Result<NetworkNamespaceVisit> NetworkNamespaceVisit::enter(const io::Fd& network_namespace) {
  io::Fd home = TRY(current_network_namespace());
  if (::setns(network_namespace.get(), CLONE_NEWNET) != 0)
    return failed_errno(errno, "enter a network namespace");
  return NetworkNamespaceVisit(std::move(home));
}

Result<NetworkNamespaceVisit> NetworkNamespaceVisit::enter_new() {
  io::Fd home = TRY(current_network_namespace());
  if (::unshare(CLONE_NEWNET) != 0) return failed_errno(errno, "make a network namespace");
  return NetworkNamespaceVisit(std::move(home));
}

NetworkNamespaceVisit::~NetworkNamespaceVisit() {
  if (home_) ENSURE(::setns(home_.get(), CLONE_NEWNET) == 0);
}

Result<NewNamespacesVisit> NewNamespacesVisit::enter(std::uint64_t kinds) {
  std::vector<Home> homes;
  for (const std::uint64_t kind : {CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWPID}) {
    if ((kinds & kind) != 0) homes.push_back({TRY(current_namespace(kind)), kind});
  }
  if (::unshare(static_cast<int>(kinds)) != 0)
    return failed_errno(errno, "make namespaces of kinds {:x}", kinds);
  return NewNamespacesVisit(std::move(homes));
}

NewNamespacesVisit::~NewNamespacesVisit() {
  for (const Home& home : homes_) ENSURE(::setns(home.descriptor.get(), static_cast<int>(home.kind)) == 0);
}

Result<io::Fd> current_namespace(std::uint64_t kind) {
  return open_at(AT_FDCWD, text("/proc/thread-self/ns/{}", name_of_namespace(kind)).c_str(), O_RDONLY);
}

Result<> set_host_name(const std::string& name) {
  if (::sethostname(name.data(), name.size()) != 0) return failed_errno(errno, "set the host name {}", name);
  return {};
}

Result<> pin_namespace(const io::Fd& name_space, const std::string& path) {
  const io::Fd place = TRY(open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_CREAT | O_EXCL, 0444));
  Result<io::Fd> mount = clone_tree(name_space.get(), "", Depth::mount);
  Result<> attached = mount ? attach(*mount, place.get()) : Failure(std::move(mount).error());
  if (!attached) ::unlink(path.c_str());
  return attached;
}

Result<io::Fd> open_pinned_namespace(const std::string& path) {
  io::Fd opened = TRY(open_at(AT_FDCWD, path.c_str(), O_RDONLY));
  struct statfs about{};
  if (::fstatfs(opened.get(), &about) != 0) return failed_errno(errno, "look at {}", path);
  if (about.f_type != nsfs_magic) return not_found("{} is not a namespace any more", path);
  return opened;
}

Result<> unpin_namespace(const std::string& path) {
  // EINVAL: a file without a mount, as a reboot leaves it.
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT)
    return failed_errno(errno, "unmount {}", path);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed_errno(errno, "remove {}", path);
  return {};
}

Result<> write_sysctl(const std::string& name, std::string_view value) {
  return write_file(AT_FDCWD, text("/proc/sys/{}", name).c_str(), value);
}

Result<> write_net_sysctl(const std::string& name, std::string_view value) {
  return write_sysctl("net/" + name, value);
}

Result<std::string> read_net_sysctl(const std::string& name) {
  std::string value = TRY(read_file(text("/proc/sys/net/{}", name).c_str(), 4096));
  while (!value.empty() && (value.back() == '\n' || value.back() == ' ')) value.pop_back();
  return value;
}

}  // namespace podo::linux
