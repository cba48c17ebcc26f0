// What a build's step changed becomes a layer, without a copy: the upper folder of its overlay is renamed.
#include <stdio.h>
#include <sys/stat.h>

#include "container/image/kept_layer.h"
#include "container/image/local_images.h"
#include "container/image/pack.h"
#include "container/image/tree.h"

namespace podo::image {
namespace {

struct Tree {
  std::string path, diff_id;
  std::uint64_t bytes = 0;
};

// The upper folder; of a copy, its differences, which are put into `work`.
Result<Tree> tree_of_changes(Snapshot snapshot, const std::vector<std::string>& layers, bool copy,
                             const std::string& work, std::optional<std::int64_t> times_at_most) {
  if (copy) {
    TRY(make_folders(work, 0755));
    TRY(write_differences(snapshot.upper, layers, work));
    snapshot = {snapshot.id, work, {layers.rbegin(), layers.rend()}};
  }
  Tree tree{snapshot.upper, {}, TRY(tidy_upper(snapshot, times_at_most))};
  tree.diff_id = TRY(diff_id_of(snapshot.upper));
  return tree;
}

}  // namespace

Task<Images::KeptLayer> LocalImages::keep_changes(std::string id, std::optional<std::int64_t> times_at_most) {
  while (claimed_.contains("tree " + id)) co_await released_.wait();
  const Snapshot snapshot = co_await this->snapshot(id);
  for (const auto& [target, owner] : mounted_)
    if (owner == id) co_await conflict("the file tree of {} is mounted on {}", id, target);
  const SnapshotRecord record = snapshots_.find(id)->second;
  Claim tree_claim(*this, "tree " + id);
  std::vector<std::string> layers = co_await layer_trees(record.chain_ids);
  if (record.copy && record.stubs) layers.push_back(folders_.snapshot(id) + "/stubs");

  WorkPlace work(*this), differences(*this);
  const Tree tree = co_await ground_.pool.run(
      [snapshot, layers = std::move(layers), copy = record.copy, path = differences.path(), times_at_most] {
        return tree_of_changes(snapshot, layers, copy, path, times_at_most);
      });
  const std::string parent = record.chain_ids.empty() ? "" : record.chain_ids.back();
  KeptLayer kept{tree.diff_id.empty() ? parent : chain_id_of(parent, tree.diff_id), tree.diff_id, tree.bytes};
  if (!kept.diff_id.empty()) {
    while (claimed_.contains(kept.chain_id)) co_await released_.wait();
    Claim claim(*this, kept.chain_id);
    pin_for(kept.chain_id, seconds(900));
    if (!layers_.contains(kept.chain_id)) {
      co_await make_folders(work.path(), 0711);
      if (::rename(tree.path.c_str(), (work.path() + "/fs").c_str()) != 0)
        co_await failed_errno(errno, "rename {}", tree.path);
      co_await keep_layer(work.path(), kept.chain_id, {kept.diff_id, kept.bytes, boot_, parent});
    }
  }
  co_await remove_snapshot(id);
  co_return kept;
}

}  // namespace podo::image
