#include "container/volumes/volume_mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/linux/mount.h"

namespace podo::engine {
namespace {

struct Flag {
  std::string_view name;
  unsigned long set, clear;
};
constexpr Flag flags[] = {
    {"bind", MS_BIND, 0},
    {"rbind", MS_BIND | MS_REC, 0},
    {"ro", MS_RDONLY, 0},
    {"rw", 0, MS_RDONLY},
    {"nosuid", MS_NOSUID, 0},
    {"suid", 0, MS_NOSUID},
    {"nodev", MS_NODEV, 0},
    {"dev", 0, MS_NODEV},
    {"noexec", MS_NOEXEC, 0},
    {"exec", 0, MS_NOEXEC},
    {"sync", MS_SYNCHRONOUS, 0},
    {"async", 0, MS_SYNCHRONOUS},
    {"dirsync", MS_DIRSYNC, 0},
    {"noatime", MS_NOATIME, 0},
    {"atime", 0, MS_NOATIME},
    {"nodiratime", MS_NODIRATIME, 0},
    {"diratime", 0, MS_NODIRATIME},
    {"relatime", MS_RELATIME, 0},
    {"strictatime", MS_STRICTATIME, 0},
    {"defaults", 0, 0},
};

std::string_view option(const docker::StringMap& options, const char* name) {
  const auto found = options.find(name);
  return found == options.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

Result<> check_volume_options(std::string_view name, const docker::StringMap& options) {
  for (const auto& [key, value] : options) {
    if (key == "size") return invalid("create {}: quota size requested but no quota support", name);
    if (key != "type" && key != "device" && key != "o")
      return invalid("create {}: invalid option: \"{}\"", name, key);
  }
  if (options.empty()) return {};
  for (const auto needed : {"device", "type"}) {
    if (!options.contains(needed)) return invalid("create {}: missing required option: \"{}\"", name, needed);
  }
  return {};
}

MountOptions split_mount_options(std::string_view options) {
  MountOptions split;
  while (!options.empty()) {
    const std::size_t comma = std::min(options.find(','), options.size());
    const std::string_view one = options.substr(0, comma);
    options.remove_prefix(std::min(comma + 1, options.size()));
    if (const auto flag = std::ranges::find(flags, one, &Flag::name); flag != std::end(flags)) {
      split.flags = (split.flags | flag->set) & ~flag->clear;
    } else if (!one.empty()) {
      split.data += (split.data.empty() ? "" : ",") + std::string(one);
    }
  }
  return split;
}

bool is_mount_point(const std::string& path) {
  struct statx status{};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &status) != 0)
    return false;
  return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

Result<> mount_volume(const Volume& volume) {
  if (volume.options.empty() || is_mount_point(volume.mountpoint)) return {};
  const std::string device(option(volume.options, "device"));
  const std::string type(option(volume.options, "type"));
  const MountOptions wish = split_mount_options(option(volume.options, "o"));
  const std::string context =
      text("error while mounting volume '{}': failed to mount local volume", volume.mountpoint);
  TRY_IN(context, linux::mount_classic(device.c_str(), volume.mountpoint.c_str(), type.c_str(), wish.flags,
                                       wish.data.c_str()));
  // The kernel takes other flags of a bind in a second call only.
  const unsigned long rest = wish.flags & ~static_cast<unsigned long>(MS_BIND | MS_REC);
  if ((wish.flags & MS_BIND) == 0 || rest == 0) return {};
  TRY_IN(context, linux::mount_classic("", volume.mountpoint.c_str(), "", MS_REMOUNT | MS_BIND | rest, ""));
  return {};
}

Result<> unmount_volume(const Volume& volume) {
  while (is_mount_point(volume.mountpoint)) TRY(linux::unmount(volume.mountpoint.c_str(), MNT_DETACH));
  return {};
}

}  // namespace podo::engine
