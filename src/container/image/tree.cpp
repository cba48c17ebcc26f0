#include "container/image/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/linux/file.h"
#include "base/linux/path.h"

namespace podo::image {
namespace {

constexpr std::size_t levels_open_max = 200;
constexpr const char* opaque_name = "trusted.overlay.opaque";

struct CloseDir {
  void operator()(DIR* dir) const { closedir(dir); }
};

}  // namespace

Result<std::vector<NamedKind>> list_folder(int folder) {
  io::Fd again = TRY(linux::open_at(folder, ".", O_RDONLY | O_DIRECTORY));
  std::unique_ptr<DIR, CloseDir> dir(fdopendir(again.get()));
  if (dir == nullptr) return failed_errno(errno, "fdopendir");
  static_cast<void>(again.release());
  std::vector<NamedKind> names;
  errno = 0;
  while (dirent* entry = readdir(dir.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.push_back({std::string(name), entry->d_type});
    errno = 0;
  }
  if (errno != 0) return failed_errno(errno, "readdir");
  std::sort(names.begin(), names.end(),
            [](const NamedKind& a, const NamedKind& b) { return a.name < b.name; });
  return names;
}

Result<io::Fd> open_folder(int parent, const char* name) {
  return linux::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

Result<> remove_tree(int parent, const std::string& name) {
  if (unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return failed_errno(errno, "unlink {}", name);
  // One level is open at a time, from the outermost: `levels` are what is still to be removed of each.
  struct Level {
    io::Fd folder;
    std::string name;
    std::vector<NamedKind> left;
  };
  std::vector<Level> levels;
  unsigned deep = 0;
  auto enter = [&](int above, const std::string& child) -> Result<> {
    // What is mounted there is somebody else's, also when it is of the same file system.
    io::Fd folder =
        TRY(above == AT_FDCWD
                ? open_folder(above, child.c_str())
                : linux::open_below(above, child.c_str(), O_RDONLY | O_DIRECTORY, linux::in_one_mount));
    std::vector<NamedKind> left = TRY(list_folder(folder.get()));
    levels.push_back({std::move(folder), child, std::move(left)});
    return {};
  };
  TRY(enter(parent, name));
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.left.empty()) {
      const int above = levels.size() > 1 ? levels[levels.size() - 2].folder.get() : parent;
      if (unlinkat(above, level.name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
        return failed_errno(errno, "rmdir {}", level.name);
      levels.pop_back();
      continue;
    }
    NamedKind child = std::move(level.left.back());
    level.left.pop_back();
    if (child.kind != DT_DIR && unlinkat(level.folder.get(), child.name.c_str(), 0) == 0) continue;
    if (child.kind != DT_DIR && errno != EISDIR && errno != ENOENT)
      return failed_errno(errno, "unlink {}", child.name);
    if (levels.size() < levels_open_max) {
      TRY(enter(level.folder.get(), child.name));
      continue;
    }
    // Too deep to keep every level open: the rest is moved up.
    std::string moved = text(".deep-{}", deep++);
    if (renameat2(level.folder.get(), child.name.c_str(), levels[0].folder.get(), moved.c_str(),
                  RENAME_NOREPLACE) == 0)
      levels[0].left.push_back({std::move(moved), DT_DIR});
    else if (errno != EEXIST) return failed_errno(errno, "rename {}", child.name);
    else level.left.push_back(std::move(child));
  }
  return {};
}

Result<> remove_tree(const std::string& path) { return remove_tree(AT_FDCWD, path); }

Result<std::uint64_t> tree_bytes(const std::string& path) {
  std::uint64_t sum = 0;
  std::set<std::pair<dev_t, ino_t>> linked;
  TreeWalk walk = TRY(TreeWalk::open(path));
  while (const TreeWalk::Found* found = TRY(walk.next())) {
    const struct stat& status = found->status;
    if (S_ISREG(status.st_mode) &&
        (status.st_nlink == 1 || linked.emplace(status.st_dev, status.st_ino).second))
      sum += static_cast<std::uint64_t>(status.st_size);
  }
  return sum;
}

Result<TreeWalk> TreeWalk::open(const std::string& path) {
  TreeWalk walk;
  io::Fd root = TRY(open_folder(AT_FDCWD, path.c_str()));
  std::vector<NamedKind> left = TRY(list_folder(root.get()));
  std::reverse(left.begin(), left.end());
  walk.levels_.push_back({std::move(root), std::move(left), 0});
  return walk;
}

Result<const TreeWalk::Found*> TreeWalk::next() {
  if (descend_) {
    descend_ = false;
    std::vector<NamedKind> left = TRY_IN(found_.path, list_folder(found_.folder.get()));
    std::reverse(left.begin(), left.end());
    if (levels_.size() == depth_max)
      return exhausted("{}: more than {} folders within one another", found_.path, depth_max);
    levels_.push_back({std::move(found_.folder), std::move(left), found_.path.size()});
  }
  for (;;) {
    while (!levels_.empty() && levels_.back().left.empty()) levels_.pop_back();
    if (levels_.empty()) return nullptr;
    Level& level = levels_.back();
    found_.name = std::move(level.left.back().name);
    level.left.pop_back();
    found_.path.resize(level.path_bytes);
    if (level.path_bytes != 0) found_.path += '/';
    found_.path += found_.name;
    found_.parent = level.folder.get();
    found_.folder.close();
    if (fstatat(found_.parent, found_.name.c_str(), &found_.status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // removed meanwhile, by a container that runs
      return failed_errno(errno, "stat {}", found_.path);
    }
    if (!S_ISDIR(found_.status.st_mode)) return &found_;
    Result<io::Fd> folder = open_folder(found_.parent, found_.name.c_str());
    if (!folder) {
      if (folder.error().system_errno() == ENOENT || folder.error().system_errno() == ENOTDIR) continue;
      return Failure(std::move(folder).error());
    }
    found_.folder = *std::move(folder);
    descend_ = true;
    return &found_;
  }
}

Result<> make_folders(const std::string& path, mode_t mode) {
  for (std::size_t at = 1; at != std::string::npos;) {
    at = path.find('/', at + 1);
    if (mkdir(path.substr(0, at).c_str(), mode) != 0 && errno != EEXIST)
      return failed_errno(errno, "mkdir {}", path.substr(0, at));
  }
  return {};
}

bool is_opaque(int folder) {
  char value = 0;
  return fgetxattr(folder, opaque_name, &value, 1) == 1 && value == 'y';
}

Result<> set_opaque(int folder, bool opaque) {
  const int done = opaque ? fsetxattr(folder, opaque_name, "y", 1, 0) : fremovexattr(folder, opaque_name);
  if (done != 0) return failed_errno(errno, "{} {}", opaque ? "set" : "remove", opaque_name);
  return {};
}

}  // namespace podo::image
