// make_mounts() and copy_up(): what mounts need on the host before a container can have them.
#include <fcntl.h>
#include <sys/stat.h>

#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/volumes/file_tree.h"
#include "container/volumes/mounts_resolve.h"

namespace podo::engine {
namespace {

Result<> make_folders(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST)
      return failed_errno(errno, "error while creating mount source path '{}': mkdir {}", path, part);
    if (end == std::string::npos) return {};
  }
}

Result<> settle_source(const MountsPlan::Entry& entry) {
  const std::string& source = entry.point.source;
  if (::access(source.c_str(), F_OK) == 0) return {};
  if (entry.must_exist) {
    return invalid("invalid mount config for type \"bind\": bind source path does not exist: {}", source);
  }
  return entry.make_source ? make_folders(source) : Result<>();
}

Result<> copy_one(int root, const MountPoint& mount) {
  const io::Fd volume =
      TRY(linux::open_at(AT_FDCWD, mount.source.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (!TRY(is_empty_folder(volume.get()))) return {};
  const auto from =
      linux::open_below(root, mount.destination.c_str(), O_RDONLY | O_DIRECTORY, linux::in_root);
  if (!from) return {};  // nothing of the image there, or no folder
  return copy_tree(from->get(), volume.get());
}

}  // namespace

Task<std::vector<MountPoint>> make_mounts(MountsPlan plan, Volumes& volumes, io::BlockingPool& pool) {
  std::vector<MountPoint> points;
  for (MountsPlan::Entry& entry : plan.entries) {
    MountPoint& point = entry.point;
    if (point.type == "volume") {
      const VolumePtr volume = co_await volumes.create({.name = point.name,
                                                        .driver = point.driver,
                                                        .options = std::move(entry.driver_options),
                                                        .labels = std::move(entry.labels)});
      point.name = volume->name;
      point.source = volume->mountpoint;
      point.driver = volume->driver;
    } else if (point.type == "bind" && (entry.must_exist || entry.make_source)) {
      co_await pool.run([entry] { return settle_source(entry); });
    }
    points.push_back(std::move(point));
  }
  co_return points;
}

Result<> copy_up(const std::string& rootfs, std::span<const MountPoint> mounts) {
  const io::Fd root = TRY(linux::open_at(AT_FDCWD, rootfs.c_str(), O_PATH | O_DIRECTORY));
  for (const MountPoint& mount : mounts) {
    if (mount.type != "volume" || mount.no_copy || !mount.subpath.empty()) continue;
    TRY_IN(text("failed to populate volume {}", mount.name), copy_one(root.get(), mount));
  }
  return {};
}

}  // namespace podo::engine
