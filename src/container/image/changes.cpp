#include "container/image/changes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/image/local_images.h"
#include "container/image/merged_layers.h"
#include "container/image/tree.h"

namespace podo::image {
namespace {

// As far as can be told without reading.
bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
         a.st_mode == b.st_mode && a.st_uid == b.st_uid && a.st_gid == b.st_gid &&
         (S_ISDIR(a.st_mode) || a.st_size == b.st_size);
}

class Collector {
 public:
  void add(const std::string& path, ChangeKind kind, bool is_folder) {
    changes_.push_back({"/" + path, kind});
    if (is_folder) told_.insert(path);
    const std::size_t slash = path.rfind('/');
    if (kind == ChangeKind::modified || slash == std::string::npos) return;
    std::string parent = path.substr(0, slash);
    if (told_.insert(parent).second) changes_.push_back({"/" + parent, ChangeKind::modified});
  }
  std::vector<Change> take() {
    std::sort(changes_.begin(), changes_.end(),
              [](const Change& a, const Change& b) { return a.path < b.path; });
    return std::move(changes_);
  }

 private:
  std::vector<Change> changes_;
  std::set<std::string> told_;
};

}  // namespace

Result<std::vector<Change>> overlay_changes(const Snapshot& snapshot) {
  MergedLayers below = TRY(MergedLayers::open(snapshot.lower));
  TreeWalk walk = TRY(TreeWalk::open(snapshot.upper));
  Collector changes;
  while (const TreeWalk::Found* found = TRY(walk.next())) {
    const struct stat& status = found->status;
    if (is_whiteout(status)) {
      changes.add(found->path, ChangeKind::deleted, false);
      continue;
    }
    const bool is_folder = S_ISDIR(status.st_mode);
    const auto before = below.find(found->path);
    if (!before) changes.add(found->path, ChangeKind::added, is_folder);
    else if (!is_folder || is_opaque(found->folder.get()) || !is_same(status, before->status))
      changes.add(found->path, ChangeKind::modified, is_folder);
  }
  return changes.take();
}

Result<std::vector<Change>> copy_changes(const Snapshot& snapshot, const std::vector<std::string>& layers) {
  std::vector<std::string> from_topmost(layers.rbegin(), layers.rend());
  MergedLayers below = TRY(MergedLayers::open(from_topmost));
  Collector changes;
  TreeWalk walk = TRY(TreeWalk::open(snapshot.upper));
  while (const TreeWalk::Found* found = TRY(walk.next())) {
    const struct stat& now = found->status;
    const auto before = below.find(found->path);
    if (!before) changes.add(found->path, ChangeKind::added, S_ISDIR(now.st_mode));
    else if (!is_same(now, before->status))
      changes.add(found->path, ChangeKind::modified, S_ISDIR(now.st_mode));
  }
  io::Fd tree = TRY(open_folder(AT_FDCWD, snapshot.upper.c_str()));
  std::set<std::string> deleted;
  for (const std::string& layer : layers) {
    TreeWalk old = TRY(TreeWalk::open(layer));
    while (const TreeWalk::Found* found = TRY(old.next())) {
      if (is_whiteout(found->status) || !below.find(found->path)) continue;
      if (linux::open_below(tree.get(), found->path.c_str(), O_PATH | O_NOFOLLOW, linux::in_root_no_links))
        continue;
      old.stay_out();
      if (deleted.insert(found->path).second) changes.add(found->path, ChangeKind::deleted, false);
    }
  }
  return changes.take();
}

Task<std::vector<Change>> LocalImages::changes(std::string container_id) {
  Snapshot snapshot = co_await this->snapshot(container_id);
  const SnapshotRecord& record = snapshots_.find(container_id)->second;
  std::vector<std::string> layers;
  for (const std::string& chain_id : record.chain_ids) layers.push_back(folders_.layer_tree(chain_id));
  if (record.stubs) layers.push_back(folders_.snapshot(container_id) + "/stubs");
  co_return co_await ground_.pool.run([snapshot, layers, copy = record.copy] {
    return copy ? copy_changes(snapshot, layers) : overlay_changes(snapshot);
  });
}

}  // namespace podo::image
