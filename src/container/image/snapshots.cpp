#include <sys/stat.h>
#include <unistd.h>

#include "container/image/local_images.h"
#include "container/image/merged_layers.h"
#include "container/image/overlay.h"
#include "container/image/stubs.h"
#include "container/image/tree.h"

namespace podo::image {
namespace {

// What a container's own mounts need: not among its changes, so neither in `docker diff` nor in a commit.
const char* const container_stubs[] = {"/dev/",         "/proc/",     "/sys/",
                                       "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"};

// A container's root directory is like that of its topmost layer.
Result<> copy_root_owner(const std::string& from, const std::string& to) {
  struct stat status;
  if (stat(from.c_str(), &status) != 0) return failed_errno(errno, "stat {}", from);
  if (chown(to.c_str(), status.st_uid, status.st_gid) != 0) return failed_errno(errno, "chown {}", to);
  if (chmod(to.c_str(), status.st_mode & 07777) != 0) return failed_errno(errno, "chmod {}", to);
  return {};
}

Result<> make_snapshot_folders(const std::string& place, const std::vector<std::string>& layers, bool copy) {
  for (const char* name : {"", "/fs", "/work"})
    if (mkdir((place + name).c_str(), *name == '\0' ? 0711 : 0755) != 0 && errno != EEXIST)
      return failed_errno(errno, "mkdir {}{}", place, name);
  if (copy) return copy_layers(layers, place + "/fs");
  return layers.empty() ? Result<>() : copy_root_owner(layers.back(), place + "/fs");
}

// `layers` from the lowest.
Result<> make_folders_with_stubs(const std::string& place, const std::vector<std::string>& layers,
                                 const std::vector<std::string>& stubs, bool copy) {
  TRY(make_snapshot_folders(place, layers, copy));
  const std::string own = place + "/stubs";
  if (mkdir(own.c_str(), 0755) != 0 && errno != EEXIST) return failed_errno(errno, "mkdir {}", own);
  MergedLayers below = TRY(MergedLayers::open({layers.rbegin(), layers.rend()}));
  const bool some = TRY(make_stubs(below, stubs, own));
  if (some && copy) TRY(copy_layers({own}, place + "/fs"));
  return {};
}

}  // namespace

Result<std::vector<std::string>> LocalImages::layer_trees(const std::vector<std::string>& chain_ids) const {
  std::vector<std::string> trees;
  for (const std::string& chain_id : chain_ids) {
    if (!layers_.contains(chain_id)) return not_found("the layer {} was removed", short_id(chain_id));
    trees.push_back(folders_.layer_tree(chain_id));
  }
  return trees;
}

Task<Snapshot> LocalImages::make_snapshot(std::string container_id, ImagePtr image) {
  if (snapshots_.contains(container_id))
    co_await already_exists("the container {} has a file tree", container_id);
  // The record comes first: it keeps the layers from being collected, and says whose the folder is.
  SnapshotRecord snapshot{
      .image_id = image->id, .chain_ids = image->chain_ids, .copy = copies_, .stubs = true};
  auto found = layer_trees(image->chain_ids);
  if (!found) co_await not_found("the image {} was removed", short_id(image->id));
  const std::vector<std::string> layers = *std::move(found);
  store::Transaction transaction{
      .then = {store::put(std::string(keys::snapshot) + container_id, encode(snapshot))}};
  snapshots_[container_id] = std::move(snapshot);
  co_await record(std::move(transaction));
  auto made = co_await ground_.pool
                  .run([place = folders_.snapshot(container_id), layers, copy = copies_] {
                    return make_folders_with_stubs(
                        place, layers, {std::begin(container_stubs), std::end(container_stubs)}, copy);
                  })
                  .result();
  if (!made) {
    co_await remove_snapshot(container_id);
    co_await std::move(made);
  }
  co_return co_await this->snapshot(container_id);
}

Task<Snapshot> LocalImages::make_build_snapshot(std::string id, std::vector<std::string> chain_ids,
                                                std::vector<std::string> stubs) {
  if (snapshots_.contains(id)) co_await already_exists("{} has a file tree", id);
  std::vector<std::string> layers = co_await layer_trees(chain_ids);
  snapshots_[id] = {.image_id = "",
                    .chain_ids = std::move(chain_ids),
                    .copy = copies_,
                    .scratch = true,
                    .build = true,
                    .stubs = !stubs.empty()};
  auto made = co_await ground_.pool
                  .run([place = folders_.snapshot(id), layers = std::move(layers), stubs = std::move(stubs),
                        copy = copies_] {
                    if (stubs.empty()) return make_snapshot_folders(place, layers, copy);
                    return make_folders_with_stubs(place, layers, stubs, copy);
                  })
                  .result();
  if (!made) {
    co_await remove_snapshot(id);
    co_await Failure(std::move(made).error());
  }
  co_return co_await this->snapshot(id);
}

Result<Snapshot> LocalImages::snapshot(std::string_view container_id) const {
  auto at = snapshots_.find(container_id);
  if (at == snapshots_.end()) return not_found("the container {} has no file tree", container_id);
  const std::string place = folders_.snapshot(container_id);
  Snapshot snapshot{std::string(container_id), place + "/fs", {}};
  if (at->second.copy) return snapshot;
  if (at->second.stubs) snapshot.lower.push_back(place + "/stubs");
  for (auto chain_id = at->second.chain_ids.rbegin(); chain_id != at->second.chain_ids.rend(); ++chain_id)
    snapshot.lower.push_back(folders_.layer_tree(*chain_id));
  if (snapshot.lower.empty()) snapshot.lower.push_back(folders_.root + "/empty");
  return snapshot;
}

Task<void> LocalImages::mark_scratch(std::string container_id) {
  auto at = snapshots_.find(container_id);
  if (at == snapshots_.end()) co_await not_found("the container {} has no file tree", container_id);
  at->second.scratch = true;
  store::Transaction transaction{
      .then = {store::put(std::string(keys::snapshot) + container_id, encode(at->second))}};
  co_await record(std::move(transaction));
}

Task<void> LocalImages::mount_snapshot(std::string container_id, std::string target) {
  while (claimed_.contains("tree " + container_id)) co_await released_.wait();
  Snapshot snapshot = co_await this->snapshot(container_id);
  const SnapshotRecord& record = snapshots_.find(container_id)->second;
  mounted_[target] = container_id;
  co_await ground_.pool.run([snapshot, target, work = folders_.snapshot(container_id) + "/work",
                             copy = record.copy, scratch = record.scratch]() -> Result<> {
    if (TRY(is_mount_point(target))) return {};
    TRY(make_folders(target, 0711));
    return copy ? mount_copy(snapshot, target) : mount_overlay(snapshot, work, target, scratch);
  });
}

Task<void> LocalImages::unmount(std::string target) {
  auto at = mounted_.find(target);
  const std::string container = at == mounted_.end() ? "" : at->second;
  if (at != mounted_.end()) mounted_.erase(at);
  auto claim = std::make_shared<Claim>(*this, "tree " + container);
  auto mount = co_await ground_.pool.run([target]() -> Result<std::shared_ptr<io::Fd>> {
    return std::make_shared<io::Fd>(TRY(detach_tree(target)));
  });
  if (*mount) background_.spawn(let_go(std::move(mount), std::move(claim)));
}

// The last use of an overlay flushes its upper file system: milliseconds, or many of them on a busy disk.
Task<void> LocalImages::let_go(std::shared_ptr<io::Fd> mount, std::shared_ptr<Claim>) {
  static_cast<void>(co_await ground_.pool
                        .run([mount]() -> Result<> {
                          mount->close();
                          return {};
                        })
                        .result());
}

Task<void> LocalImages::remove_snapshot(std::string container_id) {
  auto at = snapshots_.find(container_id);
  if (at == snapshots_.end()) co_return;
  const bool recorded = !at->second.build;
  snapshots_.erase(at);
  discard(folders_.snapshot(container_id));
  if (!recorded) co_return;
  store::Transaction transaction{
      .then = {store::erase(store::Range::key(std::string(keys::snapshot) + container_id))}};
  co_await record(std::move(transaction));
}

Task<std::uint64_t> LocalImages::snapshot_bytes(std::string container_id) {
  Snapshot snapshot = co_await this->snapshot(container_id);
  co_return co_await ground_.pool.run([upper = snapshot.upper] { return tree_bytes(upper); });
}

}  // namespace podo::image
