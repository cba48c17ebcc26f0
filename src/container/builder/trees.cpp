#include "container/builder/trees.h"

#include <sys/stat.h>

#include <filesystem>

#include "base/io/combine.h"
#include "container/engine/container_name.h"

namespace podo::builder {
namespace {

Result<> make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return failed_errno(error.value(), "make {}", path);
  if (::chmod(path.c_str(), 0700) != 0) return failed_errno(errno, "chmod {}", path);
  return {};
}

Task<MountedTree> mount_whole(Work& work, std::vector<std::string> chain_ids) {
  MountedTree tree{.id = engine::make_id(work.ground.random),
                   .path = text("{}/{}", work.run_folder, work.next_name())};
  co_await work.ground.pool.run([path = tree.path] { return make_folder(path); });
  co_await work.ground.images.make_build_snapshot(tree.id, std::move(chain_ids), {});
  const auto mounted = co_await work.ground.images.mount_snapshot(tree.id, tree.path).result();
  if (!mounted) {
    co_await drop_tree(work, std::move(tree));
    co_return Failure(mounted.error());
  }
  co_return tree;
}

Task<MountedTree> make_bare(Work& work, std::vector<std::string> chain_ids) {
  MountedTree tree{.id = engine::make_id(work.ground.random), .path = {}, .is_mounted = false};
  tree.path = (co_await work.ground.images.make_build_snapshot(tree.id, std::move(chain_ids), {})).upper;
  co_return tree;
}

Task<void> unmount(Work& work, const MountedTree& tree) {
  if (!tree.is_mounted) co_return;
  co_await work.ground.images.unmount(tree.path);
  std::error_code ignored;
  std::filesystem::remove(tree.path, ignored);
}

Task<void> drop_whole(Work& work, MountedTree tree) {
  const auto unmounted = co_await unmount(work, tree).result();
  if (!unmounted) work.ground.log.warn("unmount {}: {}", tree.path, unmounted.error().message());
  const auto removed = co_await work.ground.images.remove_snapshot(tree.id).result();
  if (!removed && removed.error().kind() != ErrorKind::not_found)
    work.ground.log.warn("remove the tree {}: {}", tree.id, removed.error().message());
}

Task<image::Images::KeptLayer> keep_whole(Work& work, MountedTree tree) {
  co_await unmount(work, tree);
  auto kept = co_await work.ground.images.keep_changes(tree.id, work.epoch).result();
  if (!kept) {
    co_await drop_whole(work, std::move(tree));
    co_return Failure(kept.error());
  }
  co_return *std::move(kept);
}

}  // namespace

Task<MountedTree> mount_tree(Work& work, std::vector<std::string> chain_ids) {
  return io::shielded(mount_whole(work, std::move(chain_ids)));
}

Task<MountedTree> bare_tree(Work& work, std::vector<std::string> chain_ids) {
  return io::shielded(make_bare(work, std::move(chain_ids)));
}

Task<void> drop_tree(Work& work, MountedTree tree) {
  if (tree.id.empty()) co_return;
  co_await io::shielded(drop_whole(work, std::move(tree)));
}

Task<image::Images::KeptLayer> keep_tree(Work& work, MountedTree tree) {
  return io::shielded(keep_whole(work, std::move(tree)));
}

}  // namespace podo::builder
