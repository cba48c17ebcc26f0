// FileView: a container's file tree by descriptor.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/core/ensure.h"
#include "base/linux/clone.h"
#include "base/linux/file.h"
#include "base/linux/mount.h"
#include "base/linux/own_process.h"
#include "base/linux/path.h"
#include "container/archive/archive.h"

namespace podo::engine {
namespace {

// A folder below the root, made where it is missing; each step stays inside.
Result<io::Fd> open_made(int root, const std::string& path, bool is_folder) {
  if (auto there = linux::open_below(root, path.c_str(), O_PATH, linux::in_root)) return there;
  for (std::size_t slash = 1; slash != std::string::npos;) {
    const std::size_t end = path.find('/', slash);
    const bool last = end == std::string::npos;
    const std::string parent = slash == 1 ? "/" : path.substr(0, slash - 1);
    const std::string name = path.substr(slash, last ? end : end - slash);
    const io::Fd folder =
        TRY(linux::open_below(root, parent.c_str(), O_RDONLY | O_DIRECTORY, linux::in_root));
    if (last && !is_folder) {
      TRY(linux::open_at(folder.get(), name.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW, 0644));
    } else if (::mkdirat(folder.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
      return failed_errno(errno, "mkdir {}", path);
    }
    slash = last ? end : end + 1;
  }
  return linux::open_below(root, path.c_str(), O_PATH, linux::in_root);
}

Result<> attach_mount(int root, const ReadyMount& mount) {
  if (mount.point.type == "tmpfs") return {};  // there is none while it does not run
  io::Fd tree = TRY(linux::clone_tree(AT_FDCWD, mount.source.c_str(), linux::Depth::tree));
  if (!mount.point.read_write)
    TRY(linux::set_attributes(tree.get(), linux::Depth::tree, {.set = MOUNT_ATTR_RDONLY}));
  struct stat status{};
  if (::fstat(tree.get(), &status) != 0) return failed_errno(errno, "stat {}", mount.source);
  const io::Fd target =
      TRY(open_made(root, linux::clean_path(mount.point.destination), S_ISDIR(status.st_mode)));
  return linux::attach(tree, target.get());
}

struct Assembled {
  io::Fd root, space;
};

// A mount namespace of its own for this thread, until the end of the scope.
class Elsewhere {
 public:
  static Result<Elsewhere> enter() {
    Elsewhere elsewhere;
    io::Fd home = TRY(linux::open_at(AT_FDCWD, "/proc/thread-self/ns/mnt", O_RDONLY));
    elsewhere.root_ = TRY(linux::open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
    elsewhere.folder_ = TRY(linux::open_at(AT_FDCWD, ".", O_PATH | O_DIRECTORY));
    TRY(linux::unshare(CLONE_NEWNS));
    elsewhere.home_ = std::move(home);
    return elsewhere;
  }
  Elsewhere(Elsewhere&&) = default;
  // The thread goes on with other work: it must be back where all others are, also in their chroot.
  ~Elsewhere() {
    if (home_)
      ENSURE(linux::join_namespace(home_.get(), CLONE_NEWNS) && linux::set_root(root_.get()) &&
             ::fchdir(folder_.get()) == 0);
  }

 private:
  Elsewhere() = default;
  io::Fd home_, root_, folder_;
};

// The descriptor of the namespace keeps its mounts together when nobody is in it any more.
Result<Assembled> assemble(const std::string& rootfs, std::span<const ReadyMount> mounts) {
  const Elsewhere elsewhere = TRY(Elsewhere::enter());
  TRY(linux::mount_classic("", "/", "", MS_REC | MS_PRIVATE, ""));
  Assembled view;
  view.space = TRY(linux::open_at(AT_FDCWD, "/proc/thread-self/ns/mnt", O_RDONLY));
  view.root = TRY(linux::open_at(AT_FDCWD, rootfs.c_str(), O_PATH | O_DIRECTORY));
  std::vector<const ReadyMount*> order;
  order.reserve(mounts.size());
  for (const ReadyMount& mount : mounts) order.push_back(&mount);
  std::ranges::stable_sort(order, {}, [](const ReadyMount* mount) {
    return std::ranges::count(linux::clean_path(mount->point.destination), '/');
  });
  for (const ReadyMount* mount : order)
    TRY_IN(mount->point.destination, attach_mount(view.root.get(), *mount));
  return view;
}

}  // namespace

Result<FileView> FileView::of_process(int pid) {
  FileView view;
  view.root_ = TRY(linux::open_at(AT_FDCWD, text("/proc/{}/root", pid).c_str(), O_PATH | O_DIRECTORY));
  return view;
}

Result<FileView> FileView::of_folder(const std::string& rootfs, std::span<const ReadyMount> mounts) {
  FileView view;
  if (mounts.empty()) {
    view.root_ = TRY(linux::clone_tree(AT_FDCWD, rootfs.c_str(), linux::Depth::mount));
    return view;
  }
  Assembled parts = TRY(assemble(rootfs, mounts));
  view.root_ = std::move(parts.root);
  view.space_ = std::move(parts.space);
  return view;
}

}  // namespace podo::engine
