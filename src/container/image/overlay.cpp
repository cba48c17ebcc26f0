#include "container/image/overlay.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "container/image/tree.h"

namespace podo::image {
namespace {

using Kept = std::vector<io::Fd>;  // descriptors that a mount in the making names

Result<std::string> descriptor_for(const std::string& path, Kept& kept) {
  kept.push_back(TRY(linux::open_at(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY)));
  return text("/proc/self/fd/{}", kept.back().get());
}

// A name for a folder that fits into one mount parameter, and that no kernel reads as two.
Result<std::string> parameter_for(const std::string& path, Kept& kept) {
  if (path.size() <= linux::parameter_bytes_max && path.find_first_of(",:\\") == std::string::npos)
    return path;
  return descriptor_for(path, kept);
}

Result<std::string> layers_in_one(const Snapshot& snapshot, Kept& kept) {
  std::string all;
  for (const std::string& folder : snapshot.lower) {
    if (!all.empty()) all += ':';
    all += TRY(descriptor_for(folder, kept));
  }
  return all;
}

// Whatever the machine's defaults are: an upper folder holds whole files under their own names, and may
// become a lower one.
constexpr std::pair<const char*, const char*> plain_options[] = {
    {"redirect_dir", "off"}, {"metacopy", "off"}, {"index", "off"}};

Result<> name_one_by_one(const io::Fd& filesystem, const Snapshot& snapshot, Kept& kept) {
  for (const std::string& lower : snapshot.lower)
    TRY(linux::set_parameter(filesystem, "lowerdir+", TRY(parameter_for(lower, kept)).c_str()));
  return {};
}

// An overlay in the making that knows its layers. Linux 6.7 takes them one by one, older ones in one
// parameter. Before 6.5 it takes parameters that it does not know, too, and complains of them at the end, in
// the kernel's log: so it is asked by one that nobody knows.
Result<io::Fd> open_overlay(const Snapshot& snapshot, Kept& kept) {
  {
    io::Fd filesystem = TRY(linux::open_filesystem("overlay"));
    const bool takes_anything = linux::set_parameter(filesystem, "podo", "").has_value();
    if (!takes_anything) {
      auto named = name_one_by_one(filesystem, snapshot, kept);
      if (named) return filesystem;
      if (named.error().system_errno() != EINVAL) return Failure(std::move(named).error());
    }
  }
  const std::string layers = TRY(layers_in_one(snapshot, kept));
  if (layers.size() > linux::parameter_bytes_max)
    return unsupported("{} layers in one parameter", snapshot.lower.size());
  io::Fd filesystem = TRY(linux::open_filesystem("overlay"));
  TRY(linux::set_parameter(filesystem, "lowerdir", layers.c_str()));
  return filesystem;
}

Result<io::Fd> make_overlay(const Snapshot& snapshot, const std::string& work, bool scratch) {
  Kept kept;
  io::Fd filesystem = TRY(open_overlay(snapshot, kept));
  TRY(linux::set_parameter(filesystem, "upperdir", TRY(parameter_for(snapshot.upper, kept)).c_str()));
  TRY(linux::set_parameter(filesystem, "workdir", TRY(parameter_for(work, kept)).c_str()));
  for (const auto& [key, value] : plain_options) TRY(linux::set_parameter(filesystem, key, value));
  if (scratch) TRY(linux::set_parameter(filesystem, "volatile", ""));
  return linux::make_mount(filesystem, 0);
}

// More layers than one parameter holds, on a kernel that does not take them one by one: all in one page.
Result<> mount_overlay_classic(const Snapshot& snapshot, const std::string& work, const std::string& target,
                               bool scratch) {
  Kept kept;
  std::string data = "lowerdir=" + TRY(layers_in_one(snapshot, kept));
  for (const auto& [key, path] : {std::pair<const char*, const std::string&>("upperdir", snapshot.upper),
                                  std::pair<const char*, const std::string&>("workdir", work)})
    data += text(",{}={}", key, TRY(descriptor_for(path, kept)));
  for (const auto& [key, value] : plain_options) data += text(",{}={}", key, value);
  if (scratch) data += ",volatile";
  if (data.size() >= 4096) return unsupported("an image of {} layers on this kernel", snapshot.lower.size());
  return linux::mount_classic("overlay", target.c_str(), "overlay", 0, data.c_str());
}

}  // namespace

Result<> mount_overlay(const Snapshot& snapshot, const std::string& work, const std::string& target,
                       bool scratch) {
  // overlayfs leaves this mark so that nobody trusts a volatile tree after a crash. Here that was decided
  // before.
  if (scratch) {
    if (auto inner = open_folder(AT_FDCWD, (work + "/work").c_str()))
      TRY(remove_tree(inner->get(), "incompat"));
  }
  auto mount = make_overlay(snapshot, work, scratch);
  if (mount) return linux::attach(*mount, AT_FDCWD, target.c_str());
  auto classic = mount_overlay_classic(snapshot, work, target, scratch);
  if (classic) return {};
  const bool only_too_long = mount.error().kind() == ErrorKind::unsupported;
  return Failure(
      (only_too_long ? std::move(classic).error() : std::move(mount).error()).within("mount the image"));
}

Result<> mount_copy(const Snapshot& snapshot, const std::string& target) {
  io::Fd mount = TRY(linux::clone_tree(AT_FDCWD, snapshot.upper.c_str(), linux::Depth::mount));
  return linux::attach(mount, AT_FDCWD, target.c_str());
}

Result<bool> is_mount_point(const std::string& path) {
  struct statx status;
  if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) != 0) {
    if (errno == ENOENT) return false;
    return failed_errno(errno, "stat {}", path);
  }
  return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

Result<io::Fd> detach_tree(const std::string& target) {
  if (!TRY(is_mount_point(target))) return io::Fd();
  io::Fd mount = TRY(linux::open_at(AT_FDCWD, target.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
  auto done = linux::unmount(target.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH);
  if (!done && done.error().system_errno() != EINVAL && done.error().system_errno() != ENOENT)
    return Failure(std::move(done).error());
  return mount;
}

Result<> try_overlay(const Folders& folders) {
  const std::string place =
      folders.work() + "/probe";  // removed with other leftovers there, in the background
  static_cast<void>(remove_tree(place));
  for (const char* name : {"/lower", "/upper", "/work"}) TRY(make_folders(place + name, 0700));
  TRY(set_opaque(TRY(open_folder(AT_FDCWD, (place + "/lower").c_str())).get()));
  // Never attached, and volatile: its end would wait for the disk, and so would the daemon's start.
  const Snapshot probe{"probe", place + "/upper", {place + "/lower"}};
  if (!make_overlay(probe, place + "/work", true)) TRY(make_overlay(probe, place + "/work", false));
  return {};
}

}  // namespace podo::image
