// The copy snapshotter: layers are put together in a folder, as overlayfs would show them.
#include <fcntl.h>

#include <map>

#include "base/linux/file.h"
#include "base/linux/path.h"
#include "container/image/layer_writer.h"
#include "container/image/overlay.h"
#include "container/image/tree_packer.h"

namespace podo::image {
namespace {

Result<> copy_content(int file, LayerWriter& writer) {
  std::string buffer(1 << 20, '\0');
  for (std::uint64_t offset = 0;;) {
    const ssize_t count = ::read(file, buffer.data(), buffer.size());
    if (count < 0) return failed_errno(errno, "read a layer's file");
    if (count == 0) return {};
    TRY(writer.write(offset, std::string_view(buffer).substr(0, static_cast<std::size_t>(count))));
    offset += static_cast<std::uint64_t>(count);
  }
}

// What lower layers put there goes away.
Result<> hide(int target, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string above = slash == std::string::npos ? "." : path.substr(0, slash);
  auto folder = linux::open_below(target, above.c_str(), O_RDONLY | O_DIRECTORY, linux::in_root_no_links);
  if (!folder) return {};
  return remove_tree(folder->get(), path.substr(slash + 1));
}

Result<> copy_layer(const std::string& layer, const std::string& target) {
  io::Fd root = TRY(open_folder(AT_FDCWD, target.c_str()));
  LayerWriter writer = TRY(LayerWriter::open(target, {UINT64_MAX, UINT64_MAX}));
  TRY(copy_tree(layer, writer, [&](TreeWalk&, const TreeWalk::Found& found) -> Result<bool> {
    const bool whiteout = is_whiteout(found.status);
    if (whiteout || (found.folder && is_opaque(found.folder.get()))) TRY(hide(root.get(), found.path));
    return !whiteout;
  }));
  return writer.finish();
}

}  // namespace

Result<> copy_tree(const std::string& tree, LayerWriter& writer, const Chosen& chosen) {
  TreeWalk walk = TRY(TreeWalk::open(tree));
  std::map<std::pair<dev_t, ino_t>, std::string> linked;
  while (const TreeWalk::Found* found = TRY(walk.next())) {
    const struct stat& status = found->status;
    if (!TRY(chosen(walk, *found)) || S_ISSOCK(status.st_mode)) continue;
    if (status.st_nlink > 1 && !S_ISDIR(status.st_mode)) {
      auto [first, is_new] = linked.emplace(std::pair(status.st_dev, status.st_ino), found->path);
      if (!is_new) {
        TRY(writer.add({.type = tar::Type::hard_link, .path = found->path, .link = first->second}));
        continue;
      }
    }
    io::Fd file;
    if (S_ISREG(status.st_mode))
      file = TRY(linux::open_at(found->parent, found->name.c_str(), O_RDONLY | O_NOFOLLOW));
    tar::Entry entry = TRY(entry_of(*found, file.get()));
    entry.mtime_ns = static_cast<std::uint32_t>(status.st_mtim.tv_nsec);
    TRY(writer.add(entry));
    if (file) TRY(copy_content(file.get(), writer));
  }
  return {};
}

Result<> copy_layers(const std::vector<std::string>& layers_from_lowest, const std::string& target) {
  for (const std::string& layer : layers_from_lowest) TRY(copy_layer(layer, target));
  return {};
}

}  // namespace podo::image
