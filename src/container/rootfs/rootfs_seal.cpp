#include <fcntl.h>

#include "base/linux/mount.h"
#include "base/linux/path.h"
#include "container/rootfs/rootfs.h"

namespace podo::runtime {

namespace {

// One mount put over many places. Only attached mounts can be copied (before Linux 6.15), so the first place
// gets the mount itself and the others get copies of that.
class Cover {
 public:
  explicit Cover(io::Fd mount) : mount_(std::move(mount)) {}

  Result<> put_on(const io::Fd& place) {
    if (!attached_) {
      TRY(linux::attach(mount_, place.get()));
      attached_ = true;
      return {};
    }
    const io::Fd copy = TRY(linux::clone_tree(mount_.get(), "", linux::Depth::mount));
    return linux::attach(copy, place.get());
  }
  explicit operator bool() const { return static_cast<bool>(mount_); }

 private:
  io::Fd mount_;
  bool attached_ = false;
};

Result<io::Fd> make_empty_directory() {
  const io::Fd filesystem = TRY(linux::open_filesystem("tmpfs"));
  TRY(linux::set_parameter(filesystem, "nr_inodes", "1"));
  TRY(linux::set_parameter(filesystem, "size", "4k"));
  TRY(linux::set_parameter(filesystem, "ro", ""));
  return linux::make_mount(filesystem,
                           MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

// The place of a masked or read-only path; an empty descriptor when there is none.
Result<io::Fd> find(const io::Fd& root, const std::string& path) {
  Result<io::Fd> place = linux::open_below(root.get(), path.c_str(), O_PATH, linux::in_root);
  if (!place && (place.error().system_errno() == ENOENT || place.error().system_errno() == ENOTDIR))
    return io::Fd();
  return place;
}

Result<> make_readonly(const io::Fd& root, const std::string& path) {
  const io::Fd place = TRY(find(root, path));
  if (!place) return {};
  const io::Fd tree = TRY(linux::clone_tree(place.get(), "", linux::Depth::tree));
  TRY(linux::set_attributes(tree.get(), linux::Depth::tree, {.set = MOUNT_ATTR_RDONLY}));
  return linux::attach(tree, place.get());
}

Result<> mask(const io::Fd& root, const std::string& path, Cover& files, Cover& directories) {
  const io::Fd place = TRY(find(root, path));
  if (!place) return {};
  if (!is_directory(place.get())) return files.put_on(place);
  if (!directories) directories = Cover(TRY(make_empty_directory()));
  return directories.put_on(place);
}

}  // namespace

Result<> Rootfs::seal() {
  const RootfsPlan& plan = context_.plan->rootfs;
  // Read-only first: its copies would otherwise take away the masks inside.
  for (const std::string& path : plan.readonly_paths)
    TRY_IN("read-only path " + path, make_readonly(root_, path));
  Cover files(std::move(host_null_));
  Cover directories{io::Fd()};
  for (const std::string& path : plan.masked_paths)
    TRY_IN("masked path " + path, mask(root_, path, files, directories));

  for (const io::Fd& mount : readonly_later_)
    TRY(linux::set_attributes(mount.get(), linux::Depth::mount, {.set = MOUNT_ATTR_RDONLY}));
  if (plan.readonly)
    TRY_IN("read-only root",
           linux::set_attributes(root_.get(), linux::Depth::mount, {.set = MOUNT_ATTR_RDONLY}));
  if (plan.propagation == 0) return {};
  const auto depth = (plan.propagation & MS_REC) != 0 ? linux::Depth::tree : linux::Depth::mount;
  TRY_IN(
      "propagation of the root",
      linux::set_attributes(root_.get(), depth, {.propagation = plan.propagation & ~std::uint64_t{MS_REC}}));
  return {};
}

}  // namespace podo::runtime
