#include "container/builder/squash.h"

#include <fcntl.h>

#include <map>

#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/builder/trees.h"
#include "container/image/tree.h"

namespace podo::builder {
namespace {

bool same_kind(const struct stat& a, const struct stat& b) {
  return (a.st_mode & S_IFMT) == (b.st_mode & S_IFMT);
}

// As far as stat(2) tells: nobody writes to these trees while they are compared.
bool same(const struct stat& a, const struct stat& b) {
  if (a.st_mode != b.st_mode || a.st_uid != b.st_uid || a.st_gid != b.st_gid) return false;
  if (S_ISDIR(a.st_mode)) return true;
  return a.st_size == b.st_size && a.st_rdev == b.st_rdev && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && a.st_ino == b.st_ino;
}

// The tree at `to` becomes what is at `from`; what is alike is not touched. Blocks.
Result<> make_alike(const std::string& from, const std::string& to) {
  std::map<std::string, struct stat> wanted;
  image::TreeWalk source = TRY(image::TreeWalk::open(from));
  while (const image::TreeWalk::Found* found = TRY(source.next())) wanted.emplace(found->path, found->status);
  image::TreeWalk target = TRY(image::TreeWalk::open(to));
  while (const image::TreeWalk::Found* found = TRY(target.next())) {
    const auto other = wanted.find(found->path);
    const bool stays = other != wanted.end() && same_kind(other->second, found->status);
    if (stays && same(other->second, found->status)) wanted.erase(other);
    if (stays) continue;
    if (found->folder) target.stay_out();
    TRY(image::remove_tree(found->parent, found->name));
  }
  Selected differing;
  for (const auto& [path, status] : wanted) {
    const std::int64_t changed = std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec;
    differing.entries.push_back({.from = path, .to = path, .changed = changed});
  }
  differing.sources = 1;
  const Tree tree{.path = from, .keep_owner = true};
  const io::Fd root = TRY(linux::open_at(AT_FDCWD, to.c_str(), O_RDONLY | O_DIRECTORY));
  return put(tree, differing, root.get(), "/", {.instruction = "squash"});
}

Task<image::Images::KeptLayer> squash_layers(Work& work, const State& state) {
  const std::vector<std::string> base(
      state.chain_ids.begin(), state.chain_ids.begin() + static_cast<std::ptrdiff_t>(state.base_layers));
  MountedTree from = co_await mount_tree(work, state.chain_ids);
  MountedTree to;
  auto made = co_await mount_tree(work, base).result();
  Result<void> alike;
  if (made) {
    to = *std::move(made);
    alike = co_await io::shielded(work.ground.pool.run([from, to] {
              return make_alike(from.path, to.path);
            })).result();
  }
  co_await drop_tree(work, std::move(from));
  if (!made) co_return Failure(made.error());
  if (alike) co_return co_await keep_tree(work, std::move(to));
  co_await drop_tree(work, std::move(to));
  co_return Failure(alike.error());
}

}  // namespace

Task<void> squash(Work& work, State& state) {
  if (state.chain_ids.size() <= state.base_layers) co_return;
  const image::Images::KeptLayer layer = co_await squash_layers(work, state);
  // Entries of the layers that are gone stay in the history, as steps without one.
  std::size_t layers = 0;
  for (oci::HistoryEntry& entry : state.config.history) {
    if (entry.empty_layer) continue;
    if (layers++ >= state.base_layers) entry.empty_layer = true;
  }
  state.config.diff_ids.resize(state.base_layers);
  state.chain_ids.resize(state.base_layers);
  state.keys.resize(state.base_layers);
  state.add_layer(layer, "");
  if (layer.diff_id.empty()) co_return;
  oci::HistoryEntry& entry = state.config.history.emplace_back();
  entry.created = state.config.created;
  entry.comment = text("merge {} layers", layers - state.base_layers);
}

}  // namespace podo::builder
