// A container's changes become a layer of a new image; and any tree becomes a tar stream.
#include <fcntl.h>
#include <unistd.h>

#include "base/core/timestamp.h"
#include "base/crypto/digest.h"
#include "base/format/gzip.h"
#include "base/format/json.h"
#include "base/io/combine.h"
#include "base/linux/file.h"
#include "container/image/archive_files.h"
#include "container/image/local_images.h"
#include "container/image/overlay.h"
#include "container/image/tree.h"
#include "container/image/tree_packer.h"

namespace podo::image {
namespace {

struct PackedLayer {
  std::string diff_id, digest;  // of the tar, of the gzip stream
  std::uint64_t size = 0, members = 0;
};

// The tree as a compressed file.
Result<PackedLayer> pack_tree(const std::string& tree, TreePacker::Marks marks, const std::string& path) {
  TreePacker packer = TRY(TreePacker::open(tree, marks));
  gzip::Compressor compressor(gzip::level_fast);
  crypto::Digest plain, packed;
  PackedLayer layer;
  io::Fd file = TRY(linux::open_at(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644));
  for (;;) {
    const std::string batch = TRY(packer.next());
    if (batch.empty()) break;
    plain.add(batch);
    const std::string member = compressor.compress(batch);
    packed.add(member);
    layer.size += member.size();
    for (std::string_view rest = member; !rest.empty();) {
      const ssize_t count = ::write(file.get(), rest.data(), rest.size());
      if (count < 0) return failed_errno(errno, "write {}", path);
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  layer.diff_id = plain.text();
  layer.digest = packed.text();
  layer.members = packer.members();
  return layer;
}

}  // namespace

Task<ImagePtr> LocalImages::commit(CommitOptions options) {
  const Snapshot snapshot = co_await this->snapshot(options.container_id);
  const SnapshotRecord record = snapshots_.find(options.container_id)->second;
  oci::ImageConfig config = co_await oci::decode_image_config(co_await json::parse(options.config_json));
  ImagePtr base;
  if (!options.parent_image_id.empty()) base = co_await get(options.parent_image_id);
  // A copy knows no whiteouts: the whole of it becomes the one layer.
  const auto marks = record.copy ? TreePacker::Marks::plain : TreePacker::Marks::layer;
  if (record.copy) base = nullptr;
  WorkPlace work(*this);
  PackedLayer layer = co_await ground_.pool.run(
      [tree = snapshot.upper, marks, path = work.path()] { return pack_tree(tree, marks, path); });

  config.created = rfc3339_nano(ground_.clock.wall());
  config.diff_ids = base ? base->config.diff_ids : std::vector<std::string>();
  oci::HistoryEntry entry{config.created, options.created_by, options.author, options.comment};
  entry.empty_layer = layer.members == 0;
  if (base) config.history = base->config.history;
  else if (record.copy) config.history.clear();
  config.history.push_back(std::move(entry));
  if (!options.author.empty()) config.author = options.author;
  std::string layer_file;
  if (layer.members > 0) {
    config.diff_ids.push_back(layer.diff_id);
    if (!has_blob(layer.digest)) {
      if (::rename(work.path().c_str(), folders_.blob(layer.digest).c_str()) != 0)
        co_await failed_errno(errno, "rename {}", work.path());
      co_await hold_blob(layer.digest, layer.size);
    }
    layer_file = layer.digest;
  }
  std::vector<std::string> references;
  if (!options.reference.empty())
    references.push_back((co_await oci::Reference::parse(options.reference)).to_text());
  co_return co_await image_of_layer(std::move(config), base, layer_file, std::move(references),
                                    options.parent_image_id);
}

// The image of `config`, whose layers are those of `base` and, unless its digest is "", one more blob.
Task<ImagePtr> LocalImages::image_of_layer(oci::ImageConfig config, ImagePtr base, std::string layer,
                                           std::vector<std::string> references, std::string parent_id) {
  oci::Manifest manifest;
  manifest.media_type = oci::media_type::manifest;
  if (base) manifest.layers = (co_await describe(base->manifest_digest)).manifest.layers;
  if (!layer.empty()) {
    oci::Descriptor descriptor;
    descriptor.media_type = co_await layer_media_type(folders_.blob(layer));
    descriptor.digest = layer;
    descriptor.size = blobs_.at(layer).size;
    manifest.layers.push_back(std::move(descriptor));
  }
  std::string config_text = oci::encode_image_config(config);
  manifest.config.media_type = oci::media_type::config;
  manifest.config.size = config_text.size();
  manifest.config.digest = co_await add_blob(std::move(config_text));
  const std::string id = manifest.config.digest;
  std::string manifest_digest = co_await add_blob(oci::encode_manifest(manifest));
  if (!parent_id.empty() && parent_id != id) configs_[id].parent_id = parent_id;
  co_return co_await add_image(std::move(manifest_digest), std::move(references), [](const Progress&) {});
}

Task<void> LocalImages::export_tree(std::string folder, Sink sink) {
  auto opened = co_await TreePacker::open(folder, TreePacker::Marks::plain);
  auto packer = std::make_shared<TreePacker>(std::move(opened));
  for (;;) {
    const std::string batch = co_await ground_.pool.run([packer] { return packer->next(); });
    if (batch.empty()) break;
    co_await sink(batch);
  }
}

}  // namespace podo::image
