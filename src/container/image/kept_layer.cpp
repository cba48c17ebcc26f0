#include "container/image/kept_layer.h"

#include <fcntl.h>
#include <unistd.h>

#include <set>

#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/image/changes.h"
#include "container/image/layer_writer.h"
#include "container/image/merged_layers.h"
#include "container/image/overlay.h"
#include "container/image/tree_packer.h"

namespace podo::image {
namespace {

using Limit = std::optional<std::int64_t>;

bool is_later(const timespec& time, const Limit& limit) {
  return limit && (time.tv_sec > *limit || (time.tv_sec == *limit && time.tv_nsec > 0));
}

Result<> set_time(int parent, const std::string& name, timespec time) {
  const timespec both[2] = {{0, UTIME_OMIT}, time};
  if (utimensat(parent, name.c_str(), both, AT_SYMLINK_NOFOLLOW) != 0)
    return failed_errno(errno, "set the time of {}", name);
  return {};
}

// It goes, and its folder looks as before.
Result<> drop(const TreeWalk::Found& found) {
  struct stat folder;
  if (fstat(found.parent, &folder) != 0) return failed_errno(errno, "stat the folder of {}", found.path);
  if (unlinkat(found.parent, found.name.c_str(), 0) != 0) return failed_errno(errno, "unlink {}", found.path);
  return set_time(found.parent, ".", folder.st_mtim);
}

bool hides_something(MergedLayers& below, const TreeWalk::Found& found) {
  const auto hidden = below.find(found.path);
  return hidden && (is_whiteout(found.status) || S_ISDIR(hidden->status.st_mode));
}

// What of the copy is in its changes: a changed path and the folders it lies in.
struct Differences {
  std::set<std::string> kept, deleted;
};

Differences differences_of(const std::vector<Change>& changes) {
  Differences differences;
  for (const Change& change : changes) {
    const std::string path = change.path.substr(1);
    if (change.kind == ChangeKind::deleted) differences.deleted.insert(path);
    else differences.kept.insert(path);
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
      differences.kept.insert(path.substr(0, slash));
  }
  return differences;
}

Result<> add_deleted(const std::string& tree, const std::set<std::string>& deleted, LayerWriter& writer) {
  io::Fd root = TRY(open_folder(AT_FDCWD, tree.c_str()));
  for (const std::string& path : deleted) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    // Where a file is now, or nothing, it goes without a word.
    if (!linux::open_below(root.get(), folder.empty() ? "." : folder.c_str(), O_PATH | O_DIRECTORY,
                           linux::in_root_no_links))
      continue;
    TRY(writer.add({.path = folder + ".wh." + path.substr(folder.size())}));
  }
  return {};
}

}  // namespace

Result<std::uint64_t> tidy_upper(const Snapshot& snapshot, Limit times_at_most) {
  MergedLayers below = TRY(MergedLayers::open(snapshot.lower));
  TreeWalk walk = TRY(TreeWalk::open(snapshot.upper));
  std::set<std::pair<dev_t, ino_t>> linked;
  std::uint64_t bytes = 0;
  while (const TreeWalk::Found* found = TRY(walk.next())) {
    const struct stat& status = found->status;
    if (is_whiteout(status)) {
      if (!hides_something(below, *found)) TRY(drop(*found));
      continue;
    }
    if (S_ISSOCK(status.st_mode)) {
      TRY(drop(*found));
      continue;
    }
    if (found->folder && is_opaque(found->folder.get()) && !hides_something(below, *found))
      TRY(set_opaque(found->folder.get(), false));
    if (is_later(status.st_mtim, times_at_most))
      TRY(set_time(found->parent, found->name, {static_cast<time_t>(*times_at_most), 0}));
    if (S_ISREG(status.st_mode) &&
        (status.st_nlink == 1 || linked.emplace(status.st_dev, status.st_ino).second))
      bytes += static_cast<std::uint64_t>(status.st_size);
  }
  return bytes;
}

Result<> write_differences(const std::string& tree, const std::vector<std::string>& layers,
                           const std::string& into) {
  const Differences differences = differences_of(TRY(copy_changes({{}, tree, {}}, layers)));
  LayerWriter writer = TRY(LayerWriter::open(into, {UINT64_MAX, UINT64_MAX}));
  TRY(copy_tree(tree, writer, [&](TreeWalk& walk, const TreeWalk::Found& found) -> Result<bool> {
    const bool kept = differences.kept.contains(found.path);
    if (!kept && found.folder) walk.stay_out();
    return kept;
  }));
  TRY(add_deleted(tree, differences.deleted, writer));
  return writer.finish();
}

}  // namespace podo::image
