#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/linux/mount.h"
#include "container/rootfs/mount_steps.h"

namespace podo::runtime {

namespace {

using Parameter = std::pair<std::string, std::string>;

// File systems of the kernel, without a device: for them read-only is a matter of the mount alone.
bool is_virtual(std::string_view type) {
  constexpr std::array<std::string_view, 7> types{"tmpfs",  "proc",   "sysfs",  "devpts",
                                                  "mqueue", "cgroup", "cgroup2"};
  return std::ranges::find(types, type) != types.end();
}

// SELinux labels whole mounts of these; the others carry labels of their own or none.
bool takes_label(std::string_view type) {
  constexpr std::array<std::string_view, 5> without{"proc", "sysfs", "mqueue", "cgroup", "cgroup2"};
  return std::ranges::find(without, type) == without.end();
}

std::vector<Parameter> parameters_of(const MountPlan& mount, std::string_view label, int target) {
  std::vector<Parameter> all = mount.parameters;
  struct stat covered;
  if (mount.type == "tmpfs" && std::ranges::find(all, "mode", &Parameter::first) == all.end() &&
      ::fstat(target, &covered) == 0)
    all.emplace_back("mode", text("{:o}", covered.st_mode & 07777u));
  if (!label.empty() && takes_label(mount.type)) all.emplace_back("context", label);
  if (!is_virtual(mount.type) && (mount.attributes_set & MOUNT_ATTR_RDONLY) != 0) all.emplace_back("ro", "");
  return all;
}

Result<io::Fd> make(const MountPlan& mount, const std::vector<Parameter>& parameters) {
  const io::Fd filesystem = TRY(linux::open_filesystem(mount.type.c_str()));
  if (!mount.source.empty()) TRY(linux::set_parameter(filesystem, "source", mount.source.c_str()));
  for (const auto& [key, value] : parameters)
    TRY(linux::set_parameter(filesystem, key.c_str(), value.c_str()));
  std::uint64_t attributes = mount.attributes_set & ~std::uint64_t{MOUNT_ATTR_IDMAP};
  if (mount.type == "tmpfs")
    attributes &= ~std::uint64_t{MOUNT_ATTR_RDONLY};  // filled first, see Rootfs::seal
  return linux::make_mount(filesystem, attributes);
}

}  // namespace

Result<io::Fd> make_filesystem(const MountPlan& mount, std::string_view label, int target) {
  std::vector<Parameter> parameters = parameters_of(mount, label, target);
  Result<io::Fd> made = make(mount, parameters);
  if (made || mount.type != "devpts" || made.error().system_errno() != EINVAL) return made;
  // The group tty (5) has no number in a user namespace that maps one user only; terminals then belong to
  // their user's group.
  const auto removed = std::erase_if(parameters, [](const Parameter& p) { return p.first == "gid"; });
  return removed == 0 ? std::move(made) : make(mount, parameters);
}

bool needs_classic(const MountPlan& mount) {
  const auto too_long = [](const Parameter& p) { return p.second.size() > linux::parameter_bytes_max; };
  return mount.kind == MountPlan::Kind::filesystem && (std::ranges::any_of(mount.parameters, too_long) ||
                                                       mount.source.size() > linux::parameter_bytes_max);
}

Result<> mount_filesystem_classic(const MountPlan& mount, std::string_view label, int target) {
  std::string data;
  unsigned long flags = 0;
  for (const auto& [key, value] : parameters_of(mount, label, target)) {
    if (key == "ro" && value.empty()) {
      flags |= MS_RDONLY;
      continue;
    }  // not an option for the file system itself
    if (!data.empty()) data.push_back(',');
    data.append(key);
    if (!value.empty()) data.append("=").append(value);
  }
  // "." is what the descriptor refers to: no path is walked, so nothing can lead elsewhere.
  if (::fchdir(target) != 0) return failed_errno(errno, "fchdir");
  const Result<> mounted =
      linux::mount_classic(mount.source.c_str(), ".", mount.type.c_str(), flags, data.c_str());
  if (::chdir("/") != 0) return failed_errno(errno, "chdir /");
  return mounted;
}

}  // namespace podo::runtime
